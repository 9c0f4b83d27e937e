"""The three OTLP signals: their messages, where they arrive, and what a valid item of each is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
    from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

Request = ExportTraceServiceRequest | ExportLogsServiceRequest | ExportMetricsServiceRequest
Response = ExportTraceServiceResponse | ExportLogsServiceResponse | ExportMetricsServiceResponse

_TRACE_ID_BYTES: Final = 16
_SPAN_ID_BYTES: Final = 8
_LAST_NS: Final = 2**32 * 10**9 - 1
"""The last nanosecond of 32-bit seconds, in February 2106: the store's tables are in order by such seconds and by days,
so what is later would be stored and then not be found in its period. Such a time is a sender's mistake anyway."""

_TOO_LATE: Final = "time is later than February 2106: times are nanoseconds since 1970"


@dataclass(frozen=True, slots=True)
class Screened:
    """What `Signal.screen` left in a request and what it took out: `reason` names the fault of the first."""

    accepted: int
    rejected: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Signal:
    """One OTLP signal. `items` is its word for what a request holds: spans, log records or data points."""

    name: str
    items: str
    request: type[Request]
    screen: Callable[[Request], Screened]
    respond: Callable[[Screened], Response]

    @property
    def path(self) -> str:
        """Where the signal arrives over HTTP."""
        return f"/v1/{self.name}"


def _span_fault(span: Span) -> str:
    if len(span.trace_id) != _TRACE_ID_BYTES or not any(span.trace_id):
        return "a span has no valid trace id (16 bytes, not all zero)"
    if len(span.span_id) != _SPAN_ID_BYTES or not any(span.span_id):
        return "a span has no valid span id (8 bytes, not all zero)"
    if span.start_time_unix_nano > _LAST_NS or span.end_time_unix_nano > _LAST_NS:
        return f"a span's {_TOO_LATE}"
    return ""


def _log_fault(record: LogRecord) -> str:
    if record.trace_id and len(record.trace_id) != _TRACE_ID_BYTES:
        return "a log record's trace id is not 16 bytes"
    if record.span_id and len(record.span_id) != _SPAN_ID_BYTES:
        return "a log record's span id is not 8 bytes"
    if record.time_unix_nano > _LAST_NS or record.observed_time_unix_nano > _LAST_NS:
        return f"a log record's {_TOO_LATE}"
    return ""


def _screen_traces(request: Request) -> Screened:
    assert isinstance(request, ExportTraceServiceRequest)  # noqa: S101  (narrows the union for the checker)
    accepted, faults = 0, list[str]()
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            found = [_span_fault(span) for span in scope.spans]
            for position in [n for n, fault in enumerate(found) if fault][::-1]:
                faults.append(found[position])
                del scope.spans[position]
            accepted += len(scope.spans)
    return Screened(accepted, len(faults), faults[0] if faults else "")


def _screen_logs(request: Request) -> Screened:
    assert isinstance(request, ExportLogsServiceRequest)  # noqa: S101  (narrows the union for the checker)
    accepted, faults = 0, list[str]()
    for resource in request.resource_logs:
        for scope in resource.scope_logs:
            found = [_log_fault(record) for record in scope.log_records]
            for position in [n for n, fault in enumerate(found) if fault][::-1]:
                faults.append(found[position])
                del scope.log_records[position]
            accepted += len(scope.log_records)
    return Screened(accepted, len(faults), faults[0] if faults else "")


def _screen_metrics(request: Request) -> Screened:
    assert isinstance(request, ExportMetricsServiceRequest)  # noqa: S101  (narrows the union for the checker)
    accepted, rejected = 0, 0
    for resource in request.resource_metrics:
        for scope in resource.scope_metrics:
            for points in [getattr(metric, kind).data_points for metric in scope.metrics if (kind := _kind(metric))]:
                late = [position for position, point in enumerate(points) if point.time_unix_nano > _LAST_NS]
                for position in late[::-1]:
                    del points[position]
                accepted, rejected = accepted + len(points), rejected + len(late)
    return Screened(accepted, rejected, f"a data point's {_TOO_LATE}" if rejected else "")


def _kind(metric: Metric) -> str | None:
    return metric.WhichOneof("data")


def _respond_traces(screened: Screened) -> Response:
    answer = ExportTraceServiceResponse()
    if screened.rejected:
        answer.partial_success.rejected_spans = screened.rejected
        answer.partial_success.error_message = screened.reason
    return answer


def _respond_logs(screened: Screened) -> Response:
    answer = ExportLogsServiceResponse()
    if screened.rejected:
        answer.partial_success.rejected_log_records = screened.rejected
        answer.partial_success.error_message = screened.reason
    return answer


def _respond_metrics(screened: Screened) -> Response:
    answer = ExportMetricsServiceResponse()
    if screened.rejected:
        answer.partial_success.rejected_data_points = screened.rejected
        answer.partial_success.error_message = screened.reason
    return answer


TRACES: Final = Signal("traces", "spans", ExportTraceServiceRequest, _screen_traces, _respond_traces)
LOGS: Final = Signal("logs", "log records", ExportLogsServiceRequest, _screen_logs, _respond_logs)
METRICS: Final = Signal("metrics", "data points", ExportMetricsServiceRequest, _screen_metrics, _respond_metrics)
SIGNALS: Final = (TRACES, LOGS, METRICS)
