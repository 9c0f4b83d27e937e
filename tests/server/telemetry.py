"""OTLP requests as an instrumented app sends them, with numbers that are easy to add up."""

from __future__ import annotations

import itertools
import time
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

_ids = itertools.count(time.time_ns())
BASE_NS = time.time_ns() - 60_000_000_000


_DAY_NS = 86_400 * 10**9
_MINUTE_NS = 60 * 10**9


def within_today() -> int:
    """Now in nanoseconds, or a minute before today's end: what comes after it in that minute is of the same day.

    Sums by day are of calls that a test dates by one such moment, whenever it runs.
    """
    now_ns = time.time_ns()
    return min(now_ns, (now_ns // _DAY_NS + 1) * _DAY_NS - _MINUTE_NS)


def value_of(value: Any) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, list):
        return AnyValue(array_value=ArrayValue(values=[value_of(item) for item in value]))  # pyright: ignore[reportUnknownVariableType]
    return AnyValue(string_value=str(value))


def attributes_of(values: dict[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=name, value=value_of(value)) for name, value in values.items()]


def traces(service: str = "shop-bot", scope: str = "submeter") -> tuple[ExportTraceServiceRequest, Any]:
    """An empty request and the list of spans to add to."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.extend(attributes_of({"service.name": service}))
    scoped = resource.scope_spans.add()
    scoped.scope.name = scope
    return request, scoped.spans


def add_call(
    spans: Any,
    session: str,
    attributes: dict[str, Any] | None = None,
    *,
    tokens: int = 100,
    trace: int | None = None,
    parent: bytes = b"",
    at_ns: int = BASE_NS,
) -> Any:
    """Adds a chat call of `tokens` input and a tenth of that output, at $0.001 a thousand input tokens."""
    number = next(_ids)
    start = at_ns + number % 1_000_000 * 1000
    return spans.add(
        trace_id=(trace or number).to_bytes(16),
        span_id=number.to_bytes(8),
        parent_span_id=parent,
        name="chat gpt-5-mini",
        kind=3,
        start_time_unix_nano=start,
        end_time_unix_nano=start + 500_000_000,
        attributes=attributes_of(
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": "gpt-5-mini",
                "gen_ai.usage.input_tokens": tokens,
                "gen_ai.usage.output_tokens": tokens // 10,
                "gen_ai.response.finish_reasons": ["stop"],
                "session.id": session,
                "submeter.cost.usd": tokens / 1_000_000,
                **(attributes or {}),
            }
        ),
    )


def calls(session: str, number: int = 1, **attributes: Any) -> ExportTraceServiceRequest:
    """A request of `number` calls of one session."""
    request, spans = traces()
    for _ in range(number):
        add_call(spans, session, attributes)
    return request


def counted(
    user: str, tokens: int, service: str = "metrics-only", at_ns: int | None = None
) -> ExportMetricsServiceRequest:
    """A request of one delta point of the input token counter, of now or of a given time."""
    request = ExportMetricsServiceRequest()
    resource = request.resource_metrics.add()
    resource.resource.attributes.extend(attributes_of({"service.name": service}))
    scoped = resource.scope_metrics.add()
    scoped.scope.name = "submeter"
    metric = scoped.metrics.add(name="gen_ai.client.inference.usage.input_tokens", unit="{token}")
    metric.sum.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
    metric.sum.is_monotonic = True
    now = time.time_ns() if at_ns is None else at_ns
    metric.sum.data_points.add(
        start_time_unix_nano=now - 1_000_000,
        time_unix_nano=now,
        as_int=tokens,
        attributes=attributes_of({"user.id": user}),
    )
    return request


def log(body: str, **attributes: Any) -> ExportLogsServiceRequest:
    """A request of one log record."""
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    resource.resource.attributes.extend(attributes_of({"service.name": "shop-bot"}))
    resource.scope_logs.add().log_records.add(
        time_unix_nano=BASE_NS, body=value_of(body), attributes=attributes_of(attributes)
    )
    return request
