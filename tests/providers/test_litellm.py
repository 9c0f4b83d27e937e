"""litellm: what it asks by itself is counted, and what it asks through a metered SDK is counted there, once."""

from __future__ import annotations

import asyncio
import gc
import time
from typing import TYPE_CHECKING, Any

import pytest

from metering import metered, usage_of
from providers.matrix import Case, check, rows
from providers.play import Play
from providers.wire import HANG, Wire, document, events, named, sse

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

litellm: Any = pytest.importorskip("litellm")

pytestmark = [
    pytest.mark.usefixtures("clean_gc"),
    # What litellm and its HTTP library leave to the collector is theirs.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]

MODEL = "claude-sonnet-4-5"
HEAD = {"id": "msg_1", "type": "message", "role": "assistant", "model": MODEL}
USAGE = {"input_tokens": 4, "cache_read_input_tokens": 600, "cache_creation_input_tokens": 400, "output_tokens": 50}
TRUTH = {
    "input_tokens": 1004,
    "output_tokens": 50,
    "cache_read.input_tokens": 600,
    "cache_write.input_tokens": 400,
}
STARTED = {**TRUTH, "output_tokens": 1}
"""What litellm has kept of a stream by its first text."""
MESSAGES = [{"role": "user", "content": "Where?"}]
ANSWER = document({**HEAD, "content": [{"type": "text", "text": "Ulm"}], "stop_reason": "end_turn", "usage": USAGE})
PIECES = [
    named({"type": "message_start", "message": {**HEAD, "content": [], "usage": {**USAGE, "output_tokens": 1}}})
    + named({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
    + named({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "U"}}),
    named({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "lm"}}),
    named({"type": "content_block_stop", "index": 0})
    + named({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 50}})
    + named({"type": "message_stop"}),
]


cleanup: Any = pytest.importorskip("litellm.llms.custom_httpx.async_client_cleanup")


@pytest.fixture(autouse=True)
async def let_go() -> AsyncGenerator[None]:
    """Has litellm close the connections that it keeps for the next call, while their event loop is there."""
    yield
    await cleanup.close_litellm_async_clients()


def asked(url: str) -> dict[str, Any]:
    return {
        "model": f"anthropic/{MODEL}",
        "messages": MESSAGES,
        "api_base": url,
        "api_key": "k",
        "num_retries": 0,
        "temperature": 0.5,
    }


def words(value: Any) -> Any:
    """What is said: litellm gives each answer an id and a time of its own making."""
    choices = getattr(value, "choices", None)
    if not choices:
        return value
    (choice,) = choices
    return (choice.delta if hasattr(choice, "delta") else choice.message).content, choice.finish_reason


class Client:
    """litellm has none: its functions are told the address with each call."""

    def __init__(self, url: str, is_async: bool) -> None:
        self.ask = asked(url)
        self.complete = litellm.acompletion if is_async else litellm.completion
        self.end = cleanup.close_litellm_async_clients if is_async else lambda: None


REASONED = {"reasoning.output_tokens": 0}
"""What litellm states of every answer of its own."""

