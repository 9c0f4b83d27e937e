"""Abandoned: ends calls whose stream was dropped, at a moment when that is safe.

The collector may drop a stream in the middle of any line of any thread, even inside the exporter's or our own
lock on this very thread. Ending a span there could wait for ever. So a dropped call is queued, and ended at
once only where no telemetry code is at work further up this thread's stack; otherwise by the next call, the
next metric collection, or the end of the process.
"""

from __future__ import annotations

import inspect
import os
import time
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

_WRAPPERS = frozenset(
    {
        "submeter.__main__",
        "submeter.cli",
        "submeter.cli.running",
        "submeter.context",
        "submeter.context.decorated",
        "submeter.core.abandoned",
        "submeter.core.body",
        "submeter.core.follow",
        "submeter.core.guard",
        "submeter.core.threads",
        "submeter.distro.run",
        "submeter.shapes.methods",
        "submeter.shapes.sockets",
        "submeter.shapes.stainless",
        "submeter.shapes.turns",
    }
)
"""Modules of ours that the application's own code runs beneath, and that hold no lock."""

_DROPPING = frozenset({"drop", "__del__"})
"""What leads here itself: `Call.drop` and `Call.__del__`."""

_THREAD_START = frozenset({"run", "_bootstrap", "_bootstrap_inner"})
"""Functions of `threading` at the bottom of every thread: they hold no lock while the thread's work runs."""


born_ns = 0
"""On the performance counter: when this process was forked off, 0 where it was not."""


def leave_to_parent() -> None:
    """In a child just forked off: the calls that are open now are copies, which the parent ends."""
    global born_ns  # noqa: PLW0603  (once for the process)
    born_ns = time.perf_counter_ns()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=leave_to_parent)


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
    while frame is not None:
        name: str = frame.f_globals.get("__name__", "")
        package = name.partition(".")[0]
        if package in _BUSY and not (name in _WRAPPERS or frame.f_code.co_name in _DROPPING):
            return False
        if package == "threading" and frame.f_code.co_name not in _THREAD_START:
            return False
        frame = frame.f_back
    return True
