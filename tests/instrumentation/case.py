"""Case: one shape of a call, the answers it gets, and what must be metered of it."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from instrumentation.expectation import Expected
from instrumentation.host import Host, watched

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from instrumentation.dialect import Dialect
    from instrumentation.transport import Reply


@dataclass(frozen=True)
class Case:
    """One row of the matrix; `modes`, and what it `needs` of a dialect, say where it makes sense."""

    name: str
    play: Callable[[Host], Coroutine[Any, Any, None]]
    replies: Callable[[Dialect], list[Reply]]
    expected: Expected = field(default_factory=Expected)
    modes: tuple[str, ...] = ("sync", "async")
    needs: frozenset[str] = frozenset()
    options: dict[str, Any] = field(default_factory=dict[str, Any])

    def host(self, dialect: Dialect, mode: str) -> Host:
        """A fresh application that will play this case."""
        return Host(dialect, self.replies(dialect), is_async=mode == "async", **self.options)

    def seen(self, dialect: Dialect, mode: str) -> list[object]:
        """What a fresh application sees of this case, down to the collection of what it left."""
        host = self.host(dialect, mode)
        watched(self.play, host)
        gc.collect()
        return host.seen


CASES: list[Case] = []


def case(
    replies: Callable[[Dialect], list[Reply]],
    expected: Expected | None = None,
    *,
    modes: tuple[str, ...] = ("sync", "async"),
    needs: tuple[str, ...] = (),
    **options: Any,
) -> Callable[[Callable[[Host], Coroutine[Any, Any, None]]], Callable[[Host], Coroutine[Any, Any, None]]]:
    """Puts the decorated play into the matrix."""

    def register(play: Callable[[Host], Coroutine[Any, Any, None]]) -> Callable[[Host], Coroutine[Any, Any, None]]:
        CASES.append(Case(play.__name__, play, replies, expected or Expected(), modes, frozenset(needs), options))
        return play

    return register


streamed = partial(case, needs=("stream",))
"""`case` for a stream."""


def answer(dialect: Dialect) -> list[Reply]:
    """One whole answer."""
    return [dialect.document()]


def stream(dialect: Dialect) -> list[Reply]:
    """One whole stream."""
    return [dialect.stream()]
