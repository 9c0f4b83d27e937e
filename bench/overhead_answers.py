"""The workloads: calls of the real SDKs, and the bodies that a provider would answer them with."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any

import anthropic
import openai
import openai._base_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import httpx2
else:  # httpx2 from openai 3 on, and httpx before, which OpenLIT still asks for
    _beneath: Any = vars(openai._base_client)  # noqa: SLF001  (where the SDK keeps the library that it chose)
    httpx2 = _beneath.get("httpx2") or _beneath["httpx"]

CHUNKS = 200
"""Chunks of a stream, the ends included."""

_TEXT = "The lake freezes from the shore inwards, and the ducks are the last to leave. " * 12
_PROMPT = [{"role": "user", "content": "Describe the lake in winter in a dozen sentences."}]
_CHAT_USAGE = {
    "prompt_tokens": 120,
    "completion_tokens": 300,
    "total_tokens": 420,
    "prompt_tokens_details": {"cached_tokens": 64, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 40, "audio_tokens": 0},
}
_CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_790_000_000,
    "model": "gpt-4o-2024-08-06",
    "service_tier": "default",
    "system_fingerprint": "fp_1",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": _TEXT}, "finish_reason": "stop"}],
    "usage": _CHAT_USAGE,
}
_INPUT = {"input_tokens": 180, "cache_read_input_tokens": 1024, "cache_creation_input_tokens": 256}
_MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5-20250929",
    "content": [{"type": "text", "text": _TEXT}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {**_INPUT, "output_tokens": 300, "service_tier": "standard"},
}
_EMBEDDINGS = {
    "object": "list",
    "model": "text-embedding-3-small",
    "data": [{"object": "embedding", "index": 0, "embedding": base64.b64encode(bytes(4 * 256)).decode()}],
    "usage": {"prompt_tokens": 8, "total_tokens": 8},
}


def _chat_stream() -> bytes:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_790_000_000, "model": _CHAT["model"]}

    def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}], "usage": None}

    told = [chunk({"role": "assistant", "content": ""}), *(chunk({"content": " duck"}) for _ in range(CHUNKS - 3))]
    told += [chunk({}, "stop"), {**head, "choices": [], "usage": _CHAT_USAGE}]
    return b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in told) + b"data: [DONE]\n\n"


def _message_stream() -> bytes:
    start: dict[str, Any] = {**_MESSAGE, "content": [], "stop_reason": None, "usage": {**_INPUT, "output_tokens": 1}}
    text = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": " duck"}}
    told: list[dict[str, Any]] = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *([text] * (CHUNKS - 5)),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {**_INPUT, "output_tokens": 300},
        },
        {"type": "message_stop"},
    ]
    return b"".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in told)


class _Body(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        yield self._body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body


class _Transport(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    def __init__(self) -> None:
        self._whole = {
            "/v1/chat/completions": json.dumps(_CHAT).encode(),
            "/v1/messages": json.dumps(_MESSAGE).encode(),
            "/v1/embeddings": json.dumps(_EMBEDDINGS).encode(),
        }
        self._streams = {"/v1/chat/completions": _chat_stream(), "/v1/messages": _message_stream()}

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        path, is_stream = request.url.path, b'"stream":true' in request.read()
        body = (self._streams if is_stream else self._whole)[path]
        kind = "text/event-stream" if is_stream else "application/json"
        return httpx2.Response(200, headers={"content-type": kind}, stream=_Body(body), request=request)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return self.handle_request(request)


_ASKED: dict[str, Any] = {"model": "gpt-4o", "messages": _PROMPT, "temperature": 0.2, "max_tokens": 400}
_TOLD: dict[str, Any] = {"model": "claude-sonnet-4-5", "messages": _PROMPT, "max_tokens": 400}


class Calls:
    """The workloads: each method makes one call and reads its answer to the end."""

    def __init__(self) -> None:
        transport = _Transport()
        self._loop = asyncio.new_event_loop()
        self._chat: Any = openai.OpenAI(api_key="k", http_client=httpx2.Client(transport=transport))
        self._later: Any = openai.AsyncOpenAI(api_key="k", http_client=httpx2.AsyncClient(transport=transport))
        self._claude: Any = anthropic.Anthropic(api_key="k", http_client=httpx2.Client(transport=transport))

    def chat(self) -> None:
        """A chat completion."""
        self._chat.chat.completions.create(**_ASKED)

    def chat_stream(self) -> None:
        """A chat completion as a stream that states its usage."""
        for _ in self._chat.chat.completions.create(**_ASKED, stream=True, stream_options={"include_usage": True}):
            pass

    def chat_async(self) -> None:
        """A chat completion, awaited."""
        self._loop.run_until_complete(self._later.chat.completions.create(**_ASKED))

    def messages(self) -> None:
        """A message."""
        self._claude.messages.create(**_TOLD)

    def messages_stream(self) -> None:
        """A message as a stream."""
        for _ in self._claude.messages.create(**_TOLD, stream=True):
            pass

    def embeddings(self) -> None:
        """One embedding."""
        self._chat.embeddings.create(model="text-embedding-3-small", input="a frozen lake")
