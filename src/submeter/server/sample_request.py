"""Made-up spans as one OTLP request, grouped by service and instrumentation the way an exporter groups them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from submeter import semconv

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

Value = str | int | float | bool | list[str]


@dataclass(slots=True)
class Requests:
    """Spans on their way into a request, by service."""

    random: Random
    request: ExportTraceServiceRequest = field(default_factory=ExportTraceServiceRequest)
    services: dict[str, list[Span]] = field(default_factory=dict[str, list[Span]])

    def span(self, name: str, start_ns: int, end_ns: int, parent: Span | None = None) -> Span:
        """A new span; the first of a trace where there is no parent."""
        return Span(
            trace_id=parent.trace_id if parent else self.random.randbytes(16),
            span_id=self.random.randbytes(8),
            parent_span_id=parent.span_id if parent else b"",
            name=name,
            kind=Span.SPAN_KIND_INTERNAL,
            start_time_unix_nano=start_ns,
            end_time_unix_nano=end_ns,
        )

    def add(self, service: str, span: Span, attributes: Mapping[str, Value | None]) -> None:
        """Takes a finished span; attributes that are `None` are left out."""
        known = {name: value for name, value in attributes.items() if value is not None}
        span.attributes.extend(KeyValue(key=name, value=_any_value(value)) for name, value in known.items())
        self.services.setdefault(service, []).append(span)

    def done(self) -> ExportTraceServiceRequest:
        """The request with every span that was added."""
        for service, spans in self.services.items():
            resource = self.request.resource_spans.add()
            attributes: dict[str, Value] = {semconv.SERVICE_NAME: service, "deployment.environment.name": "demo"}
            resource.resource.attributes.extend(
                KeyValue(key=name, value=_any_value(value)) for name, value in attributes.items()
            )
            for scope in (semconv.SCOPE, "opentelemetry.instrumentation.asgi"):
                chosen = [span for span in spans if (span.kind == Span.SPAN_KIND_SERVER) is (scope != semconv.SCOPE)]
                scoped = resource.scope_spans.add()
                scoped.scope.name, scoped.scope.version = scope, "1.0"
                scoped.spans.extend(chosen)
        return self.request


def _any_value(value: Value) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, list):
        return AnyValue(array_value=ArrayValue(values=[AnyValue(string_value=item) for item in value]))
    return AnyValue(string_value=value)
