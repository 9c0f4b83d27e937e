"""Rows that a client inserted, as the OTLP request they were: from there on they are telemetry like any other.

So a forwarder's spans are normalised, deduplicated, judged by the evaluator and acknowledged as those are that
came by OTLP. Rows come as dictionaries by column name with times in nanoseconds.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from submeter import semconv
from submeter.server.signals import LOGS, METRICS, TRACES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from submeter.server.signals import Request, Signal

    Row = Mapping[str, Any]

_KINDS: Final = {"INTERNAL": 1, "SERVER": 2, "CLIENT": 3, "PRODUCER": 4, "CONSUMER": 5}
_STATUS: Final = {"OK": Status.STATUS_CODE_OK, "ERROR": Status.STATUS_CODE_ERROR}
_OTLP_LIST: Final = '{"values":[{"stringValue":'
_NO_ID: Final = b"?"
"""What an id that is not hexadecimal becomes: too short, so that the screening names the fault."""


def request_of(table: str, rows: Sequence[Row]) -> tuple[Signal, Request]:
    """The signal that `table` holds, and the request that `rows` are."""
    if table == "otel_traces":
        return TRACES, _traces(rows)
    if table == "otel_logs":
        return LOGS, _logs(rows)
    return METRICS, _metrics(rows, _POINTS[table])


def _traces(rows: Sequence[Row]) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    owner: object = None
    scope: Any = None
    for row in rows:
        found = (row["ServiceName"], row["ResourceAttributes"], row["ScopeName"], row["ScopeVersion"])
        if found != owner:
            owner = found
            resource = request.resource_spans.add()
            resource.resource.attributes.extend(_resource(row))
            scope = resource.scope_spans.add()
            scope.scope.name, scope.scope.version = row["ScopeName"], row["ScopeVersion"]
        _span(scope.spans.add(), row)
    return request


def _span(span: Any, row: Row) -> None:
    start = _time(row["Timestamp"])
    span.trace_id, span.span_id = _id(row["TraceId"]), _id(row["SpanId"])
    span.parent_span_id = _id(row["ParentSpanId"])
    span.trace_state, span.name = row["TraceState"], row["SpanName"]
    span.kind = _KINDS.get(_word(row["SpanKind"], "SPAN_KIND_"), 0)
    span.start_time_unix_nano, span.end_time_unix_nano = start, start + row["Duration"]
    span.attributes.extend(_attributes(row["SpanAttributes"]))
    span.status.code = _STATUS.get(_word(row["StatusCode"], "STATUS_CODE_"), 0)
    span.status.message = row["StatusMessage"]
    events = zip(row["Events.Timestamp"], row["Events.Name"], row["Events.Attributes"], strict=True)
    for at, name, attributes in events:
        span.events.add(time_unix_nano=_time(at), name=name, attributes=_attributes(attributes))
    links = zip(
        row["Links.TraceId"], row["Links.SpanId"], row["Links.TraceState"], row["Links.Attributes"], strict=True
    )
    for trace, linked, state, attributes in links:
        span.links.add(trace_id=_id(trace), span_id=_id(linked), trace_state=state, attributes=_attributes(attributes))


def _logs(rows: Sequence[Row]) -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    for row in rows:
        resource = request.resource_logs.add(schema_url=row["ResourceSchemaUrl"])
        resource.resource.attributes.extend(_resource(row))
        scope = resource.scope_logs.add(schema_url=row["ScopeSchemaUrl"])
        scope.scope.name, scope.scope.version = row["ScopeName"], row["ScopeVersion"]
        scope.scope.attributes.extend(_attributes(row["ScopeAttributes"]))
        scope.log_records.add(
            time_unix_nano=_time(row["Timestamp"]),
            trace_id=_id(row["TraceId"]),
            span_id=_id(row["SpanId"]),
            flags=row["TraceFlags"],
            severity_text=row["SeverityText"],
            severity_number=row["SeverityNumber"],
            body=AnyValue(string_value=row["Body"]),
            attributes=_attributes(row["LogAttributes"]),
            event_name=row["EventName"],
        )
    return request


def _metrics(rows: Sequence[Row], add: Callable[[Any, Row], Any]) -> ExportMetricsServiceRequest:
    request = ExportMetricsServiceRequest()
    for row in rows:
        resource = request.resource_metrics.add(schema_url=row["ResourceSchemaUrl"])
        resource.resource.attributes.extend(_resource(row))
        scope = resource.scope_metrics.add(schema_url=row["ScopeSchemaUrl"])
        scope.scope.name, scope.scope.version = row["ScopeName"], row["ScopeVersion"]
        scope.scope.attributes.extend(_attributes(row["ScopeAttributes"]))
        scope.scope.dropped_attributes_count = row["ScopeDroppedAttrCount"]
        metric = scope.metrics.add(name=row["MetricName"], description=row["MetricDescription"], unit=row["MetricUnit"])
        point = add(metric, row)
        point.start_time_unix_nano = _time(row["StartTimeUnix"])
        point.time_unix_nano = _time(row["TimeUnix"])
        point.flags = row["Flags"]
        point.attributes.extend(_attributes(row["Attributes"]))
    return request


def _gauge(metric: Any, row: Row) -> Any:
    return _exemplified(metric.gauge.data_points.add(as_double=float(row["Value"])), row)


def _sum(metric: Any, row: Row) -> Any:
    metric.sum.aggregation_temporality = row["AggregationTemporality"]
    metric.sum.is_monotonic = row["IsMonotonic"]
    return _exemplified(metric.sum.data_points.add(as_double=float(row["Value"])), row)


def _histogram(metric: Any, row: Row) -> Any:
    metric.histogram.aggregation_temporality = row["AggregationTemporality"]
    point = metric.histogram.data_points.add(
        bucket_counts=row["BucketCounts"], explicit_bounds=map(float, row["ExplicitBounds"])
    )
    return _bounded(point, row)


def _exponential(metric: Any, row: Row) -> Any:
    metric.exponential_histogram.aggregation_temporality = row["AggregationTemporality"]
    point = metric.exponential_histogram.data_points.add(scale=row["Scale"], zero_count=row["ZeroCount"])
    point.positive.offset, point.negative.offset = row["PositiveOffset"], row["NegativeOffset"]
    point.positive.bucket_counts.extend(row["PositiveBucketCounts"])
    point.negative.bucket_counts.extend(row["NegativeBucketCounts"])
    return _bounded(point, row)


def _summary(metric: Any, row: Row) -> Any:
    point = metric.summary.data_points.add(count=row["Count"], sum=float(row["Sum"]))
    quantiles = zip(row["ValueAtQuantiles.Quantile"], row["ValueAtQuantiles.Value"], strict=True)
    for quantile, value in quantiles:
        point.quantile_values.add(quantile=float(quantile), value=float(value))
    return point


def _bounded(point: Any, row: Row) -> Any:
    point.count, point.sum = row["Count"], float(row["Sum"])
    point.min, point.max = float(row["Min"]), float(row["Max"])
    return _exemplified(point, row)


def _exemplified(point: Any, row: Row) -> Any:
    exemplars = zip(
        row["Exemplars.FilteredAttributes"],
        row["Exemplars.TimeUnix"],
        row["Exemplars.Value"],
        row["Exemplars.SpanId"],
        row["Exemplars.TraceId"],
        strict=True,
    )
    for attributes, at, value, span, trace in exemplars:
        point.exemplars.add(
            filtered_attributes=_attributes(attributes),
            time_unix_nano=_time(at),
            as_double=float(value),
            span_id=_id(span),
            trace_id=_id(trace),
        )
    return point


_POINTS: Final[Mapping[str, Callable[[Any, Row], Any]]] = {
    "otel_metrics_gauge": _gauge,
    "otel_metrics_sum": _sum,
    "otel_metrics_histogram": _histogram,
    "otel_metrics_exponential_histogram": _exponential,
    "otel_metrics_summary": _summary,
}


def _resource(row: Row) -> list[KeyValue]:
    """The resource's attributes, with the service's name where only its column has it."""
    attributes: dict[str, str] = row["ResourceAttributes"]
    if row["ServiceName"] and not attributes.get(semconv.SERVICE_NAME):
        attributes = {semconv.SERVICE_NAME: row["ServiceName"], **attributes}
    return _attributes(attributes)


def _attributes(attributes: Mapping[str, str]) -> list[KeyValue]:
    return [KeyValue(key=key, value=AnyValue(string_value=_plain(value))) for key, value in attributes.items()]


def _plain(text: str) -> str:
    """An attribute's text; a list of texts as plain JSON where a forwarder (rotel 0.0.1a15) wrote OTLP's JSON."""
    if not text.startswith(_OTLP_LIST):
        return text
    try:
        return json.dumps([value["stringValue"] for value in json.loads(text)["values"]], separators=(",", ":"))
    except (ValueError, LookupError, TypeError):
        return text


def _id(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return _NO_ID


def _time(nanoseconds: int) -> int:
    return max(nanoseconds, 0)


def _word(text: str, prefix: str) -> str:
    """A word as the exporter of this or an older version spells it: `Client`, `SPAN_KIND_CLIENT`."""
    return text.upper().removeprefix(prefix)
