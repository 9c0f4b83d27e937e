"""Spans, log records and requests for the tests, built the way an exporter builds them."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NOON_NS = 1_790_000_000_000_000_000 // (86_400 * 10**9) * (86_400 * 10**9) + 12 * 3600 * 10**9
"""Noon UTC of 21 September 2026."""

SECOND_NS = 10**9

Attribute = str | int | float | bool | list[str]

_ids = count(1)


def value_of(value: Attribute) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, list):
        return AnyValue(array_value=ArrayValue(values=[AnyValue(string_value=item) for item in value]))
    return AnyValue(string_value=value)


def key_values(attributes: Mapping[str, Attribute]) -> list[KeyValue]:
    return [KeyValue(key=key, value=value_of(value)) for key, value in attributes.items()]


def span(
    attributes: Mapping[str, Attribute],
    *,
    trace: int | None = None,
    id_: int | None = None,
    parent: int = 0,
    start_ns: int = NOON_NS,
    duration_s: float = 1.0,
    name: str = "chat gpt-4o",
    kind: int = Span.SPAN_KIND_CLIENT,
    is_error: bool = False,
) -> Span:
    return Span(
        trace_id=(next(_ids) if trace is None else trace).to_bytes(16, "big"),
        span_id=(next(_ids) if id_ is None else id_).to_bytes(8, "big"),
        parent_span_id=parent.to_bytes(8, "big") if parent else b"",
        name=name,
        kind=kind,  # pyright: ignore[reportArgumentType]  (an enum's number is an int)
        start_time_unix_nano=start_ns,
        end_time_unix_nano=start_ns + int(duration_s * SECOND_NS),
        attributes=key_values(attributes),
        status=Status(code=Status.STATUS_CODE_ERROR) if is_error else None,
    )


def chat(**more: Attribute) -> dict[str, Attribute]:
    """The attributes of an ordinary call; keywords are names with two underscores for a dot."""
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.model": "gpt-4o-2024-08-06",
        **{name.replace("__", "."): value for name, value in more.items()},
    }


def call(
    session: str = "",
    user: str = "",
    tokens: tuple[int, int] = (100, 20),
    cost: float | None = None,
    **more: Attribute,
) -> dict[str, Attribute]:
    """The attributes of a call with usage and, if given, attribution and cost."""
    attributes = chat(**more)
    attributes["gen_ai.usage.input_tokens"], attributes["gen_ai.usage.output_tokens"] = tokens
    if session:
        attributes["session.id"] = session
    if user:
        attributes["user.id"] = user
    if cost is not None:
        attributes["submeter.cost.usd"] = cost
    return attributes


def request(
    spans: Iterable[Span], *, scope: str = "submeter", version: str = "", service: str = "shop"
) -> ExportTraceServiceRequest:
    return joined([(scope, version, list(spans))], service=service)


def joined(scopes: Iterable[tuple[str, str, list[Span]]], *, service: str = "shop") -> ExportTraceServiceRequest:
    """One request with the spans of several scopes."""
    out = ExportTraceServiceRequest()
    resource = out.resource_spans.add()
    resource.resource.attributes.extend(key_values({"service.name": service}))
    for scope, version, spans in scopes:
        entry = resource.scope_spans.add()
        entry.scope.name, entry.scope.version = scope, version
        entry.spans.extend(spans)
    return out


def log_request(
    attributes: Mapping[str, Attribute],
    *,
    event: str = "submeter.warning",
    body: str = "",
    time_ns: int = NOON_NS,
    service: str = "shop",
) -> ExportLogsServiceRequest:
    out = ExportLogsServiceRequest()
    resource = out.resource_logs.add()
    resource.resource.attributes.extend(key_values({"service.name": service}))
    record = resource.scope_logs.add().log_records.add()
    record.event_name = event
    record.body.string_value = body
    record.time_unix_nano = time_ns
    record.attributes.extend(key_values(attributes))
    return out


def warning(
    id_: str, *, severity: str = "warning", session: str = "", user: str = "", **more: Attribute
) -> dict[str, Attribute]:
    """The attributes of a warning event."""
    return {
        "submeter.warning.id": id_,
        "submeter.warning.type": "approaching_limit",
        "submeter.warning.severity": severity,
        "submeter.warning.rule": "context_window",
        "submeter.warning.current": 90,
        "submeter.warning.limit": 100,
        "submeter.warning.percentage": 90.0,
        "session.id": session,
        "user.id": user,
        **{name.replace("__", "."): value for name, value in more.items()},
    }
