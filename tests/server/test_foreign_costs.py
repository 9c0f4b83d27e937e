"""Other instrumentations' calls have their cost by every way in: for limits in dollars, live, and in every answer."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf.json_format import MessageToDict
from tests.server.clickhouse import client
from tests.server.over_grpc import export
from tests.server.running import PATIENCE_S, RunningServer, eventually
from tests.server.telemetry import add_call, attributes_of, traces, within_today

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

SCOPE = "openinference.instrumentation.openai"
CALL = {
    "openinference.span.kind": "LLM",
    "llm.system": "openai",
    "llm.model_name": "gpt-4o",
    "llm.token_count.prompt": 100_000,
    "llm.token_count.completion": 10_000,
    "llm.token_count.prompt_details.cache_read": 40_000,
}
COST_USD = (60_000 * 2.5 + 40_000 * 1.25 + 10_000 * 10) / 1e6


def reported(session: str, at_ns: int) -> ExportTraceServiceRequest:
    request, spans = traces(scope=SCOPE)
    del add_call(spans, session, at_ns=at_ns).attributes[:]
    spans[0].attributes.extend(attributes_of({**CALL, "session.id": session}))
    return request


def by_protobuf(server: RunningServer, request: ExportTraceServiceRequest) -> None:
    assert server.send("traces", request).status == 200


def by_json(server: RunningServer, request: ExportTraceServiceRequest) -> None:
    told: Any = MessageToDict(request)
    (span,) = told["resourceSpans"][0]["scopeSpans"][0]["spans"]
    found = request.resource_spans[0].scope_spans[0].spans[0]
    span["traceId"], span["spanId"] = found.trace_id.hex(), found.span_id.hex()
    assert server.post("/v1/traces", json.dumps(told).encode(), "application/json").status == 200


def by_grpc(server: RunningServer, request: ExportTraceServiceRequest) -> None:
    with grpc.insecure_channel(server.grpc) as channel:
        assert export(channel, "traces", request) == b""


def by_clickhouse(server: RunningServer, request: ExportTraceServiceRequest) -> None:
    span = request.resource_spans[0].scope_spans[0].spans[0]
    said = {pair.key: pair.value.string_value or str(pair.value.int_value) for pair in span.attributes}
    seconds, rest = divmod(span.start_time_unix_nano, 10**9)
    row = {
        "Timestamp": f"{seconds}.{rest:09}",
        "TraceId": span.trace_id.hex(),
        "SpanId": span.span_id.hex(),
        "SpanKind": "Client",
        "ServiceName": "shop-bot",
        "ScopeName": SCOPE,
        "SpanAttributes": said,
        "Duration": 500_000_000,
    }
    block = json.dumps(row).encode()
    sent = client(server, "writer").raw_insert("otel_traces", insert_block=block, fmt="JSONEachRow")
    assert sent.written_rows == 1


WAYS: Mapping[str, Callable[[RunningServer, ExportTraceServiceRequest], None]] = {
    "protobuf": by_protobuf,
    "json": by_json,
    "grpc": by_grpc,
    "clickhouse": by_clickhouse,
}


@pytest.mark.parametrize("way", WAYS)
def test_a_foreign_call_counts_for_a_limit_in_dollars(tmp_path: Path, way: str) -> None:
    at_ns = within_today()
    limited = {"SUBMETER_MAX_COST_DAILY_USD": f"{COST_USD * 1.9}"}

    def reached() -> list[float]:
        return sorted(row["threshold"] for row in server.ask("warnings")["warnings"] if row["rule"] == "cost_daily")

    with RunningServer(tmp_path / "data", variables=limited) as server:
        for number in range(2):
            WAYS[way](server, reported(f"s-{number}", at_ns))
        eventually(lambda: 100 in reached(), "the limit")
        sessions = server.ask("sessions")["sessions"]
        assert {row["session_id"]: row["cost_usd"] for row in sessions} == {
            f"s-{number}": pytest.approx(COST_USD) for number in range(2)
        }
        asked = server.post("/api/v1/recompute", b'{"dry_run": true}', "application/json")
        assert asked.status == 200, asked.body
        assert asked.json["calls"] == 0


def test_its_cost_is_seen_live(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data") as server:
        with urllib.request.urlopen(f"{server.url}/api/v1/live", timeout=PATIENCE_S) as stream:  # noqa: S310  (our server)
            assert stream.readline() == b": watching\n"
            by_protobuf(server, reported("seen", within_today()))
            lines = [stream.readline().decode() for _ in range(3)]
        assert json.loads(lines[2].removeprefix("data: "))["cost_usd"] == pytest.approx(COST_USD)
