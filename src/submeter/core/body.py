"""Body: meters an HTTP response whose body the host reads itself, or closes early.

The response carries its reader in its extensions; its class is hooked once, when the first such response is
seen, because a hook on the object would be a cycle that outlives a dropped stream. A body is parsed only when no
stream object of the SDK reads it (`Call.is_followed`): server-sent events and lines as they pass, a document at its
end.
"""

from __future__ import annotations

import json
from functools import wraps
from typing import TYPE_CHECKING, Any

from submeter.core import encoded, patch
from submeter.core.guard import attempt

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator

    from submeter.core.call import Call
    from submeter.core.encoded import EncodedReader
    from submeter.core.reported import Reported

LARGEST = 8 * 1024 * 1024
"""Bytes that are kept for parsing, of a body or of a line of one; what is larger is passed on unmetered."""

_EVENTS = b"deir:"
"""What an event stream begins with, after blanks: the first letter of a field, or a comment. No document does, and no
sound, which is looked at by lines in vain."""

_MARK = b"\xef\xbb\xbf"
"""The mark of UTF-8, which any text may begin with, and which is no part of it."""

_READER = "submeter.reader"
_PACKAGE = "http responses"
_hooked: set[type] = set()


def parsed(data: bytes) -> Any:
    """What the JSON `data` says, `None` when it is broken: that is the provider's doing, and the host's to find."""
    try:
        return json.loads(data)
    except ValueError:
        return None


class Reader:
    """Reads what passes of one body and feeds it to the call."""

    def __init__(self, call: Call | Reported) -> None:
        self.call = call
        self._is_whole: bool | None = False if call.is_lines else None
        """Whether the body is one document, which shows by its first byte, whatever it is said to be."""

        self._begun: bytes | None = b""
        """The first bytes, while they may yet be those of a mark; `None` from then on."""

        self._is_too_large = False
        self._is_over = False
        self._kept = bytearray()
        self._said = b""
        """The data of an event, as far as it has come."""

    def feed(self, data: bytes) -> None:
        """Takes the next decoded bytes."""
        # By now: the SDK's object that reads lines asks for the bytes when it is made.
        if self.call.is_followed or self._is_over:
            return
        if self._begun is not None:
            data = self._begun + data
            self._begun = data if len(data) < len(_MARK) and _MARK.startswith(data) else None
            if self._begun is not None:
                return
            data = data.removeprefix(_MARK)
        if self._is_whole is None:
            begun = data.lstrip()[:1]
            self._is_whole = begun not in _EVENTS if begun else None
        if self._is_whole:
            self._keep(data)
            return
        start = 0
        # By hand, as all of a file may come at once and would stand in memory once more.
        while (end := data.find(b"\n", start)) >= 0:
            self._keep(data[start:end])
            line = bytes(self._kept)
            self._kept.clear()
            self._is_too_large = False  # the next line may be a shorter one
            self._line(line)
            start = end + 1
        self._keep(data[start:])

    def _keep(self, data: bytes) -> None:
        if self._is_too_large or len(self._kept) + len(data) > LARGEST:
            self._is_too_large = True
            self._kept.clear()
        else:
            self._kept += data

    def _line(self, line: bytes) -> None:
        if self.call.is_lines:
            self._tell(line.strip())
            return
        for part in line.removesuffix(b"\r").split(b"\r"):  # a return alone ends a line of an event stream too
            if part.startswith(b"data:"):
                self._add(part[5:].strip())
            elif not part and self._said:
                self._tell(self._said)
                self._said = b""

    def _add(self, data: bytes) -> None:
        """An event may have several lines of data; some servers leave out the empty one between two events."""
        if self._said and (self._tell(self._said) or len(self._said) + len(data) > LARGEST):
            self._said = b""
        self._said += b"\n" + data if self._said else data

    def _tell(self, data: bytes) -> bool:
        event = parsed(data) if data.startswith(b"{") else None
        if event is not None:
            self.call.taker()(event)
        return event is not None

    def end(self, error: BaseException | None = None) -> None:
        """The body ended: by itself, or by an error. One that is read again says nothing new."""
        if self.call.is_followed:
            return
        if error is None and not self._is_over:
            attempt(self._rest)
        self._is_over = True
        self.call.finish(error)

    def _rest(self) -> None:
        rest = bytes(self._kept)
        self._kept.clear()
        if self._is_whole:
            self.call.answer(parsed(rest))
            return
        self._line(rest)
        self._line(b"")

    def drop(self) -> None:
        """The host stopped reading."""
        self.call.drop()

    def closed(self) -> None:
        """The response was closed. A close in the midst of reading is the reader's own, and it goes on."""
        if not self.call.is_reading:
            # Perhaps by the collector, which closes the response of a stream that it takes.
            self.call.drop()


