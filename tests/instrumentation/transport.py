"""Transport: answers an SDK's requests by script, byte for byte, and notes every piece the SDK takes.

Below it there is no socket, so that a test decides in which pieces a body arrives and when it breaks off.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from instrumentation.http_library import httpx2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

_UNLIKE = ("idempotency-key", "x-stainless-", "user-agent", "authorization", "x-api-key")


class Hang:
    """A piece that never comes."""


@dataclass
class Reply:
    """One scripted answer: its pieces are bytes, an error to raise in their place, or `Hang`."""

    pieces: list[Any] = field(default_factory=list[Any])
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])
    refusal: BaseException | type[Hang] | None = None

    @property
    def whole(self) -> bytes:
        """All bytes of the body."""
        return b"".join(piece for piece in self.pieces if isinstance(piece, bytes))


Scripted = Reply | Callable[[bytes], Reply]
"""An answer, or what makes one of the request's body."""


def document(value: Any, status: int = 200, **headers: str) -> Reply:
    """A JSON answer in two pieces, so that its body has a middle."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    half = len(data) // 2
    return Reply([data[:half], data[half:]], status, {"content-type": "application/json", **headers})


def events(pieces: list[Any]) -> Reply:
    """A stream of server-sent events."""
    return Reply(list(pieces), headers={"content-type": "text/event-stream"})


def encoded(reply: Reply, encoding: str, encode: Callable[[bytes], bytes]) -> Reply:
    """The same answer compressed, and cut where nothing ends."""
    body = encode(reply.whole)
    pieces = [body[start : start + 7] for start in range(0, len(body), 7)]
    return Reply([*pieces], headers={**reply.headers, "content-encoding": encoding})


class Transport(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """Plays `replies` in order; the last one is played again for ever. A function makes one of the request's body.

    `note` is told of every request, of every piece taken, and of the end of every body.
    """

    def __init__(self, replies: Sequence[Scripted], note: Callable[[object], None]) -> None:
        self._replies = list(replies)
        self._note = note
        self.bodies: list[bytes] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        reply = self._next(request)
        if isinstance(reply.refusal, BaseException):
            raise reply.refusal
        return self._response(reply, request)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        reply = self._next(request)
        if isinstance(reply.refusal, BaseException):
            raise reply.refusal
        if reply.refusal is Hang:
            await asyncio.Event().wait()
        return self._response(reply, request)

    def _next(self, request: httpx2.Request) -> Reply:
        headers = {name: value for name, value in request.headers.items() if not name.startswith(_UNLIKE)}
        headers["retry"] = request.headers.get("x-stainless-retry-count", "")
        headers["raw"] = request.headers.get("x-stainless-raw-response", "")
        boundary = headers.get("content-type", "").partition("boundary=")[2]
        body = request.content
        if boundary:  # made up anew for every form that is sent
            headers["content-type"], body = "multipart/form-data", body.replace(boundary.encode(), b"")
        self._note(("request", request.method, str(request.url), headers, body))
        self.bodies.append(request.content)
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        return reply(request.content) if callable(reply) else reply

    def _response(self, reply: Reply, request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(
            reply.status, headers=reply.headers, stream=_Body(reply.pieces, self._note), request=request
        )


class _Body(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    def __init__(self, pieces: list[Any], note: Callable[[object], None]) -> None:
        self._pieces = pieces
        self._note = note

    def __iter__(self) -> Iterator[bytes]:
        for place, piece in enumerate(self._pieces):
            self._note(("taken", place))
            yield _given(piece)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for place, piece in enumerate(self._pieces):
            self._note(("taken", place))
            if piece is Hang:
                await asyncio.Event().wait()
            yield _given(piece)

    def close(self) -> None:
        self._note("body closed")

    async def aclose(self) -> None:
        self._note("body closed")


def _given(piece: Any) -> bytes:
    if isinstance(piece, BaseException):
        raise piece
    return piece
