"""What a hostile client tries, each refused: paths, hosts, origins, SQL, files, roles, sizes, slowness."""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from tests.server.clickhouse import ask
from tests.server.running import Answer, RunningServer, eventually
from tests.server.telemetry import add_call, traces
from tests.server.tokens import bearer, written

from submeter.server.api.questions import QUESTIONS
from submeter.server.patience import HEAD_BYTES, HEAD_S
from submeter.server.small_body import WAIT_S

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "path",
    [
        "/web/../app.py",
        "/web/..%2f..%2fapp.py",
        "/api/../../etc/passwd",
        "/api/%2e%2e/%2e%2e/etc/passwd",
        "/api/reference/../openapi.py",
        "/api/v1/../../server.json",
        "//etc/passwd",
    ],
)
def test_no_path_leads_to_a_file(guarded: RunningServer, path: str) -> None:
    answer = guarded.get(path, **bearer("reader"))
    assert answer.status in {404, 400}
    assert b"root:" not in answer.body


def test_each_role_may_do_its_own_things_alone(guarded: RunningServer) -> None:
    request, spans = traces()
    add_call(spans, "x", tokens=1)
    assert guarded.send("traces", request, **bearer("reader")).status == 403
    assert guarded.get("/api/v1/sessions", **bearer("writer")).status == 403
    purge = json.dumps({"user": "nobody", "dry_run": True}).encode()
    for name in ("reader", "writer", "shopper"):
        assert guarded.post("/api/v1/purge", purge, "application/json", **bearer(name)).status == 403
        assert guarded.get("/api/v1/audit", **bearer(name)).status == 403
    assert guarded.post("/api/v1/purge", purge, "application/json", **bearer("admin")).json["total"] == 0
    refused = guarded.get("/api/v1/sessions", Authorization="Bearer guess")
    assert (refused.status, refused.headers["content-type"]) == (401, "application/problem+json")


def test_a_scoped_reader_sees_its_services_alone_in_every_question(guarded: RunningServer) -> None:
    everything = guarded.get("/api/v1/sessions", **bearer("reader")).body
    assert b"bank-session" in everything
    for question in QUESTIONS.values():
        path = question.path.replace("{session}", "bank-session").replace("{id}", "red").replace("{name}", "team")
        answer = guarded.get(f"/api/v1{path}", **bearer("shopper"))
        said = answer.body.replace(b"no session 'bank-session'", b"")
        assert b"bank" not in said, question.name
    exported = guarded.get("/api/v1/export?format=jsonl", **bearer("shopper")).body
    assert [json.loads(line)["service"] for line in exported.splitlines()] == ["shop"]
    assert guarded.get("/api/v1/sessions?service=bank", **bearer("shopper")).json["sessions"] == []
    assert guarded.get("/page/state", **bearer("reader")).json["calls"] >= 2
    assert guarded.get("/page/state", **bearer("shopper")).json["calls"] == 1
    for path in ("/metrics", "/api/v1/limits", "/api/v1/limits/enforced"):
        assert guarded.get(path, **bearer("shopper")).status == 403, path


def test_an_erasure_is_audited_without_naming_the_erased(guarded: RunningServer) -> None:
    request, spans = traces()
    add_call(spans, "gone", {"user.id": "u-erased"}, tokens=1)
    assert guarded.send("traces", request, **bearer("admin")).status == 200
    purge = json.dumps({"user": "u-erased"}).encode()
    trial = json.dumps({"user": "u-erased", "dry_run": True}).encode()
    before = datetime.now(UTC)
    counted = guarded.post("/api/v1/purge", trial, "application/json", **bearer("admin")).json
    erased = guarded.post("/api/v1/purge", purge, "application/json", **bearer("admin")).json
    after = datetime.now(UTC)
    assert erased["total"] > 0
    assert guarded.get("/api/v1/sessions?user=u-erased", **bearer("reader")).json["sessions"] == []
    audit = guarded.get("/api/v1/audit", **bearer("admin"))
    first = audit.json["audit"][0]
    at = datetime.fromisoformat(first["at"])
    assert before - timedelta(milliseconds=1) <= at <= after
    assert first["actor"] == "admin"
    assert first["subject"] == hashlib.sha256(b"user:u-erased").hexdigest()
    assert first["erased_rows"] == erased["total"] == counted["total"]
    assert first["action"]
    assert b"u-erased" not in audit.body
    assert guarded.get("/api/v1/audit?limit=0", **bearer("admin")).status == 400


