"""submeter switched on over in-memory providers, and what it emitted, in the words of the tests."""

# Putting a process back to its start means touching what its modules keep to themselves.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

import submeter
from submeter.context import baggage
from submeter.core import abandoned, call, counted, guard, instruments, telemetry
from submeter.distro import configure, exporters, providers, watch

if TYPE_CHECKING:
    from collections.abc import Generator

    from opentelemetry.sdk._logs import ReadableLogRecord
    from opentelemetry.sdk.trace import ReadableSpan

USAGE = "gen_ai.usage."


@dataclass
class Metering:
    """Providers that keep what they get in memory."""

    traces: TracerProvider
    metrics: MeterProvider
    logs: LoggerProvider
    spans: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    reader: InMemoryMetricReader = field(default_factory=InMemoryMetricReader)
    records: InMemoryLogRecordExporter = field(default_factory=InMemoryLogRecordExporter)

    def ended(self) -> list[ReadableSpan]:
        """The spans of calls that ended, in that order."""
        abandoned.settle()
        return [span for span in self._ours() if span.kind is SpanKind.CLIENT]

    def tools(self) -> list[ReadableSpan]:
        """The spans of tools that ended, in that order."""
        return [span for span in self._ours() if span.kind is not SpanKind.CLIENT]

    def _ours(self) -> list[ReadableSpan]:
        self.traces.force_flush()
        return [span for span in self.spans.get_finished_spans() if _scope(span) == "submeter"]

    def all_ended(self) -> list[ReadableSpan]:
        """The spans of anybody that ended."""
        self.traces.force_flush()
        return list(self.spans.get_finished_spans())

    def events(self) -> list[ReadableLogRecord]:
        """The log records emitted so far."""
        return list(self.records.get_finished_logs())

    def points(self, name: str) -> list[Any]:
        """The data points of a metric since the start."""
        data = self.reader.get_metrics_data()
        return [
            point
            for resource in (data.resource_metrics if data is not None else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]

    def total(self, name: str) -> float | None:
        """The sum over a counter's points, `None` when it has none."""
        points = self.points(name)
        return sum(point.value for point in points) if points else None


def in_memory(*, is_batching: bool = False) -> Metering:
    """Providers with nothing in them yet; spans are batched, as in most applications, or exported as they end."""
    nothing = Resource.get_empty()
    reader = InMemoryMetricReader()
    made = Metering(
        TracerProvider(resource=nothing, shutdown_on_exit=False),
        MeterProvider([reader], nothing, shutdown_on_exit=False),
        LoggerProvider(nothing, shutdown_on_exit=False),
        reader=reader,
    )
    processor = BatchSpanProcessor if is_batching else SimpleSpanProcessor
    made.traces.add_span_processor(processor(made.spans))
    made.logs.add_log_record_processor(SimpleLogRecordProcessor(made.records))
    return made


@contextmanager
def metered(made: Metering | None = None) -> Generator[Metering]:
    """submeter switched on, and off again with nothing left of it."""
    made = made or in_memory()
    forget()
    submeter.instrument(tracer_provider=made.traces, meter_provider=made.metrics, logger_provider=made.logs)
    try:
        yield made
    finally:
        submeter.uninstrument()
        forget()


def forget() -> None:
    """Puts the process back to where submeter was never asked for."""
    abandoned.settle()
    instruments.forget()
    instruments.inactive.clear()
    counted.forget()
    call.observers.clear()
    call.patient.clear()
    watch._evaluators.clear()
    watch._callbacks.clear()
    configure._is_composed = False
    providers.given = providers.Given()
    exporters.kinds.cache_clear()
    telemetry.use(telemetry.global_providers)
    guard._seen.clear()
    guard.failures = 0
    baggage._names = None  # read anew by whoever asks next, in an environment that may be another


def usage_of(span: ReadableSpan) -> dict[str, Any]:
    """The usage attributes of a span, without their prefix."""
    return {
        name.removeprefix(USAGE): value for name, value in (span.attributes or {}).items() if name.startswith(USAGE)
    }


def _scope(span: ReadableSpan) -> str:
    return span.instrumentation_scope.name if span.instrumentation_scope is not None else ""
