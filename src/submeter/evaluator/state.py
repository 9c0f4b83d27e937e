"""State: what a rule remembers between two measurements, bounded however many sessions and users pass by."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from submeter.value import value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Key = TypeVar("Key")
Slot = TypeVar("Slot")


@value
class Bounds:
    """How much the evaluator may remember; the defaults suit one application (a few MB at most).

    `subjects` are sessions, users and the like per rule and window, `streams` are metric streams, `calls` are
    span ids kept to recognise a call that is delivered twice, `events` are ids of events already sent.
    """

    subjects: int = 20_000
    streams: int = 20_000
    calls: int = 4_096
    events: int = 20_000

    def __post_init__(self) -> None:
        if min(self.subjects, self.streams, self.calls, self.events) < 2:  # noqa: PLR2004  (two generations)
            raise ValueError("every bound of the evaluator must be at least 2")


SERVER_BOUNDS = Bounds(subjects=1_000_000, streams=1_000_000, calls=500_000, events=500_000)
"""Bounds for a process of its own that watches many applications."""


class Recent(Generic[Key, Slot]):
    """A mapping that forgets what was not touched for longest: at most `capacity` entries, at O(1) a look-up.

    Two generations stand in for a list of ages: what is touched moves to the young one; when that holds half
    the capacity, the old one is dropped and the young one grows old.
    """

    __slots__ = ("_half", "_old", "_young", "forgotten")

    def __init__(self, capacity: int) -> None:
        self._half = max(capacity // 2, 1)
        self._young: dict[Key, Slot] = {}
        self._old: dict[Key, Slot] = {}
        self.forgotten = 0

    def get(self, key: Key) -> Slot | None:
        """What is kept for `key`, which counts as a touch."""
        slot = self._young.get(key)
        if slot is None and self._old:
            slot = self._old.pop(key, None)
            if slot is not None:
                self.put(key, slot)
        return slot

    def put(self, key: Key, slot: Slot) -> None:
        """Keeps `slot` for `key`."""
        if key in self._young:
            self._young[key] = slot
            return
        if len(self._young) >= self._half:
            self.forgotten += len(self._old)
            self._old, self._young = self._young, {}
        self._old.pop(key, None)
        self._young[key] = slot

    def items(self) -> Iterator[tuple[Key, Slot]]:
        """Every entry, the longest untouched first."""
        yield from self._old.items()
        yield from self._young.items()

    def __contains__(self, key: Key) -> bool:
        return key in self._young or key in self._old

    def __len__(self) -> int:
        return len(self._young) + len(self._old)


class Fired:
    """The ids of events that were sent, here or by another process."""

    __slots__ = ("_ids",)

    def __init__(self, capacity: int) -> None:
        self._ids: Recent[str, bool] = Recent(capacity)

    def add(self, event_id: str) -> bool:
        """Notes the event; whether it is new."""
        if self._ids.get(event_id):
            return False
        self._ids.put(event_id, True)  # noqa: FBT003  (a set by way of a mapping)
        return True

    def update(self, event_ids: Iterable[str]) -> None:
        """Notes events that were sent elsewhere."""
        for event_id in event_ids:
            self._ids.put(event_id, True)  # noqa: FBT003

    def __contains__(self, event_id: str) -> bool:
        return event_id in self._ids

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[str]:
        return (event_id for event_id, _ in self._ids.items())


class RuleState(Protocol):
    """What one rule remembers; `counts` are things that no event speaks of, such as unknown context windows."""

    counts: Counter[str]

    def __len__(self) -> int:
        """How many subjects are remembered."""
        ...

    def dump(self) -> object:
        """The memory as plain lists, numbers and strings, fit for JSON."""
        ...

    def load(self, dumped: Any) -> None:
        """Takes over what `dump` gave."""
        ...


class Forgetful:
    """The memory of a rule that remembers nothing."""

    __slots__ = ("counts",)

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return 0

    def dump(self) -> object:
        """Nothing."""
        return []

    def load(self, dumped: Any) -> None:
        """Nothing to take over."""
