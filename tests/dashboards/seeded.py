"""A store filled with sample data, and what is in it, kept in Python for an independent computation."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.store.telemetry import call, chat, request, span

from submeter.evaluator import Evaluator, WarningEvent
from submeter.evaluator.limit import LimitRule
from submeter.evaluator.rules import DEFAULT_RULES
from submeter.server.announcement import announcement
from submeter.server.interpolation import ALL, Span, interpolated
from submeter.server.sample import sample
from submeter.store import open_store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.proto.trace.v1.trace_pb2 import Span as OtlpSpan

    from submeter.record import CallRecord
    from submeter.store.database import Store

ODD_SESSION = 'it\'s "odd" \\ $__all ${user} 100% &é'
ODD_USER = "o'brien\\"
HOUR_NS = 3600 * 10**9


@dataclass(slots=True, repr=False)
class Seeded:
    """The store, and what went into it."""

    store: Store
    now_ns: int
    calls: list[CallRecord] = field(default_factory=list["CallRecord"])
    warnings: list[WarningEvent] = field(default_factory=list[WarningEvent])
    spans: list[tuple[str, str, OtlpSpan]] = field(default_factory=list["tuple[str, str, OtlpSpan]"])

    def ask(self, query: str, values: Mapping[str, tuple[str, ...]], span: Span) -> list[list[Any]]:
        """The rows of a dashboard's query."""
        answer = self.store.answer(interpolated(query, values, span), "JSONCompact")
        return json.loads(answer)["data"]

    def take(self, sent: ExportTraceServiceRequest, token: str) -> None:
        """Stores a request and keeps what is in it."""
        self.calls += self.store.insert_traces(sent, token)
        for resource in sent.resource_spans:
            service = resource.resource.attributes[0].value.string_value
            for scope in resource.scope_spans:
                self.spans += [(service, scope.scope.name, span) for span in scope.spans]

    def week(self, interval_s: int = 3600) -> Span:
        """The last seven days."""
        end = self.now_ns // 10**9
        return Span(end - 7 * 86_400, end, interval_s)


def seeded(url: str, now_ns: int) -> Seeded:
    """The store at `url` with two weeks of sample data, some odd calls, and the warnings they give rise to."""
    found = Seeded(open_store(url), now_ns)
    merged = next(parts := sample(now_ns, busyness=0.35))
    for part in parts:
        merged.MergeFrom(part)
    found.take(merged, "sample")
    found.take(_odd(now_ns), "odd")
    rule = LimitRule(name="user_daily", limit=150_000, per=("user",))
    evaluator = Evaluator((*DEFAULT_RULES, rule))
    for record in sorted(found.calls, key=lambda record: record.ended_ns):
        found.warnings += evaluator.observe(record, received_ns=record.ended_ns)
    found.store.insert_logs(announcement(found.warnings), "warnings")
    return found


def _odd(now_ns: int) -> ExportTraceServiceRequest:
    """Calls without session, user, price or usage, a failed one, and ids that want quoting."""
    at = now_ns - HOUR_NS // 2
    spans = [
        span(call(ODD_SESSION, ODD_USER, (90_000, 500), 0.25), start_ns=at, duration_s=2.5),
        span(
            call(ODD_SESSION, ODD_USER, (110_000, 900), 0.35, **{"submeter.context.utilization": 0.86}), start_ns=at + 1
        ),
        span(call("", "", (70, 7)), start_ns=at),
        span(chat(), start_ns=at),
        span(chat(error__type="Timeout"), start_ns=at, is_error=True),
    ]
    return request(spans, service="odd & sons")


EVERYTHING: dict[str, tuple[str, ...]] = {
    "service": (ALL,),
    "model": (ALL,),
    "operation": (ALL,),
    "user": (ALL,),
    "type": (ALL,),
    "session": ("",),
    "trace": ("",),
    "min_cost": ("0",),
    "token_limit": ("1000000",),
}
