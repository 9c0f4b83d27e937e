"""Ids hold what people put into them: every question, and erasing, finds a session by exactly its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from tests.server.running import RunningServer
from tests.server.telemetry import add_call, traces

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("a", "a/token-stats", "token-stats", "line\nend", "a//b/", "..", "%2F", "x" * 5_000, "\x1b[31m", "ü?&=#")


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A session of one call for each name, each with other tokens."""
    request, spans = traces()
    for tokens, name in enumerate(NAMES, 1):
        add_call(spans, name, {"submeter.tag.a/b": name}, tokens=tokens * 10)
    with RunningServer(tmp_path_factory.mktemp("named") / "data") as running:
        assert running.send("traces", request).status == 200
        yield running


@pytest.mark.parametrize("name", NAMES)
def test_a_session_is_found_by_its_whole_name(named: RunningServer, name: str) -> None:
    tokens = (NAMES.index(name) + 1) * 10
    path = f"sessions/{quote(name, safe='')}"
    assert named.ask(path)["session"]["session_id"] == name
    assert named.ask(f"{path}/token-stats")["prompt_tokens"] == tokens
    assert named.ask(f"tags/a%2Fb/{quote(name, safe='')}/token-usage")["totals"]["input_tokens"] == tokens
    assert [row["session_id"] for row in named.ask(f"sessions?session={quote(name)}")["sessions"]] == [name]
    body = json.dumps({"session": name, "dry_run": True}).encode()
    assert named.post("/api/v1/purge", body, "application/json").json["rows"]["llm_call_rows"] == 1
