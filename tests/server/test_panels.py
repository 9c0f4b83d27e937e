"""The page's own endpoints: a dashboard, a panel and values go in, rows come out, and nothing else does."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.running import RunningServer, eventually
from tests.server.telemetry import add_call, traces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW_MS = int(time.time() * 1000)
WEEK = {"from": NOW_MS - 7 * 86_400_000, "to": NOW_MS + 60_000}
ODD = "it's \\ odd"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("panels") / "data", ("--max-questions", "1000")) as running:
        request, spans = traces()
        add_call(spans, "s-1", tokens=1000, trace=77)
        add_call(spans, ODD, {"gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"hi"}]}]'})
        assert running.send("traces", request).status == 200
        yield running


def asked(server: RunningServer, path: str, **body: Any) -> Any:
    return server.post(f"/page/dashboards/{path}", json.dumps({**WEEK, **body}).encode(), "application/json")


def panel_of(server: RunningServer, uid: str, title: str) -> int:
    panels = server.get(f"/page/dashboards/{uid}").json["panels"]
    return next(panel["id"] for panel in panels if panel["title"] == title)


def values_of(server: RunningServer, uid: str, **given: list[str]) -> dict[str, list[str]]:
    board = server.get(f"/page/dashboards/{uid}").json
    usual = {item["name"]: ["$__all"] if item["type"] == "query" else [""] for item in board["templating"]["list"]}
    return {**usual, **given}


def test_the_dashboards_are_shown_without_their_queries(filled: RunningServer) -> None:
    found = filled.get("/page/dashboards").json
    assert found[0]["uid"] == "submeter-overview"
    for board in found:
        body = filled.get(f"/page/dashboards/{board['uid']}").body
        assert b"rawSql" not in body
        assert b"SELECT" not in body


def test_a_panel_is_answered_and_a_variable_narrows_it(filled: RunningServer) -> None:
    every = asked(filled, "submeter-overview/panels/1", variables=values_of(filled, "submeter-overview")).json
    names = [column["name"] for column in every["answer"]["meta"]]
    assert dict(zip(names, every["answer"]["data"][0], strict=True))["input"] == 1100
    assert every["interval_s"] > 0
    none = values_of(filled, "submeter-overview", service=["nobody's"])
    assert asked(filled, "submeter-overview/panels/1", variables=none).json["answer"]["data"][0][1] == 0
    session = values_of(filled, "submeter-session", session=[ODD])
    assert asked(filled, "submeter-session/panels/1", variables=session).json["answer"]["data"][0][5] == 1


def test_a_variable_offers_its_values(filled: RunningServer) -> None:
    found = asked(filled, "submeter-overview/variables/service").json
    assert found["answer"]["data"] == [["shop-bot"]]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "JSON"),
        (b"[]", "JSON object"),
        (b"x" * 70_000, "at most"),
        (b'{"from": 1, "to": "now"}', "milliseconds"),
        (b'{"from": 5000, "to": 1000}', "before"),
        (b'{"from": 1, "to": 1e30}', "milliseconds"),
        (json.dumps({**WEEK, "variables": []}).encode(), "object"),
        (json.dumps({**WEEK, "variables": {"query": ["SELECT 1"]}}).encode(), "no variable"),
        (json.dumps({**WEEK, "variables": {"service": [1]}}).encode(), "texts"),
        (json.dumps({**WEEK, "variables": {"service": ["x" * 2000]}}).encode(), "texts"),
        (json.dumps({**WEEK, "variables": {"service": ["x"]}}).encode(), "has no value"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_reason(filled: RunningServer, body: bytes, said: str) -> None:
    answer = filled.post("/page/dashboards/submeter-overview/panels/1", body, "application/json")
    assert answer.status == 400
    assert said in answer.message


@pytest.mark.parametrize(
    "path", ["nothing", "..%2f..%2fapp", "submeter-overview/panels/999", "submeter-overview/panels/3"]
)
def test_what_there_is_not_is_not_found(filled: RunningServer, path: str) -> None:
    answer = asked(filled, path) if "panels" in path else filled.get(f"/page/dashboards/{path}")
    assert answer.status == 404
    assert answer.message


def test_a_call_is_told_in_full(filled: RunningServer) -> None:
    session = values_of(filled, "submeter-session", session=[ODD])
    panel = panel_of(filled, "submeter-session", "Trace")
    trace = asked(filled, f"submeter-session/panels/{panel}", variables=session).json["answer"]["data"][0]
    found = filled.get(f"/page/calls/{trace[0]}/{trace[1]}").json
    assert found["span"]["name"] == "chat gpt-5-mini"
    assert found["call"]["input_tokens"] == 100
    assert found["price"]["model"]
    assert found["price"]["parts"].keys() >= {"input", "output"}
    assert found["messages"] == [{"role": "user", "text": "hi"}]
    assert "gen_ai.input.messages" not in found["attributes"]
    in_base64 = [base64.urlsafe_b64encode(bytes.fromhex(one)).decode() for one in trace[:2]]
    for ids in (in_base64, [one.upper() for one in trace[:2]]):
        assert filled.get(f"/page/calls/{ids[0]}/{ids[1]}").json == found


@pytest.mark.parametrize("path", ["x/y", f"{'0' * 32}/{'0' * 16}", "'%20OR%201=1/1"])
def test_an_unknown_call_is_not_found(filled: RunningServer, path: str) -> None:
    assert filled.get(f"/page/calls/{path}").status == 404


def test_another_sites_page_may_ask_nothing(filled: RunningServer) -> None:
    body = json.dumps(WEEK).encode()
    answer = filled.post(
        "/page/dashboards/submeter-overview/panels/1", body, "text/plain", Origin="http://evil.example"
    )
    assert answer.status == 403
    assert filled.post("/page/sample", b"", Origin="http://evil.example").status == 403


def test_the_state_tells_of_what_is_new_and_sample_data_fills_an_empty_store(server: RunningServer) -> None:
    before = server.get("/page/state").json
    sent = server.post("/page/sample", b"")
    assert sent.status == 201
    after = server.get("/page/state").json
    assert after["version"] > before["version"]
    assert after["spans"] == before["spans"] + sent.json["spans"]
    assert eventually(lambda: server.get("/page/state").json["warnings"] > 0, "a warning of the sample data")


def test_with_a_token_the_page_comes_but_its_answers_do_not(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", (), {"SUBMETER_TOKEN": "s3cret"}) as locked:
        assert locked.get("/d/submeter-cost").status == 200
        assert locked.get("/web/uplot/uplot.js").status == 200
        assert locked.get("/page/dashboards").status == 401
        assert locked.get("/page/dashboards", Authorization="Bearer s3cret").status == 200
