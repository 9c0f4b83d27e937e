"""Codex beneath OpenAI Agents: the real SDK runs a program that says what Codex CLI 0.171 says; turns are counted."""

from __future__ import annotations

import json
import stat
import sys
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest

from frameworks.stage import finished, framework
from metering import metered, usage_of
from submeter import session
from submeter.instrumentation import openai_agents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

framework("agents")
Codex: Any = pytest.importorskip("agents.extensions.experimental.codex").Codex

PROGRAM = """#!{python}
import json, pathlib, sys
sys.stdin.read()
turns = pathlib.Path({turns!r})
said, *rest = json.loads(turns.read_text())
turns.write_text(json.dumps(rest))
for event in said:
    print(json.dumps(event), flush=True)
"""
STARTED = {"type": "thread.started", "thread_id": "th-1"}
ANSWER = {"type": "item.completed", "item": {"id": "i", "type": "agent_message", "text": "done"}}
FAILED = [STARTED, {"type": "turn.started"}, {"type": "turn.failed", "error": {"message": "no"}}]


def turn(taken: int, cached: int, given: int) -> list[dict[str, Any]]:
    """The events of a turn after which the thread has taken and given so much since it began."""
    more = {"cache_write_input_tokens": 0, "reasoning_output_tokens": 0}
    usage = {"input_tokens": taken, "cached_input_tokens": cached, "output_tokens": given, **more}
    return [STARTED, {"type": "turn.started"}, ANSWER, {"type": "turn.completed", "usage": usage}]


@pytest.fixture(autouse=True)
def _no_threads_seen() -> Iterator[None]:
    openai_agents.threads.forget()
    yield
    openai_agents.threads.forget()


@pytest.fixture
def codex(tmp_path: Path) -> Callable[..., Any]:
    """Makes a client whose program says these turns, one at each start."""

    def made(*turns: list[dict[str, Any]]) -> Any:
        (tmp_path / "turns").write_text(json.dumps(turns))
        program = tmp_path / "codex"
        program.write_text(PROGRAM.format(python=sys.executable, turns=str(tmp_path / "turns")))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return Codex(codex_path_override=str(program))

    return made


def counts(spans: Any) -> list[tuple[Any, ...]]:
    names = ("input_tokens", "cache_read.input_tokens", "output_tokens")
    return [tuple(usage_of(span).get(name) for name in names) for span in spans]


def test_each_turn_counts_what_the_threads_sum_has_grown_by(codex: Callable[..., Any]) -> None:
    client = codex(turn(3000, 300, 30), turn(10_000, 1000, 100), turn(12_000, 1500, 110))
    with metered() as made, session("own") as meter:
        thread = client.start_thread({"model": "gpt-5.1"})
        answers = [finished(thread.run("go")), finished(thread.run("on"))]
        resumed = client.resume_thread(thread.id)
        answers.append(finished(resumed.run("and on")))
        spans: list[Any] = made.all_ended()
    assert [answer.final_response for answer in answers] == ["done"] * 3
    assert counts(spans) == [(3000, 300, 30), (7000, 700, 70), (2000, 500, 10)]
    first = spans[0].attributes
    assert first["submeter.usage.witness"] == "openai-agents"
    assert first["gen_ai.conversation.id"] == "th-1"
    assert (first["session.id"], first["gen_ai.request.model"]) == ("own", "gpt-5.1")
    assert (meter.usage.input_tokens, meter.usage.output_tokens) == (12_000, 110)


def test_what_a_thread_took_elsewhere_is_not_counted_here(codex: Callable[..., Any]) -> None:
    client = codex(turn(10_000, 1000, 100), turn(12_000, 1500, 110))
    with metered() as made:
        thread = client.resume_thread("th-1")
        finished(thread.run("go"))
        finished(thread.run("on"))
        spans: list[Any] = made.all_ended()
    assert counts(spans) == [(None, None, None), (2000, 500, 10)]


def test_a_turn_that_fails_is_an_error_and_what_it_took_is_in_the_next(codex: Callable[..., Any]) -> None:
    client = codex(FAILED, turn(5000, 0, 50))
    with metered() as made:
        thread = client.start_thread()
        with pytest.raises(RuntimeError, match="no"):
            finished(thread.run("go"))
        finished(thread.run("again"))
        spans: list[Any] = made.all_ended()
    assert counts(spans) == [(None, None, None), (5000, 0, 50)]
    assert str(spans[0].attributes["error.type"]).endswith("TurnFailedError")


def test_events_are_the_same_and_a_stream_that_is_left_counts_nothing(codex: Callable[..., Any]) -> None:
    async def kinds(thread: Any, *, is_left: bool = False) -> list[str]:
        found: list[str] = []
        async with aclosing((await thread.run_streamed("go")).events) as events:
            async for event in events:
                found.append(event.type)
                if is_left:
                    break
        return found

    bare = finished(kinds(codex(turn(5, 0, 1)).start_thread()))
    with metered() as made:
        assert finished(kinds(codex(turn(5, 0, 1)).start_thread())) == bare
        assert finished(kinds(codex(turn(5, 0, 1)).start_thread(), is_left=True)) == bare[:1]
        assert counts(made.all_ended()) == [(5, 0, 1)]
