"""The stand-in's Anthropic side, through the real SDK: answers, streams, the prompt cache and refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anthropic
import pytest
from pydantic import BaseModel

if TYPE_CHECKING:
    from anthropic.types import MessageParam, TextBlockParam, ToolParam
    from examples.standin import StandIn

MODEL = "claude-haiku-4-5"
TOOL: ToolParam = {
    "name": "weather",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}


class City(BaseModel):
    name: str


def said(text: str) -> list[MessageParam]:
    return [{"role": "user", "content": text}]


def cached(text: str, ttl: str) -> list[TextBlockParam]:
    control: Any = {"type": "ephemeral", "ttl": ttl}
    return [{"type": "text", "text": text, "cache_control": control}]


def test_message_counts_by_the_rule(claude: anthropic.Anthropic, provider: StandIn) -> None:
    answer = claude.messages.create(model=MODEL, max_tokens=99, messages=said("Say it in 6 words"), system="Be kind")
    assert answer.usage.input_tokens == 3 + 3 + 5 + 2
    assert answer.usage.output_tokens == 6
    assert answer.model == "claude-haiku-4-5-20251001"
    entry = provider.ledger[-1]
    assert entry.usage == answer.usage.model_dump(exclude_none=True)
    assert (entry.input_tokens, entry.output_tokens) == (13, 6)


def test_stream_gives_a_placeholder_first_and_the_count_last(claude: anthropic.Anthropic, provider: StandIn) -> None:
    events = list(claude.messages.create(model=MODEL, max_tokens=99, messages=said("in 9 words"), stream=True))
    first, last = events[0], events[-2]
    assert first.type == "message_start"
    assert first.message.usage.output_tokens == 2
    assert last.type == "message_delta"
    assert last.usage.output_tokens == 9
    assert last.delta.stop_reason == "end_turn"
    assert events[-1].type == "message_stop"
    assert provider.ledger[-1].usage == provider.ledger[-1].billed


def test_stream_helper_gathers_thinking_and_text(claude: anthropic.Anthropic) -> None:
    with claude.messages.stream(
        model=MODEL,
        max_tokens=4096,
        messages=said("in 9 words"),
        thinking={"type": "enabled", "budget_tokens": 1024},
    ) as stream:
        final = stream.get_final_message()
    assert [block.type for block in final.content] == ["thinking", "text"]
    assert final.usage.output_tokens == 169
    assert final.usage.output_tokens_details is not None
    assert final.usage.output_tokens_details.thinking_tokens == 160


def test_cache_is_written_then_read_with_its_lifetime(claude: anthropic.Anthropic, provider: StandIn) -> None:
    system = cached("Rule. " * 1000, "1h")
    for question in ("first?", "second?"):
        claude.messages.create(model=MODEL, max_tokens=20, system=system, messages=said(question))
    written, read = (entry.usage for entry in provider.ledger)
    assert written is not None
    assert read is not None
    assert written["cache_creation"] == {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 1500}
    assert written["cache_read_input_tokens"] == 0
    assert (read["cache_read_input_tokens"], read["cache_creation_input_tokens"]) == (1500, 0)
    assert written["input_tokens"] == read["input_tokens"] == 8
    assert provider.ledger[0].input_tokens == provider.ledger[1].input_tokens == 1508


def test_a_later_mark_writes_only_what_is_new(claude: anthropic.Anthropic, provider: StandIn) -> None:
    system = cached("Rule. " * 1000, "1h")
    later: Any = [{"role": "user", "content": cached("Long question. " * 400, "5m")}]
    claude.messages.create(model=MODEL, max_tokens=20, system=system, messages=said("hi"))
    claude.messages.create(model=MODEL, max_tokens=20, system=system, messages=later)
    usage = provider.ledger[-1].usage
    assert usage is not None
    assert usage["cache_read_input_tokens"] == 1500
    assert usage["cache_creation"] == {"ephemeral_5m_input_tokens": 1503, "ephemeral_1h_input_tokens": 0}
    assert usage["input_tokens"] == 3


def test_a_short_prefix_is_not_cached(claude: anthropic.Anthropic) -> None:
    answer = claude.messages.create(model=MODEL, max_tokens=9, system=cached("short", "5m"), messages=said("hi"))
    assert answer.usage.cache_creation_input_tokens == 0


def test_tools_are_used_until_a_result_is_given(claude: anthropic.Anthropic) -> None:
    asked = said("Weather?")
    called = claude.messages.create(model=MODEL, max_tokens=99, messages=asked, tools=[TOOL])
    assert called.stop_reason == "tool_use"
    block = called.content[0]
    assert block.type == "tool_use"
    assert block.input == {"city": "Lisbon"}
    result: Any = [{"type": "tool_result", "tool_use_id": block.id, "content": "sunny"}]
    turn: Any = [*asked, called.to_param(), {"role": "user", "content": result}]
    final = claude.messages.create(model=MODEL, max_tokens=99, messages=turn, tools=[TOOL])
    assert final.stop_reason == "end_turn"


async def test_async_stream_of_a_tool_call(async_claude: anthropic.AsyncAnthropic) -> None:
    async with async_claude.messages.stream(
        model=MODEL, max_tokens=99, messages=said("Weather?"), tools=[TOOL]
    ) as stream:
        final = await stream.get_final_message()
    block = final.content[0]
    assert block.type == "tool_use"
    assert block.input == {"city": "Lisbon"}


def test_parse_gets_json_that_fits(claude: anthropic.Anthropic) -> None:
    answer = claude.messages.parse(model=MODEL, max_tokens=99, messages=said("A city"), output_format=City)
    assert answer.parsed_output == City(name="A city")


async def test_async_message_and_token_count(async_claude: anthropic.AsyncAnthropic, provider: StandIn) -> None:
    answer = await async_claude.messages.create(model=MODEL, max_tokens=9, messages=said("in 30 words"))
    counted = await async_claude.messages.count_tokens(model=MODEL, messages=said("in 30 words"))
    assert answer.stop_reason == "max_tokens"
    assert counted.input_tokens == answer.usage.input_tokens
    assert provider.totals().calls == 1


def test_service_tier_can_be_steered(claude: anthropic.Anthropic) -> None:
    answer = claude.messages.create(
        model=MODEL,
        max_tokens=9,
        messages=said("hi"),
        extra_headers={"x-standin": "service_tier=priority,output_tokens=4"},
    )
    assert answer.usage.service_tier == "priority"
    assert answer.usage.output_tokens == 4


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"messages": []}, "at least one message"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"messages": [{"role": "user", "content": ""}]}, "non-empty content"),
        ({"messages": [{"role": "system", "content": "x"}]}, "Input should be 'user' or 'assistant'"),
        ({"thinking": {"type": "enabled", "budget_tokens": 5}}, "greater than or equal to 1024"),
        ({"extra_body": {"stream_options": {"include_usage": True}}}, "Extra inputs are not permitted"),
        ({"messages": [{"role": "user", "content": "x" * 900_000}]}, "prompt is too long"),
    ],
)
def test_messages_refuse_what_the_real_one_refuses(
    claude: anthropic.Anthropic, changed: dict[str, Any], message: str
) -> None:
    asked: dict[str, Any] = {"model": MODEL, "max_tokens": 50, "messages": said("hi")} | changed
    with pytest.raises(anthropic.BadRequestError, match=message) as caught:
        claude.messages.create(**asked)
    assert caught.value.request_id is not None


def test_unknown_models_and_keys_are_refused(claude: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError, match="model: claude-none"):
        claude.messages.create(model="claude-none", max_tokens=9, messages=said("hi"))
    with pytest.raises(anthropic.AuthenticationError):
        claude.with_options(api_key="wrong").messages.create(model=MODEL, max_tokens=9, messages=said("hi"))
