"""What a hostile client tries, each refused: paths, hosts, origins, SQL, files, roles, sizes, slowness."""

from __future__ import annotations

import contextlib
import json
import socket
from itertools import cycle
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from tests.server.running import RunningServer
from tests.server.telemetry import add_call, traces

from submeter.server.api import QUESTIONS
from submeter.server.patience import HEAD_BYTES, HEAD_S
from submeter.server.principal import hashed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INJECTIONS = (
    "' OR 1=1 --",
    "'; DROP TABLE otel.llm_call_rows; --",
    "x' UNION ALL SELECT * FROM file('/etc/passwd', 'CSV') --",
    "{start_ns:Int64}",
    "\\' OR \\'1\\'=\\'1",
    "otel.llm_calls",
    "file('/etc/passwd')",
    "url('http://127.0.0.1:1/')",
    ") SETTINGS readonly = 0 --",
    "\x00",
)
TOKENS = {"reader": "r-token", "writer": "w-token", "admin": "a-token", "shopper": "s-token"}
"""Tokens by name; the shopper is a reader who sees the service `shop` alone."""


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKENS[name]}"}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with tokens, and one call each of two services."""
    folder = tmp_path_factory.mktemp("guarded")
    entries = [
        {"name": name, "role": "reader" if name == "shopper" else name, "hash": hashed(token)}
        | ({"services": ["shop"]} if name == "shopper" else {})
        for name, token in TOKENS.items()
    ]
    (folder / "tokens.yaml").write_text(json.dumps({"tokens": entries}))
    arguments = ("--tokens", str(folder / "tokens.yaml"), "--max-questions", "1000")
    with RunningServer(folder / "data", arguments) as running:
        for service in ("shop", "bank"):
            request, spans = traces()
            add_call(spans, f"{service}-session", {"user.id": "u-1", "submeter.tag.team": "red"}, tokens=100)
            resource = request.resource_spans[0].resource
            resource.attributes[0].value.string_value = service
            assert running.send("traces", request, **bearer("writer")).status == 200
        yield running


def test_no_parameter_of_any_question_reaches_the_sql(guarded: RunningServer) -> None:
    before = guarded.get("/api/v1/summary", **bearer("reader")).json["totals"]
    texts = cycle(INJECTIONS)
    for question in QUESTIONS.values():
        for name in question.parameters.model_fields:
            for text in (next(texts), next(texts)):
                path = question.path.replace(f"{{{name}}}", quote(text, safe=""))
                for other in ("session", "id", "name"):
                    path = path.replace(f"{{{other}}}", "x")
                query = "" if f"{{{name}}}" in question.path else f"?{name}={quote(text)}"
                answer = guarded.get(f"/api/v1{path}{query}", **bearer("reader"))
                assert answer.status in {200, 400, 404}, (question.name, name, text, answer.body)
                assert b"root:" not in answer.body
                assert b"DB::Exception" not in answer.body, (question.name, name, text, answer.body)
    assert guarded.get("/api/v1/summary", **bearer("reader")).json["totals"] == before


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
    assert guarded.post("/api/v1/purge", purge, "application/json", **bearer("admin")).json["total"] > 0
    assert guarded.get("/api/v1/sessions?user=u-erased", **bearer("reader")).json["sessions"] == []
    audit = guarded.get("/api/v1/audit", **bearer("admin"))
    assert audit.json["audit"][0]["actor"] == "admin"
    assert b"u-erased" not in audit.body


LARGE_PURGE = b'{"user":"' + b"x" * 20_000
WRONG_PURGES = (b"", b"[]", b"{", b'{"user":""}', b'{"users":"x"}', b"\xff", LARGE_PURGE)


@pytest.mark.parametrize("body", WRONG_PURGES)
def test_a_wrong_purge_erases_nothing(guarded: RunningServer, body: bytes) -> None:
    assert guarded.post("/api/v1/purge", body, "application/json", **bearer("admin")).status in {400, 413}


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
        assert ended(big)


def test_too_many_questions_are_told_to_wait(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", ("--max-questions", "1")) as running:
        answers = [running.get("/api/v1/health") for _ in range(3)] + [running.get("/api/v1/models") for _ in range(4)]
        assert [answer.status for answer in answers[:3]] == [200, 200, 200], "whoever watches is not counted"
        refused = answers[-1]
        assert refused.status == 429
        assert int(refused.headers["retry-after"]) >= 1
