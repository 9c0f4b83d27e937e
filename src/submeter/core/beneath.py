"""Beneath: whether a metered SDK made the request of a library above it, so that both together count once."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextvars import Token


class Beneath:
    """Learns of the calls that are opened beneath one call of a library, in its tasks and threads too."""

    __slots__ = ("_token", "is_met")

    def __init__(self) -> None:
        self.is_met = False
        self._token: Token[Beneath | None] = watching.set(self)
        above.add(self)

    def end(self) -> None:
        """The library is back: what is opened from now on is not beneath it."""
        above.discard(self)
        watching.reset(self._token)


watching: ContextVar[Beneath | None] = ContextVar("submeter_beneath", default=None)
"""Who is to learn of the calls that are opened here."""

above: set[Beneath] = set()
"""Everyone who watches anywhere: a look at it spares every call of a program without such a library a question."""


def tell_above() -> None:
    """Tells whoever watches here that a call was opened."""
    watcher = watching.get()
    if watcher is not None:
        watcher.is_met = True