def tapped(reader: Reader | EncodedReader, pieces: Iterator[bytes]) -> Generator[bytes, None, None]:
    """Passes `pieces` on unchanged and has `reader` see them and their end."""
    call = reader.call
    try:
        call.is_reading = True
        for piece in pieces:
            call.is_reading = False
            attempt(reader.feed, piece)
            yield piece
            call.is_reading = True
    except GeneratorExit:
        attempt(reader.drop)
        raise
    except BaseException as error:
        attempt(reader.end, error)
        raise
    else:
        attempt(reader.end)
    finally:
        # By name, as whoever keeps a failure of ours keeps this frame.
        close = getattr(pieces, "close", None)
        if close is not None:
            close()


async def tapped_async(reader: Reader | EncodedReader, pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
    """`tapped` for an asynchronous body."""
    call = reader.call
    try:
        call.is_reading = True
        async for piece in pieces:
            call.is_reading = False
            attempt(reader.feed, piece)
            yield piece
            call.is_reading = True
    except GeneratorExit:
        attempt(reader.drop)
        raise
    except BaseException as error:
        attempt(reader.end, error)
        raise
    else:
        attempt(reader.end)
    finally:
        close = getattr(pieces, "aclose", None)
        if close is not None:
            await close()


def watch(call: Call | Reported, response: Any) -> None:
    """Has `call` learn how the host reads and closes the unread `response` (an httpx or httpx2 response)."""
    kind: type[Any] = response.__class__
    if kind not in _hooked:
        for name, wrap in _HOOKS.items():
            owner = next(ancestor for ancestor in kind.__mro__ if name in vars(ancestor))
            patch.replace(_PACKAGE, owner, name, wrap)
        _hooked.add(kind)
    response.extensions[_READER] = Reader(call)


def call_of(response: Any) -> Call | Reported | None:
    """The call whose answer `response` is, `None` when it is not metered."""
    reader = response.extensions.get(_READER)
    return None if reader is None else reader.call


def unhook() -> None:
    """Puts the response classes' own functions back."""
    patch.undo(_PACKAGE)
    _hooked.clear()


def _piped(tap: Callable[..., Any], response: Any, pieces: Any) -> Any:
    reader = response.extensions[_READER]
    return pieces if reader.call.is_followed else tap(reader, pieces)


def _piped_raw(tap: Callable[..., Any], response: Any, pieces: Any) -> Any:
    # Who asks for the decoded bytes reads these too, while it is read itself.
    reader = response.extensions[_READER]
    if reader.call.is_reading or reader.call.is_followed:
        return pieces
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        reader = encoded.decoding(reader, response)
    return pieces if reader is None else tap(reader, pieces)


def _iterated(
    tap: Callable[..., Any], piped: Callable[..., Any] = _piped
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def iterate(self: Any, *args: Any, **kwargs: Any) -> Any:
            pieces = original(self, *args, **kwargs)
            try:
                is_watched = _READER in self.extensions
            except (AttributeError, TypeError):  # a response of the host's own making
                return pieces
            return attempt(piped, tap, self, pieces, default=pieces) if is_watched else pieces

        return iterate

    return wrap


def _left(response: Any) -> None:
    if _READER in response.extensions:
        response.extensions[_READER].closed()


def _closed(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def close(self: Any) -> Any:
        try:
            return original(self)
        finally:
            attempt(_left, self)

    return close


def _closed_async(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def aclose(self: Any) -> Any:
        try:
            return await original(self)
        finally:
            attempt(_left, self)

    return aclose


_HOOKS = {
    "iter_bytes": _iterated(tapped),
    "aiter_bytes": _iterated(tapped_async),
    "iter_raw": _iterated(tapped, _piped_raw),
    "aiter_raw": _iterated(tapped_async, _piped_raw),
    "close": _closed,
    "aclose": _closed_async,
}
