"""Delivery at the end of a program: the last telemetry goes out, but no program waits long for it.

A closer thread is made beforehand, because no thread can be started any more when an interpreter is ending
(Python 3.12), and does the work, so that its wait can be bounded. Where nobody listens, nothing is tried.
"""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from submeter.core.guard import attempt
from submeter.distro.quiet import say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LONGEST_S = 5.0
"""How long the end of a program may wait for its telemetry, in seconds."""

PROBE_S = 0.5
"""How long the receiver may take to accept a connection, in seconds."""


class Closer:
    """Runs `close` at the end of the program, in its own thread, within `LONGEST_S`.

    Args:
        endpoints: the URLs that telemetry goes to.
        give_up: called instead of `close` when none of them can be reached.
    """

    def __init__(self, endpoints: Sequence[str], close: Callable[[], None], give_up: Callable[[], None]) -> None:
        self._endpoints = endpoints
        self._close = close
        self._give_up = give_up
        self._is_time = threading.Event()
        self._thread = threading.Thread(target=self._wait, name="submeter-closer", daemon=True)
        self._thread.start()

    def _wait(self) -> None:
        self._is_time.wait()
        attempt(self._close)

    def end(self) -> None:
        """Delivers or gives up; returns in bounded time."""
        failures = [failure for endpoint in self._endpoints if (failure := unreachable(endpoint))]
        if failures and len(failures) == len(self._endpoints):
            say(failures[0])
            attempt(self._give_up)
        elif self._thread.is_alive():
            self._is_time.set()
            self._thread.join(LONGEST_S)
        else:  # a fork: threads stay behind in the parent
            attempt(self._close)


def unreachable(endpoint: str) -> str:
    """Why nobody can be reached at the URL `endpoint`; empty when somebody can."""
    parts = urlsplit(endpoint if "//" in endpoint else f"//{endpoint}")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        socket.create_connection((parts.hostname or "localhost", port), PROBE_S).close()
    except OSError as error:
        return f"{parts.hostname}:{port}: {error}"
    return ""
