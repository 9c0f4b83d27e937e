"""Counted: remembers whose usage was counted, for answers that can be fetched again.

A background response, a batch or a run states its usage each time it is fetched; it counts once per process.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


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


singly: OrderedDict[str, dict[str, int]] = OrderedDict()
"""Address of a report that was read in part -> the sum of what it had counted by then."""

_adding = threading.Lock()


def note_singly(address: str, counts: Mapping[str, int | None]) -> None:
    """Adds what one item of the report at `address` stated."""
    with _adding:
        known = singly.setdefault(address, {})
        for name, count in counts.items():
            if type(count) is int and count > 0:  # what is none was said, and not counted
                known[name] = known.get(name, 0) + count
        if len(singly) > reports.kept:
            singly.popitem(last=False)


def left_of(address: str, counts: dict[str, int | None]) -> dict[str, int | None]:
    """What is left of the sum of the report at `address`, in tokens; from now on the report counts nothing more."""
    if not reports.add(address):
        return {}
    known = singly.pop(address, {})
    return {name: max(count - known.get(name, 0), 0) if type(count) is int else count for name, count in counts.items()}


def is_first(response_id: str) -> bool:
    """Whether the call `response_id` is seen for the first time; one without an id never is."""
    return bool(response_id) and calls.add(response_id)


def forget() -> None:
    """Forgets everything that was counted."""
    calls.clear()
    reports.clear()
    singly.clear()
