"""A stored session with everything a page has to show: a tree, two models, errors, estimates, missing prices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.server.telemetry import BASE_NS, add_call, traces

if TYPE_CHECKING:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

SESSION = "s-42"
SECOND = 1_000_000_000
TRACE = 0x1234
WINDOW = {"submeter.context.window_tokens": 10_000}
"""Tokens of the models' context window in this session."""


def conversation() -> ExportTraceServiceRequest:
    """Six calls of one session, and one call without any session."""
    request, spans = traces()
    _around(spans, "POST /ask", b"rootroot", b"")
    _around(spans, "agent run", b"agentagt", b"rootroot")
    person = {"user.id": "u-7"}
    search = {**person, "submeter.operation": "search"}
    _call(spans, 1, 100, {**search, "submeter.step": "classify", **WINDOW}, parent=b"rootroot")
    _call(spans, 2, 2000, {**search, "submeter.step": "answer", **WINDOW, **CACHED}, parent=b"agentagt")
    talk = {**person, "submeter.operation": "talk", **WINDOW}
    _call(spans, 3, 7000, {**talk, "gen_ai.response.finish_reasons": ["length"], "gen_ai.usage.output_tokens": 1200})
    _call(
        spans,
        4,
        300,
        {**talk, "gen_ai.response.model": "house/model-of-our-own-2026-11-24"},
        without="submeter.cost.usd",
    )
    _call(spans, 5, 0, {**talk, "error.type": "RateLimitError"}, without="gen_ai.usage")
    _call(spans, 6, 500, {**talk, "submeter.usage.estimated": "tiktoken", "submeter.usage.partial": True})
    add_call(spans, "", tokens=50)
    return request


CACHED = {"gen_ai.usage.cache_read.input_tokens": 1500, "gen_ai.usage.reasoning.output_tokens": 120}


def _around(spans: Any, name: str, span_id: bytes, parent: bytes) -> None:
    spans.add(
        trace_id=TRACE.to_bytes(16),
        span_id=span_id,
        parent_span_id=parent,
        name=name,
        start_time_unix_nano=BASE_NS,
        end_time_unix_nano=BASE_NS + 9 * SECOND,
    )


def _call(
    spans: Any, second: int, tokens: int, attributes: dict[str, Any], *, parent: bytes = b"", without: str = "-"
) -> Any:
    filled = {"submeter.context.utilization": 1.1 * tokens / 10_000} if attributes.keys() >= WINDOW.keys() else {}
    span = add_call(spans, SESSION, {**filled, **attributes}, tokens=tokens, trace=TRACE, parent=parent)
    span.start_time_unix_nano = BASE_NS + second * SECOND
    span.end_time_unix_nano = span.start_time_unix_nano + second * 400_000_000
    kept = {pair.key: pair for pair in span.attributes if not pair.key.startswith(without)}
    if without.startswith("gen_ai.usage"):
        kept.pop("submeter.cost.usd")
    pairs = list(kept.values())
    del span.attributes[:]
    span.attributes.extend(pairs)
    return span
