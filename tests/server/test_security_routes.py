"""What holds for every route that the OpenAPI document names: hosts, origins, roles, SQL, a reader's services."""

from __future__ import annotations

import json
from itertools import cycle
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import pytest
from tests.server.tokens import bearer

from submeter.server.api.openapi import document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.server.running import Answer, RunningServer

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
ROOT = "/api/v1"
OPEN = {"/health"}
ENDLESS = {"/live"}
"""Never ends where it is allowed; what a reader of some services hears there has a test of its own."""


class Operation(NamedTuple):
    """A path and a method, with the parameters and the texts of the body that the document names."""

    path: str
    method: str
    parameters: list[tuple[str, str]]
    texts: list[str]

    def ask(self, server: RunningServer, query: str = "", body: Any = None, /, **headers: str) -> Answer:
        """Its answer, with `x` in the place of each parameter of the path."""
        data = None if self.method == "GET" else json.dumps({} if body is None else body).encode()
        named = {"Content-Type": "application/json", **headers}
        return server.request(f"{ROOT}{filled(self.path)}{query}", data, named, method=self.method)


def filled(path: str, **values: str) -> str:
    """A path with its parameters in it, `x` for those that have no value here."""
    for name in ("session", "id", "name"):
        path = path.replace(f"{{{name}}}", quote(values.get(name, "x"), safe=""))
    return path


def operations() -> Iterator[Operation]:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            parameters = [(parameter["name"], parameter["in"]) for parameter in operation.get("parameters", ())]
            taken = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            model = document()["components"]["schemas"].get(taken.get("$ref", "").rpartition("/")[2], {})
            yield Operation(path, method.upper(), parameters, list(model.get("properties", ())))


OPERATIONS = list(operations())
READING = [found for found in OPERATIONS if found.method == "GET" and found.path not in ENDLESS]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda found: f"{found.method}-{found.path}")
def test_foreign_hosts_and_pages_are_turned_away(server: RunningServer, operation: Operation) -> None:
    assert operation.ask(server, Host="evil.example").status == 421
    assert operation.ask(server, Origin="https://evil.example").status == 403


def test_nobody_without_a_token_asks_or_changes_anything(guarded: RunningServer) -> None:
    for operation in OPERATIONS:
        status = operation.ask(guarded).status
        assert status == (200 if operation.path in OPEN else 401), operation
        if operation.method != "GET":
            for name in ("reader", "writer", "shopper"):
                assert operation.ask(guarded, **bearer(name)).status == 403, (operation, name)


def test_no_parameter_of_any_route_reaches_the_sql(guarded: RunningServer) -> None:
    before = guarded.get(f"{ROOT}/summary", **bearer("admin")).json["totals"]
    texts = cycle(INJECTIONS)
    for operation in OPERATIONS:
        if operation.path in ENDLESS:
            continue
        for name, place in operation.parameters:
            for text in (next(texts), next(texts), next(texts)):
                if place == "path":
                    asked = operation._replace(path=filled(operation.path, **{name: text}))
                    answer = asked.ask(guarded, **bearer("admin"))
                else:
                    answer = operation.ask(guarded, f"?{name}={quote(text)}", **bearer("admin"))
                harmless(answer, operation, name, text)
        for name in operation.texts:
            trial = {"dry_run": True} if "dry_run" in operation.texts else {}
            for text in INJECTIONS:
                answer = operation.ask(guarded, "", {**trial, name: text}, **bearer("admin"))
                harmless(answer, operation, name, text)
    assert guarded.get(f"{ROOT}/summary", **bearer("admin")).json["totals"] == before
    assert guarded.get(f"{ROOT}/limits", **bearer("admin")).json["limits"] == []


def harmless(answer: Answer, *asked: object) -> None:
    """Whether an injection was taken as a value or refused, and gave nothing away."""
    assert answer.status in {200, 400, 404, 405}, (asked, answer.status, answer.body)
    assert b"root:" not in answer.body, asked
    assert b"DB::Exception" not in answer.body, (asked, answer.body)


def test_a_reader_of_one_service_reads_nothing_of_another(guarded: RunningServer) -> None:
    values = {"session": "bank-session", "id": "red", "name": "team"}
    told = 0
    for operation in READING:
        path = f"{ROOT}{filled(operation.path, **values)}"
        told += b"bank" in guarded.get(path, **bearer("admin")).body
        answer = guarded.get(path, **bearer("shopper"))
        assert answer.status in {200, 403, 404}, operation
        assert b"bank" not in answer.body.replace(b"no session 'bank-session'", b""), operation
    assert told >= 4, "without a scope the routes tell of the other service: else this shows nothing"
