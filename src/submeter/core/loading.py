"""Loading: modules that are waited for and run just now, and parts of ours that the first calls load.

A process that another thread forks off meanwhile would find them half loaded, and wait for the rest for ever: nobody
loads it there. So the fork waits, some milliseconds once in a process, and never longer than `WAIT_S`.
"""

from __future__ import annotations

import os
import sys
import time
from _thread import RLock, get_ident

executing: set[str] = set()
"""Names of modules whose code has begun and not ended; what is not in them yet is not missing."""

WAIT_S = 5.0
"""How long a fork waits. Who loads may wait in turn for what the forking thread holds, and nobody for ever."""

_locks: list[RLock] = []
_held: dict[int, list[RLock]] = {}
"""The locks that a thread which forks just now got hold of."""


def lock_over_forks() -> RLock:
    """A lock that is free in a child just forked off, and what it stands for whole: the fork waits for who holds it."""
    lock = RLock()
    _locks.append(lock)
    return lock


lock = lock_over_forks()
"""Held while a call loads the table of its SDK."""


def is_loaded(target: str) -> bool:
    """Whether the module of `target` ("module:name", or a module alone) is imported and its code has run."""
    module = target.partition(":")[0]
    return module in sys.modules and module not in executing


def _wait() -> None:
    """Before a fork: waits for the locks, and then for modules of ours that another thread is importing."""
    until = time.monotonic() + WAIT_S
    held = _held[get_ident()] = list[RLock]()  # filled one by one, as an interrupt may come between
    for each in _locks:
        if each.acquire(timeout=max(0, until - time.monotonic())):
            held.append(each)
    while any(map(_is_importing, tuple(sys.modules.items()))) and time.monotonic() < until:
        time.sleep(0.001)


def _is_importing(named: tuple[str, object]) -> bool:
    name, module = named
    # As the import system itself asks (Python 3.11 to 3.14).
    return name.startswith("submeter.") and getattr(getattr(module, "__spec__", None), "_initializing", False)


def _release() -> None:
    for each in _held.pop(get_ident()):
        each.release()


def _begin_anew() -> None:
    """In the child: a lock that was waited for in vain is nobody's here."""
    for each in _locks:
        if each not in _held[get_ident()]:
            each._at_fork_reinit()  # noqa: SLF001  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    _release()
    _held.clear()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(before=_wait, after_in_parent=_release, after_in_child=_begin_anew)
