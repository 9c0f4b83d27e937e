"""The OpenAPI document: true to the routes, to the answers and to the documentation."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.running import RunningServer
from tests.server.telemetry import calls

from submeter.cli import commands
from submeter.server.api import PATHS
from submeter.server.api.export import EXPORT
from submeter.server.api.openapi import document
from submeter.server.api.purging import AUDIT
from submeter.server.api.questions import QUESTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("openapi") / "data") as running:
        assert running.send("traces", calls("s-1", 2)).status == 200
        yield running


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref", "")
    return document()["components"]["schemas"][reference.rpartition("/")[2]] if reference else schema


def test_every_question_has_a_path_and_every_path_a_question() -> None:
    assert sorted(PATHS) == sorted([*QUESTIONS, EXPORT.name, AUDIT.name])
    assert set(PATHS.values()) <= document()["paths"].keys() | {AUDIT.path}
    assert len(set(PATHS.values())) == len(PATHS)


def test_every_question_is_described_and_answers_as_described(asked: RunningServer) -> None:
    for question in QUESTIONS.values():
        operation = document()["paths"][question.path]["get"]
        path = re.sub(r"{\w+}", "s-1", question.path)
        answer = asked.ask(path.removeprefix("/"))
        schema = resolved(operation["responses"]["200"]["content"]["application/json"]["schema"])
        assert set(answer) == set(schema["properties"]), question.path
        described = {parameter["name"] for parameter in operation["parameters"]}
        assert described == set(question.parameters.model_fields)
        assert all(parameter["description"] for parameter in operation["parameters"]), question.path


def test_the_server_gives_the_document_and_a_page_for_it(asked: RunningServer) -> None:
    assert asked.get("/api/v1/openapi.json").json == json.loads(json.dumps(document()))
    page = asked.get("/api")
    assert page.status == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for name in ("reference.js", "reference.css"):
        assert f"/api/{name}".encode() in page.body
        file = asked.get(f"/api/{name}")
        assert file.status == 200
        assert b"http://" not in file.body
        assert b"https://" not in file.body


def test_every_path_is_in_the_documentation() -> None:
    said = (DOCS / "api.md").read_text("utf-8")
    for path, methods in document()["paths"].items():
        for method in methods:
            assert f"`{method.upper()} {path}`" in said, path
    for path in re.findall(r"`(?:GET|POST|PUT|DELETE) (/[^`?]+)`", said):
        assert path in document()["paths"] or path in {"/live/ws", "/audit"}, path


def test_every_command_and_option_is_in_the_documentation() -> None:
    said = (DOCS / "cli.md").read_text("utf-8")
    for name, (parser, _) in commands().items():
        assert f"\n## `submeter {name}" in said, name
        section = said.partition(f"\n## `submeter {name}")[2].partition("\n## ")[0] + said.partition("\n## ")[0]
        for action in parser._actions:
            for option in action.option_strings:
                if option.startswith("--") and option != "--help":
                    assert f"`{option}" in section, f"{name} {option}"