MESSAGE = Play(
    name="message",
    make=Client,
    whole=lambda client: client.complete(**client.ask),
    stream=lambda client: client.complete(**client.ask, stream=True),
    answer=ANSWER,
    pieces=PIECES,
    truth={**TRUTH, **REASONED},
    started={**STARTED, **REASONED},
    provider="anthropic",
    model=MODEL,
    asked={"gen_ai.request.temperature": 0.5},
    reasons=("stop",),
    refusal=document({"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}, 400),
    end=lambda client: client.end(),
    shown=words,
)
KEPT = ("stream-dropped", "stream-unread")
"""What ends only with the next call: litellm 1.110 keeps what it logs of the last one until then."""


@pytest.mark.parametrize(("play", "mode", "case"), [row for row in rows(MESSAGE) if not str(row.id).endswith(KEPT)])
def test_matrix(play: Play, mode: str, case: Case) -> None:
    check(play, mode, case)


def test_an_answer_of_its_own_is_counted() -> None:
    with Wire() as wire, metered() as metering:
        wire.play(ANSWER)
        assert litellm.completion(**asked(wire.url)).choices[0].message.content == "Ulm"
        (span,) = metering.ended()
        found = span.attributes or {}
        assert span.name == f"chat {MODEL}"
        assert usage_of(span) == {**TRUTH, **REASONED}
        assert (found["gen_ai.provider.name"], found["server.port"]) == ("anthropic", wire.port)
        assert found["gen_ai.request.temperature"] == 0.5
        assert found["gen_ai.response.finish_reasons"] == ("stop",)
        assert span.start_time is not None
        assert span.end_time is not None
        assert span.end_time - span.start_time > 100_000


def test_a_stream_states_what_the_provider_stated_although_nobody_asked_for_it() -> None:
    with Wire() as wire, metered() as metering:
        wire.play(events(PIECES))
        stream = litellm.completion(**asked(wire.url), stream=True)
        assert not metering.ended()
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == "Ulm"
        (span,) = metering.ended()
        assert usage_of(span) == {**TRUTH, **REASONED}
        assert (span.attributes or {})["gen_ai.request.stream"] is True


def test_a_stream_that_is_left_is_partial_once_litellm_lets_go_of_it() -> None:
    with Wire() as wire, metered() as metering:
        wire.play(events(PIECES))
        stream = litellm.completion(**asked(wire.url), stream=True)
        next(stream)
        del stream
        deadline = time.monotonic() + 15
        ends: list[Any] = []
        others = 0
        # A thread of litellm 1.110 keeps what it logs of its last call until its next one, and it has several threads.
        while True not in ends and time.monotonic() < deadline:
            wire.play(ANSWER)
            litellm.completion(**asked(wire.url))
            others += 1
            gc.collect()
            ends = [(span.attributes or {}).get("submeter.usage.partial") for span in metering.ended()]
        assert (ends.count(None), ends.count(True)) == (others, 1)


async def cancelled(stream: Any) -> None:
    task = asyncio.ensure_future(anext(stream))
    for _ in range(10):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def closed(stream: Any) -> None:
    await stream.aclose()


def test_a_refusal_is_an_error_of_the_provider_that_was_asked() -> None:
    with Wire() as wire, metered() as metering:
        wire.play(document({"type": "error", "error": {"type": "invalid_request_error", "message": "no"}}, 400))
        with pytest.raises(litellm.BadRequestError):
            litellm.completion(**asked(wire.url))
        (span,) = metering.ended()
        assert (span.attributes or {})["error.type"] == "BadRequestError"
        assert (span.attributes or {})["gen_ai.provider.name"] == "anthropic"


COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-4o-mini",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Ulm"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11},
}


async def test_what_goes_through_the_openai_sdk_is_counted_once() -> None:
    with Wire() as wire, metered() as metering:
        ask = {"model": "openai/gpt-4o-mini", "messages": MESSAGES, "api_base": wire.url, "api_key": "k"}
        wire.play(document(COMPLETION))
        litellm.completion(**ask)
        await litellm.acompletion(**ask)
        chunk = {**COMPLETION, "object": "chat.completion.chunk"}
        first: dict[str, Any] = {**chunk, "choices": [{"index": 0, "delta": {"content": "Ulm"}, "finish_reason": None}]}
        last: dict[str, Any] = {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        del first["usage"]
        wire.play(events(sse(first, last, end="[DONE]")))
        assert list(litellm.completion(**ask, stream=True))
        assert [usage_of(span) for span in metering.ended()] == [{"input_tokens": 9, "output_tokens": 2}] * 3


async def test_a_stream_through_the_openai_sdk_that_is_closed_or_cancelled_is_counted_once() -> None:
    with Wire() as wire, metered() as metering:
        ask = {"model": "openai/gpt-4o-mini", "messages": MESSAGES, "api_base": wire.url, "api_key": "k"}
        piece: dict[str, Any] = {**COMPLETION, "object": "chat.completion.chunk", "usage": None}
        piece["choices"] = [{"index": 0, "delta": {"content": "Ulm"}, "finish_reason": None}]
        for how in (closed, cancelled):
            wire.play(events([*sse(piece), HANG]))
            stream = await litellm.acompletion(**ask, stream=True)
            await anext(stream)
            await how(stream)
            await stream.aclose()
            del stream
        gc.collect()
        partial = [(span.attributes or {}).get("submeter.usage.partial") for span in metering.ended()]
        assert partial == [True, True]


def test_what_nobody_was_asked_for_is_not_counted() -> None:
    with metered() as metering:
        litellm.completion(model=f"anthropic/{MODEL}", messages=MESSAGES, mock_response="Ulm")
        assert not metering.ended()
