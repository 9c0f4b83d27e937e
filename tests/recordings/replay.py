"""Replay: sends a recorded request through the provider's real SDK, and plays the recorded answer back to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anthropic
import httpx2
import openai
from anthropic.types import Message, RawMessageStreamEvent
from anthropic.types.beta import BetaMessage, BetaRawMessageStreamEvent
from openai.types import (
    Batch,
    Completion,
    CreateEmbeddingResponse,
    ImageGenStreamEvent,
    ImagesResponse,
    ModerationCreateResponse,
)
from openai.types.audio import Transcription, TranscriptionStreamEvent
from openai.types.beta import AssistantStreamEvent
from openai.types.beta.threads import Run
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import CompactedResponse, Response, ResponseStreamEvent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from recordings.exchange import Exchange

_LEFT_OUT = ("content-encoding", "content-length", "transfer-encoding", "set-cookie", "connection")
_PIECE = 997
"""Bytes of a body that arrive at once: a prime, so that events and characters are cut anywhere."""


@dataclass(frozen=True)
class Family:
    """One kind of call: the end of its path, the SDK that makes it and the types that SDK gives back.

    `is_fetched` says that it fetches an answer that was asked for before.
    """

    package: str
    path: str
    kind: str
    answer: Any
    event: Any = None
    method: str = "POST"
    is_fetched: bool = False


FAMILIES = (
    Family("openai", "/chat/completions", "chat", ChatCompletion, ChatCompletionChunk),
    Family("openai", "/completions", "text_completion", Completion, Completion),
    Family("openai", "/responses", "chat", Response, ResponseStreamEvent),
    Family("openai", "/responses/compact", "chat", CompactedResponse),
    Family("openai", "/responses/[^/]+", "chat", Response, ResponseStreamEvent, "GET", is_fetched=True),
    Family("openai", "/responses/[^/]+/cancel", "chat", Response, None, "POST", is_fetched=True),
    Family("openai", "/embeddings", "embeddings", CreateEmbeddingResponse),
    Family("openai", "/moderations", "moderation", ModerationCreateResponse),
    Family("openai", "/images/(generations|edits|variations)", "generate_content", ImagesResponse, ImageGenStreamEvent),
    Family(
        "openai", "/audio/(transcriptions|translations)", "generate_content", Transcription, TranscriptionStreamEvent
    ),
    Family("openai", "/threads(/[^/]+)?/runs", "chat", Run, AssistantStreamEvent, "POST", is_fetched=True),
    Family("openai", "/threads/[^/]+/runs/[^/]+", "chat", Run, None, "GET", is_fetched=True),
    Family(
        "openai",
        "/threads/[^/]+/runs/[^/]+/(submit_tool_outputs|cancel)",
        "chat",
        Run,
        AssistantStreamEvent,
        "POST",
        is_fetched=True,
    ),
    Family("openai", "/batches/[^/]+", "chat", Batch, None, "GET", is_fetched=True),
    Family("anthropic", "/v1/messages", "chat", Message, RawMessageStreamEvent),
)
MODES = ("plain", "async", "raw", "bytes")
"""Ways to make a call: the SDK's models, the same asynchronously, its raw response, and the bytes themselves."""


def family_of(exchange: Exchange) -> Family | None:
    """The family of a recorded request, `None` for what is not a call in one of the two formats."""
    for family in FAMILIES:
        if family.method == exchange.method and re.search(f"{family.path}$", exchange.path):
            return family
    return None


class Player:
    """The SDKs' clients over a transport that plays one exchange after another."""

    def __init__(self) -> None:
        self._playing: Exchange | None = None
        self._clients: dict[tuple[str, str, bool], Any] = {}

    async def play(self, exchange: Exchange, family: Family, mode: str) -> Exception | None:
        """Makes the call in one of `MODES` and reads its answer to the end; gives the SDK's error where it raised."""
        self._playing = exchange
        client, path = self._client(exchange, family, is_async=mode == "async")
        is_stream = exchange.is_stream
        options: dict[str, Any] = {"cast_to": family.answer, "stream": is_stream}
        beta = family.package == "anthropic" and "beta=true" in exchange.url
        if beta:
            options["cast_to"] = BetaMessage
        if is_stream:
            kind = {"openai": openai, "anthropic": anthropic}[family.package]
            streams: Any = kind.AsyncStream if mode == "async" else kind.Stream
            event = BetaRawMessageStreamEvent if beta else family.event
            options["cast_to"] = event
            options["stream_cls"] = streams[event]
        if family.method == "POST":
            options["body"] = exchange.request
        if mode in ("raw", "bytes"):
            options["options"] = {"headers": {"X-Stainless-Raw-Response": "true" if mode == "raw" else "stream"}}
        send = client.post if family.method == "POST" else client.get
        try:
            if mode == "async":
                await _taken_async(await send(path, **options), is_stream=is_stream)
            else:
                _taken(send(path, **options), mode, is_stream=is_stream)
        except (openai.OpenAIError, anthropic.AnthropicError, ValueError) as error:
            return error
        return None

    def _client(self, exchange: Exchange, family: Family, *, is_async: bool) -> tuple[Any, str]:
        found = re.search(f"{family.path}$", exchange.path)
        assert found is not None
        scheme, start = exchange.url.partition("://")[0], exchange.path[: found.start()]
        key = (family.package, f"{scheme}://{exchange.host}{start}", is_async)
        path = exchange.path[found.start() :] + ("?beta=true" if "beta=true" in exchange.url else "")
        if key not in self._clients:
            self._clients[key] = self._made(*key)
        return self._clients[key], path

    def _made(self, package: str, base: str, is_async: bool) -> Any:
        transport = httpx2.MockTransport(self._answer)
        http_client: Any = httpx2.AsyncClient(transport=transport) if is_async else httpx2.Client(transport=transport)
        options: dict[str, Any] = {"api_key": "k", "base_url": base, "max_retries": 0, "http_client": http_client}
        deployed = re.match(r"(https?://[^/]+)/+openai/deployments/([^/]+)$", base)
        if deployed:
            kind = openai.AsyncAzureOpenAI if is_async else openai.AzureOpenAI
            del options["base_url"]
            options.update(azure_endpoint=deployed[1], azure_deployment=deployed[2], api_version="2025-03-01-preview")
            return kind(**options)
        if package == "anthropic":
            return (anthropic.AsyncAnthropic if is_async else anthropic.Anthropic)(**options)
        return (openai.AsyncOpenAI if is_async else openai.OpenAI)(**options)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        played = self._playing
        assert played is not None
        headers = {name: value for name, value in played.headers.items() if name not in _LEFT_OUT}
        if not played.content_type:  # not recorded
            headers["content-type"] = "text/event-stream" if played.is_stream else "application/json"
        return httpx2.Response(played.status, headers=headers, stream=_Body(played.body), request=request)


class _Body(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self._body), _PIECE):
            yield self._body[start : start + _PIECE]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


def _taken(answer: Any, mode: str, *, is_stream: bool) -> None:
    if mode == "bytes":
        for _ in answer.iter_bytes():
            pass
        answer.close()
    elif is_stream:
        for _ in answer.parse() if mode == "raw" else answer:
            pass
    elif mode == "raw":
        answer.parse()


async def _taken_async(answer: Any, *, is_stream: bool) -> None:
    if is_stream:
        async for _ in answer:
            pass
