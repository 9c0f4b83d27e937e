"""Telemetry: the tracer, meter and logger that calls write to.

Chosen at the first call, not at start, so that an application that sets its own providers in `main()` keeps
them. `distro` says how to choose; without it the OpenTelemetry API's global providers are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry import _logs, metrics, trace
from opentelemetry.trace import SpanKind

from submeter import semconv, settings
from submeter.core.loading import lock_over_forks
from submeter.value import value
from submeter.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry._logs import Logger, LoggerProvider
    from opentelemetry.context import Context
    from opentelemetry.metrics import Meter, MeterProvider
    from opentelemetry.trace import Span, Tracer, TracerProvider


@value(kw_only=False)
class Providers:
    """The three OpenTelemetry providers to write to."""

    traces: TracerProvider
    metrics: MeterProvider
    logs: LoggerProvider
    service: str = ""
    ready: Callable[[str, dict[str, Any], int], Span | None] | None = None
    """Starts a span that is handed over ready made, or gives `None` where an ordinary one is needed."""


@value(kw_only=False)
class Telemetry:
    """The instruments of the chosen providers, under submeter's scope, and what was set when they were chosen."""

    tracer: Tracer
    meter: Meter
    logger: Logger
    service: str
    ready: Callable[[str, dict[str, Any], int], Span | None] | None
    gathers_content: bool

    def start_span(self, name: str, attributes: dict[str, Any], at_ns: int, parent: Context | None = None) -> Span:
        """A CLIENT span, started at `at_ns` nanoseconds since the epoch, in the current context or that of `parent`."""
        span = self.ready(name, attributes, at_ns) if self.ready is not None and parent is None else None
        if span is not None:
            return span
        return self.tracer.start_span(name, parent, SpanKind.CLIENT, attributes, start_time=at_ns)


def global_providers() -> Providers:
    """The application's own providers, or the API's silent ones."""
    return Providers(trace.get_tracer_provider(), metrics.get_meter_provider(), _logs.get_logger_provider())


choose: Callable[[], Providers] = global_providers
_current: Telemetry | None = None
_lock = lock_over_forks()


def telemetry() -> Telemetry:
    """The telemetry in use; the first call decides which providers that means."""
    global _current  # noqa: PLW0603  (chosen once for the process)
    if _current is None:
        with _lock:
            if _current is None:
                _current = _of(choose())
    return _current


def use(chooser: Callable[[], Providers]) -> None:
    """Has the next call choose its providers by `chooser`."""
    global choose, _current  # noqa: PLW0603  (chosen once for the process)
    with _lock:
        choose = chooser
        _current = None


def _of(providers: Providers) -> Telemetry:
    return Telemetry(
        providers.traces.get_tracer(semconv.SCOPE, VERSION),
        providers.metrics.get_meter(semconv.SCOPE, VERSION),
        providers.logs.get_logger(semconv.SCOPE, VERSION),
        providers.service,
        providers.ready,
        settings.capture_content() != "no_content" or settings.estimate(),
    )
