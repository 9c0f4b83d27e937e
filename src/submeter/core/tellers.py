"""Tellers: frameworks that keep their own context, asked what they are doing when a call opens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from submeter import context
from submeter.core.guard import attempt

if TYPE_CHECKING:
    from collections.abc import Callable

    from submeter.context import Said, Scope

tellers: dict[str, Callable[[], Said | None]] = {}
"""Import name of a framework -> what tells of the work in hand, `None` when the framework is not at work.

Asked in this order: a framework in whose steps others run comes last.
"""


def attributed() -> Scope:
    """The scope of a call that opens now, with what the frameworks at work tell of it."""
    scope = context.current()
    for tell in tuple(tellers.values()):
        scope = attempt(_told, scope, tell, default=scope)
    return scope


def _told(scope: Scope, tell: Callable[[], Said | None]) -> Scope:
    said = tell()
    if said is None:
        return scope
    # Another framework that has spoken already works within this one, as far as anybody can tell.
    return context.beneath(scope, said, is_inner=scope.framework in {"", said.framework})


def listen(package: str, tell: Callable[[], Said | None], *, is_last: bool = False) -> None:
    """Has `tell` asked from now on."""
    others = {} if is_last else dict(tellers)
    if not is_last:
        tellers.clear()
    tellers[package] = tell
    tellers.update(others)


def asked(package: str) -> list[str]:
    """Whether the framework is asked, for `submeter doctor`."""
    return ["its own context"] if package in tellers else []


def forget(package: str) -> None:
    """Asks the framework no more."""
    tellers.pop(package, None)
