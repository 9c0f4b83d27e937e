"""Meter: what a scope has counted so far, live in the application and without any server.

Adding a call up takes as long as a third of metering it, and most meters are read once, at their end, or never. So
calls wait in their meter until somebody looks. From then on each is counted at once, since what was looked at may be
held, and is live.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from dataclasses import field
from typing import TYPE_CHECKING, Any

from submeter.record import CallRecord
from submeter.usage import Usage, added
from submeter.value import state

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT_CALLS = 100
"""How many of the last calls a meter keeps."""

MOST_WAITING = 32
"""How many calls wait in a meter that nobody looks at: each takes more memory than its record."""

LEFT_WAITING = 16
"""How many go on waiting where there are more: the latest, since the records of older calls are mostly made by then."""


def _trusting(function: Callable[..., object], *args: Any) -> object:
    return function(*args)


guarded: Callable[..., object] = _trusting
"""Runs what counts, also for the host's own look at a meter: the guard, put here by `core.call`, which is above."""


@state
class Tally:
    """A running sum of calls: tokens, number of calls, and cost in USD of those with a known price."""

    usage: Usage = field(default_factory=Usage)
    calls: int = 0
    errors: int = 0
    cost_usd: float = 0.0
    unpriced_calls: int = 0
    calls_without_usage: int = 0

    @property
    def input_tokens(self) -> int:
        """Input tokens, cached ones included."""
        return self.usage.input_tokens or 0

    @property
    def output_tokens(self) -> int:
        """Output tokens, reasoning included."""
        return self.usage.output_tokens or 0

    @property
    def total_tokens(self) -> int:
        """Input plus output tokens."""
        return self.usage.total_tokens

    @property
    def average_tokens_per_call(self) -> float:
        """Total tokens over the number of calls, 0.0 before the first."""
        return self.total_tokens / self.calls if self.calls else 0.0

    def add(self, *records: CallRecord) -> None:
        """Counts finished calls, in their order: a sum of costs depends on it."""
        usages: list[Usage] = []
        for record in records:
            self.calls += 1
            self.errors += bool(record.error_type)
            if not record.usage.is_known:
                self.calls_without_usage += not record.error_type
                continue
            usages.append(record.usage)
            if record.cost_usd is None:
                self.unpriced_calls += 1
            else:
                self.cost_usd += record.cost_usd
        if usages:
            self.usage = added(self.usage, *usages)


@state
class MeterUsage(Tally):
    """What a meter has counted, as a whole and by operation, model and step."""

    by_operation: dict[str, Tally] = field(default_factory=dict[str, Tally])
    by_model: dict[str, Tally] = field(default_factory=dict[str, Tally])
    by_step: dict[str, Tally] = field(default_factory=dict[str, Tally])

    def add(self, *records: CallRecord) -> None:
        """Counts finished calls, in the whole and in its parts."""
        Tally.add(self, *records)
        named: dict[tuple[int, str], list[CallRecord]] = {}
        for record in records:
            for place, name in enumerate((record.operation, record.model, record.step)):
                if (place, name) in named:
                    named[place, name].append(record)
                elif name:
                    named[place, name] = [record]
        places = self.by_operation, self.by_model, self.by_step
        for (place, name), those in named.items():
            parts = places[place]
            if name not in parts:
                parts[name] = Tally()
            parts[name].add(*those)


class Meter:
    """The live count of one scope: `usage`, the last `calls`, and the `warnings` raised so far."""

    def __init__(self) -> None:
        self.warnings: list[Any] = []
        self._usage = MeterUsage()
        self._calls: deque[CallRecord] = deque(maxlen=KEPT_CALLS)
        self._waiting: deque[CallRecord | Callable[[], CallRecord | None]] = deque()
        self._is_watched = self._is_counting = False
        # Reentrant: a stream that the collector drops can finish inside another call's `add`.
        self._lock = threading.RLock()

    @property
    def usage(self) -> MeterUsage:
        """What was counted, as a whole and in parts; live, so that it may be held."""
        self._is_watched = True
        guarded(self._count)  # even if nothing waits: another thread may be at the caller's own call
        return self._usage

    @property
    def calls(self) -> deque[CallRecord]:
        """The records of the last calls that finished, the latest last; live as well."""
        self._is_watched = True
        guarded(self._count)
        return self._calls

    def add(self, record: CallRecord | Callable[[], CallRecord | None]) -> None:
        """Counts a finished call: its record, or what gives that when it is wanted, `None` where it cannot."""
        self._waiting.append(record)
        if self._is_watched:  # looked at after the call is in: whoever looks does these two the other way round
            self._count()
        elif len(self._waiting) > MOST_WAITING:
            self._count(LEFT_WAITING)

    def _count(self, left: int = 0) -> None:
        """Counts what waits, the latest but so many of it."""
        with self._lock:
            if self._is_counting:  # further up this thread's stack, where this call's turn comes as well
                return
            self._is_counting = True
            _counting.add(self)
            try:
                while (most := len(self._waiting) - left) > 0:
                    records: list[CallRecord] = []
                    for _ in range(most):
                        waiting: Any = self._waiting.popleft()
                        record: CallRecord | None = waiting if type(waiting) is CallRecord else waiting()
                        if record is not None:
                            records.append(record)
                    self._usage.add(*records)
                    self._calls.extend(records)
            finally:
                self._is_counting = False
                _counting.discard(self)

    def warn(self, warning: Any) -> None:
        """Keeps a warning event."""
        with self._lock:
            self.warnings.append(warning)

    def unlock(self) -> None:
        """Has a forked child count on: the thread that was counting does not exist there."""
        self._lock, self._is_counting = threading.RLock(), False


_counting: set[Meter] = set()
"""Meters that some thread counts in just now."""


def _unlock() -> None:
    while _counting:
        _counting.pop().unlock()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_unlock)
