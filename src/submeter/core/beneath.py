"""Beneath: whether a metered SDK made the request of a library above it, so that both together count once."""

from __future__ import annotations

from contextvars import ContextVar


class Beneath:
    """Learns of the calls that are opened beneath one call of a library, in its tasks and threads too."""

    __slots__ = ("is_met",)

    def __init__(self) -> None:
        self.is_met = False


watching: ContextVar[Beneath | None] = ContextVar("submeter_beneath", default=None)
"""Who is to learn of the calls that are opened here."""
