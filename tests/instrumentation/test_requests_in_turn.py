"""Work of several requests: a response made in the background, compacted or cancelled; a runner of tools."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anthropic
import pytest

from instrumentation.played import client, waited
from metering import usage_of

if TYPE_CHECKING:
    from metering import Metering

pytestmark = pytest.mark.usefixtures("clean_gc")

MODES = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])

QUEUED: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": "gpt-4o",
    "status": "queued",
    "background": True,
    "output": [],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "usage": None,
}
USED = {
    "input_tokens": 123,
    "input_tokens_details": {"cached_tokens": 12},
    "output_tokens": 45,
    "output_tokens_details": {"reasoning_tokens": 7},
    "total_tokens": 168,
}
COUNTED = {"input_tokens": 123, "output_tokens": 45, "cache_read.input_tokens": 12, "reasoning.output_tokens": 7}


def counted(metering: Metering) -> list[dict[str, Any]]:
    return [usage for span in metering.ended() if (usage := usage_of(span))]


def totals(metering: Metering) -> list[float | None]:
    return [metering.total(f"gen_ai.client.inference.usage.{one}_tokens") for one in ("input", "output")]


@MODES
@pytest.mark.parametrize("last", ["completed", "cancelled", "incomplete"])
def test_a_response_in_the_background_counts_once_when_it_is_done(
    last: str, is_async: bool, metering: Metering
) -> None:
    answers = {"post /responses": QUEUED, "get /responses/resp_1": {**QUEUED, "status": "in_progress"}}
    answers["post /responses/resp_1/cancel"] = {**QUEUED, "status": last, "usage": USED}

    async def played() -> None:
        responses = client("openai", answers, is_async=is_async).responses
        await waited(responses.create(model="gpt-4o", input="Ulm", background=True))
        await waited(responses.retrieve("resp_1"))
        assert counted(metering) == []
        answers["get /responses/resp_1"] = {**QUEUED, "status": last, "usage": USED}
        if last == "cancelled":
            await waited(responses.cancel("resp_1"))
        for _ in range(2):
            await waited(responses.retrieve("resp_1"))

    asyncio.run(played())
    assert counted(metering) == [COUNTED]
    assert totals(metering) == [123, 45]


@MODES
def test_a_cancel_that_comes_before_any_work_counts_nothing(is_async: bool, metering: Metering) -> None:
    answers = {"post /responses": QUEUED, "post /responses/resp_1/cancel": {**QUEUED, "status": "cancelled"}}

    async def played() -> None:
        responses = client("openai", answers, is_async=is_async).responses
        await waited(responses.create(model="gpt-4o", input="Ulm", background=True))
        await waited(responses.cancel("resp_1"))

    asyncio.run(played())
    assert counted(metering) == []
    assert totals(metering) == [None, None]


@MODES
def test_compacting_is_a_call_of_its_own(is_async: bool, metering: Metering) -> None:
    compacted: dict[str, Any] = {
        "id": "cmp_1",
        "object": "response.compaction",
        "created_at": 1,
        "output": [],
        "usage": USED,
    }

    async def played() -> None:
        responses = client("openai", {"post /responses/compact": compacted}, is_async=is_async).responses
        await waited(responses.compact(model="gpt-4o", input="Ulm"))

    asyncio.run(played())
    assert counted(metering) == [COUNTED]
    assert totals(metering) == [123, 45]


@MODES
def test_a_runner_of_tools_counts_each_of_its_requests(is_async: bool, metering: Metering) -> None:
    message: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-4-8",
        "stop_reason": "tool_use",
        "content": [{"type": "tool_use", "id": "toolu_1", "name": "find", "input": {"city": "Ulm"}}],
        "usage": {"input_tokens": 30, "output_tokens": 4},
    }
    done = {
        **message,
        "id": "msg_2",
        "stop_reason": "end_turn",
        "content": [{"type": "text", "text": "in Ulm"}],
        "usage": {"input_tokens": 50, "output_tokens": 6},
    }
    answers = {"post /v1/messages": message}
    asked = list[str]()

    def note(city: str) -> str:
        asked.append(city)
        answers["post /v1/messages"] = done
        return "found"

    async def note_async(city: str) -> str:
        return note(city)

    async def played() -> str:
        made = client("anthropic", answers, is_async=is_async)
        decorate: Any = anthropic.beta_async_tool if is_async else anthropic.beta_tool
        tool = decorate(note_async if is_async else note, name="find", description="finds a city")
        runner = made.beta.messages.tool_runner(
            model="claude-opus-4-8", max_tokens=64, tools=[tool], messages=[{"role": "user", "content": "Ulm?"}]
        )
        last: Any = await waited(runner.until_done())
        return last.content[0].text

    assert asyncio.run(played()) == "in Ulm"
    assert asked == ["Ulm"]
    assert counted(metering) == [
        {"input_tokens": 30, "output_tokens": 4},
        {"input_tokens": 50, "output_tokens": 6},
    ]
    assert totals(metering) == [80, 10]
