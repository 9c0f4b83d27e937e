"""Live stream and export of a real server: what is sent is seen at once, and by those who may see it."""

from __future__ import annotations

import csv
import io
import json
import urllib.request
from typing import TYPE_CHECKING

import pytest
from tests.server.running import PATIENCE_S, RunningServer
from tests.server.telemetry import add_call, calls, traces
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("live") / "data") as running:
        yield running


def test_a_call_is_seen_as_an_event_when_it_is_stored(live: RunningServer) -> None:
    with urllib.request.urlopen(f"{live.url}/api/v1/live", timeout=PATIENCE_S) as stream:  # noqa: S310  (our server)
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.readline() == b": watching\n"
        assert live.send("traces", calls("seen")).status == 200
        lines = [stream.readline().decode() for _ in range(3)]
    assert lines[1] == "event: call\n"
    event = json.loads(lines[2].removeprefix("data: "))
    assert (event["session_id"], event["model"], event["input_tokens"]) == ("seen", "gpt-5-mini", 100)


def test_a_socket_gets_the_same(live: RunningServer) -> None:
    with connect(live.url.replace("http", "ws") + "/api/v1/live/ws", open_timeout=PATIENCE_S) as socket:
        socket.send("what is said here is dropped")
        assert live.send("traces", calls("heard")).status == 200
        event = json.loads(socket.recv(PATIENCE_S))
    assert (event["event"], event["data"]["session_id"]) == ("call", "heard")


def test_another_sites_page_opens_no_socket(live: RunningServer) -> None:
    with pytest.raises(InvalidStatus):
        connect(
            live.url.replace("http", "ws") + "/api/v1/live/ws", additional_headers={"Origin": "https://evil.example"}
        )


def test_the_server_stops_although_somebody_watches(live: RunningServer) -> None:
    with urllib.request.urlopen(f"{live.url}/api/v1/live", timeout=PATIENCE_S) as stream:  # noqa: S310  (our server)
        assert stream.readline()
        assert live.stop() == 0
    live.start()


def test_an_export_holds_every_call_once_in_order_of_time(live: RunningServer) -> None:
    request, spans = traces()
    for hour in range(3):
        add_call(spans, f"=cmd|{hour}", tokens=7, at_ns=(1_790_000_000 + hour * 3600) * 10**9)
    assert live.send("traces", request).status == 200
    assert live.send("traces", request).status == 200
    query = "end=2026-12-01&session="
    for form in ("csv", "jsonl"):
        answer = live.get(f"/api/v1/export?format={form}&start=2026-09-01&end=2026-10-30")
        assert "attachment" in answer.headers["content-disposition"]
        text = answer.body.decode()
        rows = list(csv.DictReader(io.StringIO(text))) if form == "csv" else [json.loads(x) for x in text.splitlines()]
        quote = "'" if form == "csv" else ""
        assert [row["session_id"] for row in rows] == [f"{quote}=cmd|{hour}" for hour in range(3)]
        assert [int(row["input_tokens"]) for row in rows] == [7, 7, 7]
    assert live.get("/api/v1/export?format=parquet").body[:4] == b"PAR1"
    assert live.get(f"/api/v1/export?{query}nobody").body.count(b"\n") == 1
    assert b"first_ts" in live.get("/api/v1/export?what=sessions").body
    assert b"severity" in live.get("/api/v1/export?what=warnings").body
    assert live.get("/api/v1/export?format=xml").status == 400
