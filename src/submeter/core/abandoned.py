"""Abandoned: ends calls whose stream was dropped, at a moment when that is safe.

The collector may drop a stream in the middle of any line of any thread, even inside the exporter's or our own
lock on this very thread. Ending a span there could wait for ever. So a dropped call is queued, and ended at
once only where no telemetry code is at work further up this thread's stack; otherwise by the next call, the
next metric collection, or the end of the process.
"""

from __future__ import annotations

import inspect
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from submeter.core.guard import attempt

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

# The one queue of the standard library whose `put` may be interrupted by itself (its documentation says so).
_buried: SimpleQueue[Callable[[], None]] = SimpleQueue()

_BUSY = frozenset({"opentelemetry", "submeter", "logging", "queue"})
"""Packages whose locks this thread may hold when the collector interrupts it."""

_THREAD_START = frozenset({"run", "_bootstrap", "_bootstrap_inner"})
"""Functions of `threading` at the bottom of every thread: they hold no lock while the thread's work runs."""


def bury(end: Callable[[], None]) -> None:
    """Has `end` called once, now if that is safe, else soon."""
    _buried.put(end)
    if _is_safe():
        settle()


def settle() -> None:
    """Ends every call that waits."""
    while not _buried.empty():
        try:
            end = _buried.get_nowait()
        except Empty:
            return
        attempt(end)


def _is_safe() -> bool:
    frame: FrameType | None = inspect.currentframe()
    # The frames on top are our own: `bury`, `Call.drop`, the guard, and `__del__` or the tap.
    while frame is not None and _package(frame) == "submeter":
        frame = frame.f_back
    while frame is not None:
        package = _package(frame)
        if package in _BUSY or (package == "threading" and frame.f_code.co_name not in _THREAD_START):
            return False
        frame = frame.f_back
    return True


def _package(frame: FrameType) -> str:
    name: str = frame.f_globals.get("__name__", "")
    return name.partition(".")[0]
