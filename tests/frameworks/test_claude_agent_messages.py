"""Claude Agent SDK: what is made of its messages, as its agent 2.1.332 wrote them."""

from __future__ import annotations

from typing import Any

import pytest

from submeter.instrumentation import claude_agent_sdk
from submeter.instrumentation.claude_agent_sdk import Turns

HAIKU, OPUS = "claude-haiku-4-5", "claude-opus-4-7"


@pytest.fixture(autouse=True)
def forgotten() -> None:
    claude_agent_sdk.sessions.forget()


def summed(given: int, taken: int, **more: Any) -> dict[str, Any]:
    return {
        "inputTokens": given,
        "outputTokens": taken,
        "cacheReadInputTokens": 0,
        "cacheCreationInputTokens": 0,
        "costUSD": 0.5,
        "provider": "firstParty",
        **more,
    }


def answered(identity: str = "msg_1", model: str = HAIKU) -> dict[str, Any]:
    usage = {"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 2}
    return {
        "type": "assistant",
        "session_id": "s-1",
        "message": {"id": identity, "model": model, "usage": usage, "content": []},
    }


def result(sums: dict[str, Any] | None, usage: dict[str, int] | None = None, **more: Any) -> dict[str, Any]:
    told = {"type": "result", "subtype": "success", "session_id": "s-1", "usage": usage or {}, **more}
    return told if sums is None else {**told, "modelUsage": sums}


def counts(turns: Turns, *messages: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    told = [told for message in messages for told in turns.see(message)]
    return [(one.fields["model"], *map(one.fields["usage"].get, ("input_tokens", "output_tokens"))) for one in told]


def test_sums_are_of_the_session_and_only_their_growth_counts() -> None:
    turns = Turns(is_resumed=False)
    assert counts(turns, result({HAIKU: summed(100, 20)})) == [(HAIKU, 100, 20)]
    assert counts(turns, result({HAIKU: summed(150, 21), OPUS: summed(7, 3)})) == [(HAIKU, 50, 1), (OPUS, 7, 3)]
    assert counts(turns, result({HAIKU: summed(150, 21), OPUS: summed(7, 3)})) == []


def test_another_connection_goes_on_with_the_sums_of_a_session_it_resumes() -> None:
    counts(Turns(is_resumed=False), result({HAIKU: summed(100, 20)}))
    again = result({HAIKU: summed(130, 25)}, {"input_tokens": 25, "output_tokens": 5})
    assert counts(Turns(is_resumed=True), again) == [(HAIKU, 30, 5)]


def test_a_session_of_another_process_counts_the_turn_alone_first() -> None:
    turns = Turns(is_resumed=True)
    first = result({HAIKU: summed(1000, 200)}, {"input_tokens": 30, "output_tokens": 5})
    assert counts(turns, answered(), answered("msg_2"), first) == [(HAIKU, 30, 5)]
    assert counts(turns, result({HAIKU: summed(1100, 201)})) == [(HAIKU, 100, 1)]


def test_an_older_agent_begins_anew_with_a_session_that_it_resumes() -> None:
    counts(Turns(is_resumed=False), result({HAIKU: summed(100, 20)}))
    again = result({HAIKU: summed(130, 25)}, {"input_tokens": 130, "output_tokens": 25})
    assert counts(Turns(is_resumed=True), again) == [(HAIKU, 130, 25)]


def test_sums_that_began_anew_are_not_subtracted() -> None:
    turns = Turns(is_resumed=False)
    counts(turns, result({HAIKU: summed(1000, 200)}))
    anew = result({HAIKU: summed(30, 5)}, {"input_tokens": 30, "output_tokens": 5})
    assert counts(turns, answered(), anew) == [(HAIKU, 30, 5)]


def test_an_older_agent_tells_the_turn_alone() -> None:
    turn = result(None, {"input_tokens": 30, "output_tokens": 5})
    assert counts(Turns(is_resumed=False), answered(), turn) == [(HAIKU, 30, 5)]


def test_one_request_is_told_as_a_request_and_more_as_their_sum() -> None:
    turns = Turns(is_resumed=False)
    [*told] = [*turns.see(answered()), *turns.see(result({HAIKU: summed(10, 20)}))]
    assert [(one.endpoint.is_sum, one.fields.get("id")) for one in told] == [(False, "msg_1")]
    many = (answered("msg_2"), answered("msg_3"), result({HAIKU: summed(30, 60)}))
    [summary] = [one for message in many for one in turns.see(message)]
    assert summary.endpoint.is_sum
    assert summary.said.conversation == "s-1"


def test_a_turn_without_a_result_tells_what_went_in_once() -> None:
    turns = Turns(is_resumed=False)
    assert counts(turns, answered(), answered(), answered("msg_2", "<synthetic>")) == []
    [told] = turns.rest()
    assert (told.is_partial, told.fields["usage"]) == (True, {"input_tokens": 10, "cache_read_input_tokens": 5})
    assert list(turns.rest()) == []


def test_a_broken_off_turn_says_which_agent_was_asked_and_a_whole_one_whose_turn_it_was() -> None:
    block = {"type": "tool_use", "id": "toolu_1", "name": "Agent", "input": {"subagent_type": "reviewer"}}
    asking, reviewing = answered(), {**answered("msg_2"), "parent_tool_use_id": "toolu_1"}
    asking["message"]["content"] = [block, "a text"]
    turns = Turns(is_resumed=False, agent="writer")
    assert counts(turns, asking, reviewing, {**answered("msg_3"), "parent_tool_use_id": "toolu_9"}) == []
    assert [one.said.agent for one in turns.rest()] == ["writer", "reviewer", ""]
    told = [one for message in (asking, reviewing, result({HAIKU: summed(30, 60)})) for one in turns.see(message)]
    assert [one.said.agent for one in told] == ["writer"]


def test_who_served_a_model_is_told() -> None:
    sums = {HAIKU: summed(1, 1, provider="bedrock"), OPUS: summed(1, 1, provider="gateway")}
    told = list(Turns(is_resumed=False).see(result(sums)))
    assert [one.provider for one in told] == ["aws.bedrock", "anthropic"]


def test_a_turn_that_came_to_nothing_is_an_error() -> None:
    [told] = Turns(is_resumed=False).see(result({}, is_error=True, api_error_status=529))
    assert getattr(told.error, "status_code", None) == 529


@pytest.mark.parametrize("odd", [{}, {"type": "result"}, {"type": "result", "modelUsage": 3, "usage": []}, {"type": 1}])
def test_messages_of_another_shape_tell_nothing(odd: dict[str, Any]) -> None:
    assert list(Turns(is_resumed=False).see(odd)) == []
