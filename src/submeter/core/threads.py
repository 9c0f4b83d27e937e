"""Threads: carries the scope of the work in hand into threads and thread pools, where contextvars do not go.

Only submeter's own scope is carried, and only while one is open, so that nothing else changes for the host.
Switched off by `SUBMETER_PROPAGATE_THREADS=0`.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

from submeter import context, settings
from submeter.core import patch
from submeter.core.guard import attempt

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from concurrent.futures import ThreadPoolExecutor

_PACKAGE = "threading"

_POOLS = frozenset({"concurrent.futures.thread", "multiprocessing.pool", "anyio._backends._asyncio"})
"""Modules whose threads outlive the scope that happened to start them; their work is carried one by one, or not."""


def start() -> None:
    """Patches the start of threads and the submission of work to thread pools."""
    if settings.propagate_threads():
        patch.patch(_PACKAGE, "threading:Thread.start", _started)
        patch.patch(_PACKAGE, "concurrent.futures.thread:ThreadPoolExecutor.submit", _submitted)


def stop() -> None:
    """Puts the standard library's own functions back."""
    patch.undo(_PACKAGE)


def _carried(function: Callable[..., Any]) -> Callable[..., Any]:
    return function if context.current() is context.EMPTY else context.carry(function)


def _started(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def start(self: threading.Thread) -> None:
        attempt(_bind, self)
        original(self)

    return start


def _bind(thread: threading.Thread) -> None:
    target = getattr(thread, "_target", None) or type(thread)
    if context.current() is not context.EMPTY and target.__module__ not in _POOLS:
        # On the object: a subclass may bring its own `run`.
        thread.run = context.carry(thread.run)


def _submitted(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def submit(self: ThreadPoolExecutor, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        return original(self, attempt(_carried, function, default=function), *args, **kwargs)

    return submit
