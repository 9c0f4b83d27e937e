"""The ways a stream can go, for the soak: read, broken, closed, dropped, cancelled, never read; now and awaited."""

from __future__ import annotations

import asyncio
import json
import random
from typing import TYPE_CHECKING, Any

import anthropic
import httpx2
import openai

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

_USAGE = {"prompt_tokens": 12, "completion_tokens": 4, "total_tokens": 16}
_INPUT = {"input_tokens": 12, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 0}
_HEAD = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_790_000_000, "model": "gpt-4o"}
_MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-4-5",
    "content": [],
}
_TEXT = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "duck"}}


def _sse(data: Any) -> bytes:
    return f"event: {data.get('type', '')}\ndata: {json.dumps(data)}\n\n".encode()


def _delta(text: str, reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": reason}
    return _sse({**_HEAD, "choices": [choice], "usage": None})


_PIECES = {
    "/v1/chat/completions": [
        *(_delta("duck") for _ in range(5)),
        _delta("", "stop"),
        _sse({**_HEAD, "choices": [], "usage": _USAGE}),
        b"data: [DONE]\n\n",
    ],
    "/v1/messages": [
        _sse({"type": "message_start", "message": {**_MESSAGE, "usage": {**_INPUT, "output_tokens": 1}}}),
        _sse({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        *(_sse(_TEXT) for _ in range(4)),
        _sse({"type": "content_block_stop", "index": 0}),
        _sse({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 4}}),
        _sse({"type": "message_stop"}),
    ],
}


class _Body(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    def __init__(self, pieces: list[bytes], *, is_broken: bool) -> None:
        self._pieces = pieces[:3] if is_broken else pieces
        self._is_broken = is_broken

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces
        if self._is_broken:
            raise httpx2.ReadError("cut")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            await asyncio.sleep(0)
            yield piece


def _answer(request: httpx2.Request) -> httpx2.Response:
    kind = {"content-type": "text/event-stream"}
    body = _Body(_PIECES[request.url.path], is_broken="x-broken" in request.headers)
    return httpx2.Response(200, headers=kind, stream=body, request=request)


class Streams:
    """The ways a stream can go; each method makes one call."""

    def __init__(self) -> None:
        transport = httpx2.MockTransport(_answer)
        options: dict[str, Any] = {"api_key": "k", "max_retries": 0}
        now: dict[str, Any] = {**options, "http_client": httpx2.Client(transport=transport)}
        later: dict[str, Any] = {**options, "http_client": httpx2.AsyncClient(transport=transport)}
        asked: dict[str, Any] = {"messages": [{"role": "user", "content": "?"}], "max_tokens": 9, "stream": True}
        chat: list[Any] = [openai.OpenAI(**now), openai.AsyncOpenAI(**later)]
        claude: list[Any] = [anthropic.Anthropic(**now), anthropic.AsyncAnthropic(**later)]
        self._now = [(chat[0].chat.completions, "gpt-4o", asked), (claude[0].messages, "claude-haiku-4-5", asked)]
        self._later = [(chat[1].chat.completions, "gpt-4o", asked), (claude[1].messages, "claude-haiku-4-5", asked)]

    def _open(self, **more: Any) -> Any:
        calls, model, asked = random.choice(self._now)  # noqa: S311  (a mixture, not a secret)
        return calls.create(model=model, **asked, **more)

    async def _await(self, **more: Any) -> Any:
        calls, model, asked = random.choice(self._later)  # noqa: S311
        return await calls.create(model=model, **asked, **more)

    def read(self) -> None:
        """Reads to the end."""
        for _ in self._open():
            pass

    def broken(self) -> None:
        """The connection is cut."""
        try:
            for _ in self._open(extra_headers={"x-broken": "1"}):
                pass
        except (httpx2.ReadError, openai.APIConnectionError, anthropic.APIConnectionError):
            return
        raise AssertionError("a cut connection was not noticed")

    def closed(self) -> None:
        """Closed after a chunk."""
        stream = self._open()
        next(iter(stream))
        stream.close()

    def dropped(self) -> None:
        """Left in the middle of a loop."""
        for _ in self._open():
            break

    def unread(self) -> None:
        """Never read."""
        self._open()

    def raw(self) -> None:
        """Asked for as a raw answer whose stream nobody reads."""
        calls, model, asked = random.choice(self._now)  # noqa: S311
        calls.with_raw_response.create(model=model, **asked)

    def left(self) -> None:
        """A streaming response that is left after one line."""
        calls, model, asked = random.choice(self._now)  # noqa: S311
        with calls.with_streaming_response.create(model=model, **asked) as answer:
            next(answer.iter_lines())

    def kept_in_a_cycle(self) -> None:
        """Dropped in a cycle, for the garbage collector to find."""
        holder: list[Any] = [self._open()]
        next(iter(holder[0]))
        holder.append(holder)

    async def read_later(self) -> None:
        """Reads to the end, asynchronously."""
        async for _ in await self._await():
            pass

    async def broken_later(self) -> None:
        """The connection is cut."""
        try:
            async for _ in await self._await(extra_headers={"x-broken": "1"}):
                pass
        except (httpx2.ReadError, openai.APIConnectionError, anthropic.APIConnectionError):
            return
        raise AssertionError("a cut connection was not noticed")

    async def closed_later(self) -> None:
        """Closed after a chunk."""
        stream = await self._await()
        await anext(aiter(stream))
        await stream.close()

    async def dropped_later(self) -> None:
        """Left in the middle of a loop."""
        async for _ in await self._await():
            break

    async def cancelled_later(self) -> None:
        """The task that reads is cancelled."""
        task = asyncio.create_task(self.read_later())
        for _ in range(random.randrange(4, 9)):  # noqa: S311
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def unread_later(self) -> None:
        """Never read."""
        await self._await()


NOW = ("read", "broken", "closed", "dropped", "unread", "raw", "left", "kept_in_a_cycle")
LATER = ("read_later", "broken_later", "closed_later", "dropped_later", "cancelled_later", "unread_later")
