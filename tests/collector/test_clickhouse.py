"""gateway.yaml as it ships, its ClickHouse exporter writing to the endpoint that `submeter up` has for it."""

from __future__ import annotations

import json
import signal
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from collector.build import FOLDER
from tests.collector.gateway import AUTHORIZED, variables
from tests.collector.running import NORMALISE, PATIENCE_S, RunningCollector, eventually, free_port
from tests.server.running import RunningServer
from tests.server.telemetry import attributes_of, calls, counted, log, traces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("lean")

OPENINFERENCE = {
    "openinference.span.kind": "LLM",
    "llm.provider": "anthropic",
    "llm.model_name": "claude-sonnet-4-5",
    "llm.token_count.prompt": 1000,
    "llm.token_count.prompt_details.cache_read": 300,
    "llm.token_count.completion": 50,
    "llm.cost.total": 0.25,
    "session.id": "foreign",
}
OPENLLMETRY = {
    "llm.request.type": "chat",
    "gen_ai.system": "OpenAI",
    "gen_ai.request.model": "gpt-5-mini",
    "gen_ai.usage.prompt_tokens": "70",
    "gen_ai.usage.completion_tokens": "7",
    "gen_ai.usage.cache_read_input_tokens": 64,
    "traceloop.association.properties.user_id": "u-9",
    "traceloop.association.properties.session_id": "foreign",
}
DIALECTS = (
    ("openinference.instrumentation.anthropic", "2.9", OPENINFERENCE),
    ("opentelemetry.instrumentation.openai.v1", "0.62.0", OPENLLMETRY),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    port = str(free_port())
    folder = tmp_path_factory.mktemp("server")
    running = RunningServer(folder / "data", ("--port", str(free_port()), "--clickhouse-port", port))
    running.clickhouse_port = int(port)
    with running:
        yield running


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, server: RunningServer) -> Iterator[RunningCollector]:
    folder = tmp_path_factory.mktemp("gateway")
    told = variables(
        folder / "told",
        SUBMETER_CLICKHOUSE=f"http://127.0.0.1:{server.clickhouse_port}",
        SUBMETER_CLICKHOUSE_USER="writer",
    )
    configs = (FOLDER / "gateway.yaml", NORMALISE)
    running = RunningCollector(folder / "run", configs, told, trusted=folder / "told" / "shown.pem")
    with running:
        yield running


def asked(server: RunningServer, query: str) -> list[dict[str, Any]]:
    """A question to the endpoint, as Grafana asks."""
    parameters = urllib.parse.urlencode({"query": f"{query} FORMAT JSON", "database": "otel"})
    with urllib.request.urlopen(
        f"http://127.0.0.1:{server.clickhouse_port}/?{parameters}", timeout=PATIENCE_S
    ) as answer:
        return json.loads(answer.read())["data"]


def sessions(server: RunningServer, prefix: str) -> list[dict[str, Any]]:
    """The sessions of one test, as the questions answer them."""
    rows = server.ask("sessions?limit=1000")["sessions"]
    return [row for row in rows if row["session_id"].startswith(prefix)]


def foreign(time_ns: int) -> list[Any]:
    """One call of each dialect, the same whenever it is made."""
    made = list[Any]()
    for number, (scope, version, attributes) in enumerate(DIALECTS, start=1):
        request, spans = traces("foreign", scope)
        request.resource_spans[0].scope_spans[0].scope.version = version
        spans.add(
            trace_id=number.to_bytes(16),
            span_id=number.to_bytes(8),
            name="call",
            kind=3,
            start_time_unix_nano=time_ns,
            end_time_unix_nano=time_ns + 10**9,
            attributes=attributes_of(attributes),
        )
        made.append(request)
    return made


def test_every_signal_reaches_its_table_and_the_questions(gateway: RunningCollector, server: RunningServer) -> None:
    assert gateway.send("traces", calls("s-1", 5), **AUTHORIZED) == 200
    assert gateway.send("metrics", counted("ana", 30), **AUTHORIZED) == 200
    warning = log("85 % of the window", **{"submeter.warning.id": "w-1"})
    warning.resource_logs[0].scope_logs[0].log_records[0].event_name = "submeter.warning"
    assert gateway.send("logs", warning, **AUTHORIZED) == 200
    stored = eventually(lambda: sessions(server, "s-1"), "the calls")
    points = "SELECT MetricName, Value FROM otel_metrics_sum WHERE Value = 30"
    told = "SELECT warning_id FROM llm_warnings WHERE warning_id = 'w-1'"
    eventually(lambda: asked(server, points), "the point")
    eventually(lambda: asked(server, told), "the record")
    assert [(row["calls"], row["input_tokens"]) for row in stored] == [(5, 500)]
    assert asked(server, points) == [{"MetricName": "gen_ai.client.inference.usage.input_tokens", "Value": 30}]
    assert asked(server, told) == [{"warning_id": "w-1"}]


def test_exporter_and_receiver_give_the_same_rows(
    gateway: RunningCollector, server: RunningServer, tmp_path: Path
) -> None:
    """The collector's translation and the server's, on the same spans: the same calls."""
    now = 1_790_000_000_000_000_000
    with RunningServer(tmp_path / "other") as receiver:
        for request in foreign(now):
            assert receiver.send("traces", request).status == 200
            assert gateway.send("traces", request, **AUTHORIZED) == 200
        rows = "SELECT * FROM llm_calls WHERE session_id = 'foreign' ORDER BY trace_id"
        eventually(lambda: len(asked(server, rows)) == len(DIALECTS), "the calls")
        exported, received = asked(server, rows), asked(receiver, rows)
    assert exported == received
    assert [int(row["input_tokens"]) for row in exported] == [1300, 70]
    assert [row["provider"] for row in exported] == ["anthropic", "openai"]
    assert {row["session_id"] for row in exported} == {"foreign"}


def test_what_was_acknowledged_is_stored_once_through_an_outage_and_kills(
    gateway: RunningCollector, server: RunningServer
) -> None:
    sent = 0
    for step in range(4):
        for _ in range(15):
            request = calls(f"k-{sent}", 4)
            eventually(lambda request=request: gateway.send("traces", request, **AUTHORIZED) == 200, "an answer")
            sent += 1
        if step == 0:
            server.stop()
        elif step == 1:
            gateway.stop(signal.SIGKILL)
            gateway.start()
        elif step == 2:
            server.start()
            gateway.stop(signal.SIGKILL)
            gateway.start()
    eventually(lambda: sum(row["calls"] for row in sessions(server, "k-")) >= 4 * sent, "every call")
    stored = {row["session_id"]: (row["calls"], row["input_tokens"]) for row in sessions(server, "k-")}
    assert stored == {f"k-{number}": (4, 400) for number in range(sent)}
