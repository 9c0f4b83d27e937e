"""The unread bodies of the AWS SDKs: they carry a reader that sees what the host reads of them."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from submeter.core.abandoned import bury
from submeter.core.body import LARGEST, parsed
from submeter.core.guard import attempt

if TYPE_CHECKING:
    from collections.abc import Callable

    from submeter.core.call import Call

_CARRIED = "_submeter_call"


def carry(holder: Any, what: Any) -> None:
    """Has an object of the SDK carry what meters it, so that both are dropped together."""
    holder.__dict__[_CARRIED] = what


def carried(holder: Any) -> Any:
    """What an object of the SDK carries, `None` when it is not metered."""
    return holder.__dict__.get(_CARRIED)


class Reader:
    """Reads what passes of one body. What the headers counted needs no body, but the body tells more."""

    def __init__(self, call: Call, counted: dict[str, int | None], length: str) -> None:
        self._call = call
        self._counted = counted
        self._length = int(length) if length.isdigit() else -1
        self._kept = bytearray()
        self._size = 0

    def take(self, data: bytes, *, is_last: bool) -> None:
        """Takes the next bytes."""
        self._size += len(data)
        if self._size <= LARGEST:
            self._kept += data
        if is_last or self._size == self._length:
            self._end()

    def _end(self) -> None:
        document = parsed(bytes(self._kept)) if 0 < self._size <= LARGEST else None
        if isinstance(document, dict):
            attempt(self._call.answer, document)
            if not self._call.within:  # else the headers may have summed up what is a call of its own
                self._call.counts.update(self._counted)
        self._call.finish()

    def fail(self, error: BaseException) -> None:
        """The body broke off."""
        self._call.finish(error)

    def __del__(self) -> None:
        # The model is done before its answer begins, so a body that nobody reads takes nothing from the counts.
        attempt(bury, self._call.finish) if self._counted else attempt(self._call.drop)


def _took(body: Any, data: Any, amount: Any, error: BaseException | None = None) -> None:
    reader = carried(body)
    if reader is not None and error is not None:
        reader.fail(error)
    elif reader is not None:
        reader.take(data, is_last=amount is None or (not data and amount > 0))


def read(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps a body's `read`."""

    @wraps(original)
    def taking(self: Any, amt: Any = None) -> Any:
        try:
            data = original(self, amt)
        except BaseException as error:
            attempt(_took, self, b"", amt, error)
            raise
        attempt(_took, self, data, amt)
        return data

    return taking


def read_async(original: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps an asynchronous body's `read`."""

    @wraps(original)
    async def taking(self: Any, amt: Any = None) -> Any:
        try:
            data = await original(self, amt)
        except BaseException as error:
            attempt(_took, self, b"", amt, error)
            raise
        attempt(_took, self, data, amt)
        return data

    return taking
