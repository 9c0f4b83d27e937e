"""Body: meters an HTTP response whose body the host reads itself, or closes early.

Hooks sit on the one response object, never on its class. They hold the response weakly, because a cycle would
leave it to the garbage collector to close a dropped stream. A body is parsed only when no stream object of the
SDK reads it (`Call.is_followed`): server-sent events as they pass, a JSON document at its end.
"""

from __future__ import annotations

import json
import weakref
from typing import TYPE_CHECKING, Any

from submeter.core.guard import attempt

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator

    from submeter.core.call import Call

LARGEST = 8 * 1024 * 1024
"""Bytes of a body that are kept for parsing; a larger one is passed on unmetered."""

_HOOKED = ("iter_bytes", "aiter_bytes", "close", "aclose")


class Reader:
    """Reads what passes of one body and feeds it to the call.

    Its methods stand in for the response's own while the body is open.
    """

    def __init__(self, call: Call, response: Any) -> None:
        self._call = call
        self._kind = type(response)
        self._response = weakref.ref(response)
        self._is_events = response.headers.get("content-type", "").startswith("text/event-stream")
        self._kept = bytearray()

    def iter_bytes(self, *args: Any, **kwargs: Any) -> Iterator[bytes]:
        """The decoded body; read on its way where no stream object of the SDK does."""
        pieces = self._kind.iter_bytes(self._response(), *args, **kwargs)
        return pieces if self._call.is_followed else tapped(self, pieces)

    def aiter_bytes(self, *args: Any, **kwargs: Any) -> AsyncIterator[bytes]:
        """`iter_bytes` for asynchronous code."""
        pieces = self._kind.aiter_bytes(self._response(), *args, **kwargs)
        return pieces if self._call.is_followed else tapped_async(self, pieces)

    def close(self) -> None:
        """Closes the response, by the host's wish or at the end of reading."""
        try:
            self._kind.close(self._response())
        finally:
            attempt(self.left)

    async def aclose(self) -> None:
        """`close` for asynchronous code."""
        try:
            await self._kind.aclose(self._response())
        finally:
            attempt(self.left)

    def reading(self, *, is_reading: bool) -> None:
        """Notes that the next bytes are being waited for, or have come."""
        self._call.is_reading = is_reading

    def feed(self, data: bytes) -> None:
        """Takes the next decoded bytes."""
        if len(self._kept) + len(data) > LARGEST:
            self._kept.clear()
            return
        self._kept += data
        if self._is_events:
            *lines, rest = bytes(self._kept).split(b"\n")
            self._kept = bytearray(rest)
            for line in lines:
                self._event(line.strip())

    def _event(self, line: bytes) -> None:
        data = line[5:].strip() if line.startswith(b"data:") else b""
        if data.startswith(b"{"):
            self._call.observe(json.loads(data))

    def end(self, error: BaseException | None = None) -> None:
        """The body ended: by itself, or by an error."""
        if error is None and self._kept and not self._is_events:
            attempt(self._document)
        self._call.finish(error)
        self._unhook()

    def _document(self) -> None:
        self._call.read(json.loads(bytes(self._kept)))

    def drop(self) -> None:
        """The host stopped reading."""
        self._call.drop()

    def left(self) -> None:
        """The response was closed. A close in the midst of reading is the reader's own, and it goes on."""
        if not self._call.is_reading:
            self._call.finish_early()
            self._unhook()

    def _unhook(self) -> None:
        response = self._response()
        for name in _HOOKED if response is not None else ():
            vars(response).pop(name, None)


def tapped(reader: Reader, pieces: Iterator[bytes]) -> Generator[bytes, None, None]:
    """Passes `pieces` on unchanged and has `reader` see them and their end."""
    try:
        reader.reading(is_reading=True)
        for piece in pieces:
            reader.reading(is_reading=False)
            attempt(reader.feed, piece)
            yield piece
            reader.reading(is_reading=True)
    except GeneratorExit:
        attempt(reader.drop)
        raise
    except BaseException as error:
        attempt(reader.end, error)
        raise
    else:
        attempt(reader.end)


async def tapped_async(reader: Reader, pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """`tapped` for an asynchronous body."""
    try:
        reader.reading(is_reading=True)
        async for piece in pieces:
            reader.reading(is_reading=False)
            attempt(reader.feed, piece)
            yield piece
            reader.reading(is_reading=True)
    except GeneratorExit:
        attempt(reader.drop)
        raise
    except BaseException as error:
        attempt(reader.end, error)
        raise
    else:
        attempt(reader.end)


def watch(call: Call, response: Any) -> None:
    """Has `call` learn how the host reads and closes the unread `response` (an httpx or httpx2 response)."""
    reader = Reader(call, response)
    vars(response).update({name: getattr(reader, name) for name in _HOOKED})
