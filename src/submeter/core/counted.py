"""Counted: remembers whose usage was counted, for answers that can be fetched again.

A background response, a batch or a run states its usage each time it is fetched; it counts once per process.
"""

from __future__ import annotations

import threading
from collections import OrderedDict


class Names:
    """Names that were seen; of more than `kept`, the ones asked for longest ago are forgotten first."""

    def __init__(self, kept: int) -> None:
        self.kept = kept
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, name: str) -> bool:
        """Whether `name` is seen for the first time; from now on it is not."""
        with self._lock:
            if name in self._seen:
                self._seen.move_to_end(name)
                return False
            self._seen[name] = None
            if len(self._seen) > self.kept:
                self._seen.popitem(last=False)
            return True

    def __contains__(self, name: str) -> bool:
        return name in self._seen

    def clear(self) -> None:
        """Forgets them all."""
        with self._lock:
            self._seen.clear()


calls = Names(10_000)
"""Ids of calls that can be fetched again."""

reports = Names(1_000)
"""Addresses of reports that were read to their end, or whose sum was counted elsewhere."""


def is_first(response_id: str) -> bool:
    """Whether the call `response_id` is seen for the first time; one without an id never is."""
    return bool(response_id) and calls.add(response_id)


def forget() -> None:
    """Forgets everything that was counted."""
    calls.clear()
    reports.clear()