def test_the_audit_comes_in_pages(guarded: RunningServer) -> None:
    for session in ("nobody", "none", "neither"):
        body = json.dumps({"session": session}).encode()
        assert guarded.post("/api/v1/purge", body, "application/json", **bearer("admin")).status == 200
    whole = guarded.get("/api/v1/audit", **bearer("admin")).json
    assert whole["next"] is None
    entries: list[object] = []
    following: int | None = 0
    while following is not None:
        page = guarded.get(f"/api/v1/audit?limit=2&offset={following}", **bearer("admin")).json
        entries += page["audit"]
        following = page["next"]
    assert entries == whole["audit"]
    assert len(entries) > 2
    exact = guarded.get(f"/api/v1/audit?limit={len(entries)}", **bearer("admin")).json
    assert (exact["audit"], exact["next"]) == (entries, None)


LARGE_PURGE = b'{"user":"' + b"x" * 20_000
WRONG_PURGES = (b"", b"[]", b"{", b'{"user":""}', b'{"users":"x"}', b"\xff", LARGE_PURGE)


@pytest.mark.parametrize("body", WRONG_PURGES)
def test_a_wrong_purge_erases_nothing(guarded: RunningServer, body: bytes) -> None:
    assert guarded.post("/api/v1/purge", body, "application/json", **bearer("admin")).status in {400, 413}


ORDERS = (
    ("POST", "/api/v1/purge"),
    ("POST", "/api/v1/recompute"),
    ("PUT", "/api/v1/retention"),
    ("PUT", "/api/v1/limits/daily"),
)


def order(guarded: RunningServer, method: str, path: str, rest: str) -> socket.socket:
    """A connection on which the head of an order and the beginning of its body have been sent."""
    host, port = guarded.url.removeprefix("http://").split(":")
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {bearer('admin')['Authorization']}\r\n"
    connection = socket.create_connection((host, int(port)), WAIT_S * 4)
    connection.sendall(f"{head}{rest}".encode())
    return connection


@pytest.mark.parametrize(("method", "path"), ORDERS)
def test_an_order_without_end_is_not_read(guarded: RunningServer, method: str, path: str) -> None:
    with order(guarded, method, path, "Transfer-Encoding: chunked\r\n\r\n") as endless:
        with contextlib.suppress(ConnectionError):
            for _ in range(80):
                endless.sendall(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        assert endless.recv(12) == b"HTTP/1.1 413"


def test_orders_that_do_not_come_are_not_waited_for(guarded: RunningServer) -> None:
    with contextlib.ExitStack() as opened:
        slow = [
            opened.enter_context(order(guarded, method, path, 'Content-Length: 100\r\n\r\n{"user"'))
            for method, path in ORDERS
        ]
        assert [one.recv(12) for one in slow] == [b"HTTP/1.1 408"] * len(ORDERS)


@pytest.mark.parametrize(
    ("method", "path"), [*ORDERS, ("GET", "/api/v1/retention"), ("DELETE", "/api/v1/limits/daily")]
)
def test_an_order_takes_no_parameter_in_its_address(guarded: RunningServer, method: str, path: str) -> None:
    body = None if method in {"GET", "DELETE"} else b"{}"
    answer = guarded.request(f"{path}?dry_run=true", body, bearer("admin"), method=method)
    assert (answer.status, "no parameter" in answer.message) == (400, True)


@pytest.mark.parametrize("size", [65_536, 100_000, 300_000])
def test_an_address_that_is_too_long_is_told_so(guarded: RunningServer, size: int) -> None:
    answer = guarded.get(f"/api/v1/sessions?user={'u' * size}")
    assert (answer.status, answer.headers["content-type"]) == (414, "application/problem+json")
    assert "shorter" in answer.message


def test_a_head_that_is_too_large_is_told_so(guarded: RunningServer) -> None:
    answer = guarded.get("/health", X_One="x" * 60_000, X_Two="x" * 60_000, X_Three="x" * 60_000)
    assert (answer.status, "fewer headers" in answer.message) == (431, True)


@pytest.mark.parametrize("sent", [b"\x00\x01garbage\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01"])
def test_what_is_no_request_is_told_so_and_ended(guarded: RunningServer, sent: bytes) -> None:
    host, port = guarded.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), HEAD_S) as speaking:
        speaking.sendall(sent)
        with speaking.makefile("rb") as reading:
            status, _, answer = reading.read().partition(b"\r\n")
    assert status.startswith(b"HTTP/1.1 400")
    assert b"no HTTP request" in answer


