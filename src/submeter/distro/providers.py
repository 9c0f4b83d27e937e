"""Providers: the application's own OpenTelemetry providers, or OTLP ones built from the standard variables.

The only module that imports the OpenTelemetry SDK. What is built here is submeter's alone and is not set
globally: an application that sets its own providers later must find the place free, and libraries that trace
themselves as soon as a global provider exists must not start to because of us.
"""

from __future__ import annotations

import atexit
import importlib
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opentelemetry import _logs, metrics, trace

from submeter import semconv, settings
from submeter.core import abandoned, instruments, leaving
from submeter.core.guard import attempt
from submeter.core.telemetry import Providers, global_providers
from submeter.distro import exporters
from submeter.value import value

if TYPE_CHECKING:
    from opentelemetry._logs import LoggerProvider
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.trace import TracerProvider


@value(kw_only=False)
class Given:
    """Providers handed to `submeter.instrument`."""

    traces: TracerProvider | None = None
    metrics: MeterProvider | None = None
    logs: LoggerProvider | None = None


given = Given()
_built: Providers | None = None


def prepare() -> None:
    """Loads what a first call will need, so that no call waits for imports."""
    if _has_own() != (True, True, True):
        for name in ("delivery", "quiet"):
            importlib.import_module(f"submeter.distro.{name}")
        for name in ("traces", "metrics", "logs"):
            exporters.kinds(name)


def chosen() -> Providers:
    """The given providers, else the application's own, else ours."""
    own = _has_own()
    # An application with a pipeline of its own gets no second one to localhost, unless it names the address.
    every = global_providers()
    is_enough = all(own) or given != Given()
    fallback = every if is_enough or (any(own) and not _is_addressed()) else built()
    traces = given.traces or (every.traces if own[0] else fallback.traces)
    meters = given.metrics or (every.metrics if own[1] else fallback.metrics)
    logs = given.logs or (every.logs if own[2] else fallback.logs)
    resource: Any = getattr(traces, "resource", None)
    service = str(resource.attributes.get(semconv.SERVICE_NAME, "")) if resource is not None else ""
    ready = attempt(_ready, traces)
    attempt(leaving.plan)
    return Providers(traces, meters, logs, service, ready.start if ready is not None else None)


def _ready(traces: Any) -> Any:
    if not type(traces).__module__.startswith("opentelemetry.sdk"):
        return None
    from submeter.distro.ready import ready_spans  # noqa: PLC0415  (the SDK, only where it is in use)

    return ready_spans(traces)


def built() -> Providers:
    """Our own providers, built at the first need."""
    global _built  # noqa: PLW0603  (once for the process)
    if _built is None:
        from submeter.distro.delivery import Closer  # noqa: PLC0415  (only where we build)

        resource = _resource()
        _built = Providers(_traces(resource), _metrics(resource), _logs_of(resource))
        atexit.register(attempt, Closer(exporters.endpoints(), _shutdown, _give_up).end)
    return _built


def _has_own() -> tuple[bool, bool, bool]:
    # What is not set is a proxy; the proxies of metrics and logs are private to the API (1.45).
    return (
        not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider),
        not type(metrics.get_meter_provider()).__name__.startswith("_Proxy"),
        not type(_logs.get_logger_provider()).__name__.startswith("Proxy"),
    )


def _is_addressed() -> bool:
    return any(
        settings.variable(f"OTEL_EXPORTER_OTLP_{signal}ENDPOINT") for signal in ("", "TRACES_", "METRICS_", "LOGS_")
    )


def _resource() -> Resource:
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415  (only where we build)

    resource = Resource.create({semconv.SERVICE_INSTANCE_ID: str(uuid.uuid4())})
    name = str(resource.attributes.get(semconv.SERVICE_NAME, ""))
    if name.startswith("unknown_service"):
        resource = resource.merge(Resource({semconv.SERVICE_NAME: _program()}))
    return resource


def _program() -> str:
    """The name a person would call this program by: its script or module."""
    script = Path(sys.argv[0] if sys.argv else "")
    if script.stem == "__main__":
        return script.parent.name
    return script.stem if script.stem not in ("", "-c", "-") else "python"


_SERIES = 1_000_000
"""Series of one instrument and process, where metrics carry attribution."""

_POINTS = 10_000
"""Points of one request: some megabytes, where receivers take 4 (gRPC) to 20 and the exporter drops beyond 64."""


def _traces(resource: Resource) -> TracerProvider:
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    # We shut down ourselves, in order and within a limit.
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    for exporter in exporters.make("traces"):
        provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def _metrics(resource: Resource) -> MeterProvider:
    from opentelemetry.sdk import metrics as sdk  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import (  # noqa: PLC0415
        AggregationTemporality,
        MetricReader,
        PeriodicExportingMetricReader,
    )

    kept: dict[type, Any] | None = None
    if not settings.variable("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"):
        delta = AggregationTemporality.DELTA
        kept = {sdk.Counter: delta, sdk.Histogram: delta, sdk.ObservableCounter: delta}
    made = exporters.make("metrics", preferred_temporality=kept, max_export_batch_size=_POINTS)
    if not made:  # `none`: the SDK would take what nobody reads
        return metrics.NoOpMeterProvider()
    # Where metrics are to tell users apart, the SDK's 2,000 series (of its 1.45) would soon make them nobody.
    room = dict.fromkeys((sdk.Counter, sdk.Histogram), _SERIES) if settings.metric_labels() else None
    options = exporters.known(PeriodicExportingMetricReader, cardinality_limits=room)
    readers = [one if isinstance(one, MetricReader) else PeriodicExportingMetricReader(one, **options) for one in made]
    return sdk.MeterProvider(readers, resource, shutdown_on_exit=False)


def _logs_of(resource: Resource) -> LoggerProvider:
    from opentelemetry.sdk._logs import LoggerProvider  # noqa: PLC0415
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor  # noqa: PLC0415

    provider = LoggerProvider(resource=resource, shutdown_on_exit=False)
    for exporter in exporters.make("logs"):
        provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    return provider


def flush(timeout_ms: int = 10_000) -> None:
    """Sends what waits, for programs that are about to be frozen or killed."""
    abandoned.settle()
    instruments.flush()
    for provider in (_built.traces, _built.metrics, _built.logs) if _built is not None else ():
        force: Any = getattr(provider, "force_flush", None)
        if force is not None:
            attempt(force, timeout_ms)


def _shutdown() -> None:
    abandoned.settle()
    instruments.flush()
    if _built is not None:
        for provider in (_built.traces, _built.logs, _built.metrics):
            attempt(_stop, provider)


def _give_up() -> None:
    # First, so that what waits in the queues is refused at once instead of tried.
    for exporter in exporters.made:
        attempt(_stop, exporter)
    _shutdown()


def _stop(part: Any) -> None:
    if hasattr(part, "shutdown"):  # what is told nothing has none
        part.shutdown()
