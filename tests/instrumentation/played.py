"""Played: a client of a real SDK whose requests are answered by their method and path."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

import anthropic
import openai

from instrumentation.http_library import httpx2

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping


def client(package: str, answers: Mapping[str, Any], *, is_async: bool = False, **options: Any) -> Any:
    """A client; `answers` has what "method /end of a path" is answered with: an object, or the bytes of a body."""

    def answered(request: httpx2.Request) -> httpx2.Response:
        asked = f"{request.method.lower()} {request.url.path}"
        answer = next((answers[name] for name in answers if _fits(name, asked)), None)
        if answer is None:
            return httpx2.Response(404, json={"error": {"message": f"nothing at {asked}"}})
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        kind = "application/json" if not isinstance(answer, bytes) else _kind(body)
        return httpx2.Response(200, headers={"content-type": kind}, stream=_Pieces(body), request=request)

    kinds: dict[str, tuple[Any, Any]] = {
        "openai": (openai.OpenAI, openai.AsyncOpenAI),
        "anthropic": (anthropic.Anthropic, anthropic.AsyncAnthropic),
    }
    kind = kinds[package][is_async]
    transport: Any = httpx2.MockTransport(answered)
    http: Any = (httpx2.AsyncClient if is_async else httpx2.Client)(transport=transport)
    return kind(**{"api_key": "k", "max_retries": 0, "http_client": http, **options})


class _Pieces(httpx2.ByteStream):
    """A body that comes in pieces that fall where no line ends."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self._pieces = [body[place : place + 97] for place in range(0, len(body), 97)]

    def __iter__(self) -> Iterator[bytes]:
        yield from self._pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


async def drained(items: Iterable[Any] | AsyncIterable[Any], most: int | None = None) -> list[Any]:
    """The items of a stream of either kind, or the first of them."""
    found: list[Any] = []
    if hasattr(items, "__aiter__"):
        async for item in items:  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
            found.append(item)
            if len(found) == most:
                break
        return found
    for item in items:  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
        found.append(item)
        if len(found) == most:
            break
    return found


async def waited(answer: Any) -> Any:
    """An answer of either kind of client."""
    return await answer if inspect.isawaitable(answer) else answer


def _fits(name: str, asked: str) -> bool:
    method, _, path = name.partition(" ")
    return asked.startswith(method) and asked.endswith(path)


def _kind(body: bytes) -> str:
    return "text/event-stream" if body.startswith((b"event:", b"data:")) else "application/x-jsonl"
