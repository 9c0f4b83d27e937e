"""Counted: remembers whose usage was counted, for answers that can be fetched again.

A background response, a batch or a run states its usage each time it is fetched; it counts once per process.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import field
from typing import TYPE_CHECKING

from submeter.value import state

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
"""Addresses of reports whose sum was counted."""


@state
class Progress:
    """How far a report was counted, item by item.

    `first` is the id of the first request in it, `reached` the number of the last item that was counted, and `counts`
    the tokens that were stated up to there.
    """

    first: str
    reached: int = 0
    counts: dict[str, int] = field(default_factory=dict[str, int])


progress: OrderedDict[str, Progress] = OrderedDict()
"""Address of a report that was read -> how far; of more than `reports` keeps, those read longest ago are forgotten."""

_adding = threading.Lock()


def is_new(address: str, first: str, at: int) -> bool | None:
    """Whether the item number `at` of the report at `address` is reached for the first time; from now on it is not.

    A report may be longer than `calls` remembers. Where its first request was not `first`, this is another part of it,
    or another order, and only the ids can tell: then `None`.
    """
    with _adding:
        known = progress.setdefault(address, Progress(first))
        progress.move_to_end(address)
        if len(progress) > reports.kept:
            progress.popitem(last=False)
        if known.first != first:
            return None
        before, known.reached = known.reached, max(known.reached, at)
        return at > before


def note_singly(address: str, counts: Mapping[str, int | None]) -> None:
    """Adds what one item of the report at `address` stated."""
    with _adding:
        if address not in progress:  # its sum was counted meanwhile
            return
        known = progress[address].counts
        for name, count in counts.items():
            if type(count) is int and count > 0:  # what is none was said, and not counted
                known[name] = known.get(name, 0) + count


def left_of(address: str, counts: dict[str, int | None]) -> dict[str, int | None]:
    """What is left of the sum of the report at `address`, in tokens; from now on the report counts nothing more."""
    if not reports.add(address):
        return {}
    known = progress.pop(address, None)
    if known is None or not known.counts:
        return counts
    told = known.counts
    left = {name: max(count - told.get(name, 0), 0) if type(count) is int else count for name, count in counts.items()}
    return left if left.get("input_tokens") or left.get("output_tokens") else {}


def is_first(response_id: str) -> bool:
    """Whether the call `response_id` is seen for the first time; one without an id never is."""
    return bool(response_id) and calls.add(response_id)


def forget() -> None:
    """Forgets everything that was counted."""
    calls.clear()
    reports.clear()
    progress.clear()