def ended(connection: socket.socket) -> bool:
    """Whether the server ended the connection without an answer."""
    with contextlib.suppress(ConnectionError):
        return connection.recv(100) == b""
    return True


def test_a_head_that_does_not_come_is_not_waited_for(guarded: RunningServer) -> None:
    host, port = guarded.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), HEAD_S * 4) as slow:
        slow.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
        assert ended(slow)
    assert guarded.get("/health").status == 200


def test_a_head_without_end_is_not_read(guarded: RunningServer) -> None:
    host, port = guarded.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), HEAD_S * 4) as big:
        with contextlib.suppress(ConnectionError):
            big.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n")
            for _ in range(HEAD_BYTES // 1024 * 20):
                big.sendall(b"Y: " + b"y" * 1021 + b"\r\n")
        with contextlib.suppress(ConnectionError), big.makefile("rb") as reading:  # ended, with or without the answer
            answer = reading.read()
            assert answer == b"" or answer.startswith(b"HTTP/1.1 431 ")


def test_too_many_questions_are_told_to_wait(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", ("--max-questions", "1")) as running:
        watched = [running.get("/api/v1/health").status for _ in range(3)]
        assert watched == [200, 200, 200], "whoever watches is not counted"
        with ThreadPoolExecutor(16) as askers:
            answers = list(askers.map(running.get, ["/api/v1/models"] * 16))
        refused = [answer for answer in answers if answer.status == 429]
        assert refused
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)


def test_the_pages_questions_are_counted_too(tmp_path: Path) -> None:
    """One panel is a question over as many calls as any other; what only draws the page is free."""
    week = b'{"from": 1790000000000, "to": 1790600000000, "variables": {}}'
    with RunningServer(tmp_path / "data", ("--max-questions", "1")) as running, ThreadPoolExecutor(16) as askers:

        def statuses(path: str, body: bytes | None = None) -> set[int]:
            ask = partial(running.post, body=body, content_type="application/json") if body else running.get
            return {answer.status for answer in askers.map(ask, [path] * 16)}

        assert 429 in statuses("/page/dashboards/submeter-overview/panels/1", week)
        assert 429 in statuses("/page/calls/00/00")
        assert 429 in {running.get("/api/v1/models").status for _ in range(4)}, "under one limit with REST"
        assert statuses("/page/state") | statuses("/web/page.js") | statuses("/") == {200}


def test_one_tokens_questions_do_not_use_up_anothers(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", (*written(tmp_path), "--max-questions", "1")) as running:

        def status(name: str) -> int:
            return running.get("/api/v1/models", **bearer(name)).status

        with ThreadPoolExecutor(16) as askers:
            assert 429 in set(askers.map(status, ["reader"] * 16))
        assert status("shopper") == 200
        assert running.get("/metrics", **bearer("reader")).status == 200, "who collects metrics is not counted"


def test_reading_over_clickhouse_is_under_the_same_limit_and_sending_is_not(tmp_path: Path) -> None:
    def told(name: str, text: bytes = b"SELECT 1", user: str = "default") -> Answer:
        token = bearer(name)["Authorization"].removeprefix("Bearer ")
        return ask(running, text, {"X-ClickHouse-User": user, "X-ClickHouse-Key": token})

    def is_used_up() -> bool:
        answers.extend(askers.map(told, ["reader"] * 16))
        return running.get("/api/v1/models", **bearer("reader")).status == 429

    answers: list[Answer] = []
    limited = (*written(tmp_path), "--max-questions", "1")
    with RunningServer(tmp_path / "data", limited) as running, ThreadPoolExecutor(16) as askers:
        eventually(is_used_up, "REST and ClickHouse use up one limit")
        refused = [answer for answer in answers if answer.status != 200]
        assert {answer.status for answer in refused} == {429}
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
        assert {answer.headers["x-clickhouse-exception-code"] for answer in refused} == {"201"}
        assert b"QUOTA_EXCEEDED" in refused[0].body
        assert told("shopper").status == 200
        insert = b'INSERT INTO otel_logs FORMAT JSONEachRow {"Body": "x", "Timestamp": "2026-11-20 10:00:00"}'
        sent = askers.map(told, ["writer"] * 16, [insert] * 16, ["writer"] * 16)
        assert {answer.status for answer in sent} == {200}
