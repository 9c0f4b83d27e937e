"""Streams: from the points of a metric stream to what accrued between them.

Cumulative: the difference to the point before; the first point counts in full when the stream's start is known,
as of the last time its source was heard of; a lower value is a restart and counts in full. Delta: the value
itself. In both, a point that was seen before counts nothing; late points of a delta stream fill the gaps they left.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from submeter.evaluator.points import stream_of
from submeter.evaluator.state import Recent

if TYPE_CHECKING:
    from submeter.evaluator.points import MetricPoint

GAPS: Final = 16
"""So many gaps are kept open per delta stream for points that come late."""


class Accrual(NamedTuple):
    """What accrued from `since_ns` (0: unknown) until the point's time."""

    value: float
    observations: int
    since_ns: int


def extended(known: tuple[int, ...], start_ns: int, time_ns: int) -> tuple[int, ...] | None:
    """What is known of a delta stream after a point from `start_ns` to `time_ns`; `None` if that was known before.

    Known is a stretch, begin and end, followed by the gaps in it as begins and ends. A tuple of numbers costs the
    garbage collector nothing, of which there may be a million.
    """
    begin, end = known[0], known[1]
    if time_ns > end:
        gaps = (*known[2:], end, start_ns) if start_ns > end else known[2:]
        return (begin, time_ns, *gaps[-2 * GAPS :])
    if time_ns <= begin:
        gaps = (*known[2:], time_ns, begin) if time_ns < begin else known[2:]
        return (start_ns, end, *gaps[-2 * GAPS :])
    for place in range(2, len(known), 2):
        since, until = known[place], known[place + 1]
        if since <= start_ns < time_ns <= until:
            left = (since, start_ns) if since < start_ns else ()
            right = (time_ns, until) if time_ns < until else ()
            return (*known[:place], *left, *right, *known[place + 2 :])
    return None


class Streams:
    """What is known of every stream. Counts duplicates, and cumulative streams whose first value proves nothing."""

    __slots__ = ("_cumulative", "_delta", "_forgotten_ns", "_head_ns", "_sources", "counts")

    def __init__(self, capacity: int) -> None:
        self._cumulative: Recent[bytes, tuple[int, float, int]] = Recent(capacity)
        self._delta: Recent[bytes, tuple[int, ...]] = Recent(capacity)
        self._sources: Recent[str, tuple[int, int]] = Recent(capacity)
        self._head_ns = 0
        self._forgotten_ns = 0
        self.counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._cumulative) + len(self._delta)

    def accrued(self, point: MetricPoint) -> Accrual | None:
        """What the point adds to its stream; `None` for nothing."""
        if point.time_ns > self._head_ns:  # noqa: PLR1730  (a comparison, where `max` is a call)
            self._head_ns = point.time_ns
        key = stream_of(point)
        return self._advanced(key, point) if point.is_cumulative else self._added(key, point)

    def _added(self, key: bytes, point: MetricPoint) -> Accrual | None:
        start = point.start_ns if 0 < point.start_ns < point.time_ns else 0
        known = self._delta.get(key)
        if known is None:
            now_known = (start or point.time_ns, point.time_ns)
        else:
            now_known = extended(known, start or point.time_ns - 1, point.time_ns)
        if now_known is None:
            self.counts["duplicates"] += 1
            return None
        self._delta.put(key, now_known)
        return Accrual(point.value, point.observations, start)

    def _advanced(self, key: bytes, point: MetricPoint) -> Accrual | None:
        before = self._cumulative.get(key)
        if before is not None and point.time_ns <= before[0]:
            self.counts["duplicates"] += 1
            return None
        heard_ns = self._heard(point)
        accrual = self._first(point, heard_ns) if before is None else _grown(before, point)
        forgotten = self._cumulative.forgotten
        self._cumulative.put(key, (point.time_ns, point.value, point.observations))
        if self._cumulative.forgotten > forgotten:
            self._forgotten_ns = self._head_ns
        return accrual

    def _heard(self, point: MetricPoint) -> int:
        """When the point's source sent its cumulative streams before; a stream that was not there has grown since."""
        before, last = self._sources.get(point.source) or (0, 0)
        if point.time_ns > last:
            before, last = last, point.time_ns
            self._sources.put(point.source, (before, last))
        return before

    def _first(self, point: MetricPoint, heard_ns: int) -> Accrual | None:
        """A first point: all of it accrued since the start, unless the stream may have been known and forgotten."""
        if not 0 < point.start_ns < point.time_ns or point.start_ns < self._forgotten_ns:
            self.counts["baselines"] += 1
            return None
        return Accrual(point.value, point.observations, max(point.start_ns, heard_ns))

    def gaps(self) -> list[int]:
        """How many gaps each delta stream has, the longest idle first."""
        return [len(known) // 2 - 1 for _, known in self._delta.items()]

    def dump(self) -> list[object]:
        """The streams as plain lists."""
        return [
            self._head_ns,
            self._forgotten_ns,
            [[source, *times] for source, times in self._sources.items()],
            [[key.hex(), *last] for key, last in self._cumulative.items()],
            [[key.hex(), *known] for key, known in self._delta.items()],
        ]

    def load(self, dumped: Any) -> None:
        """Takes over what `dump` gave."""
        self._head_ns, self._forgotten_ns, sources, cumulative, delta = dumped
        for source, before_ns, last_ns in sources:
            self._sources.put(source, (before_ns, last_ns))
        for key, time_ns, value, observations in cumulative:
            self._cumulative.put(bytes.fromhex(key), (time_ns, value, observations))
        for key, *known in delta:
            self._delta.put(bytes.fromhex(key), tuple(known))


def _grown(before: tuple[int, float, int], point: MetricPoint) -> Accrual:
    """What a cumulative stream gained since its last point; all of it after a restart."""
    since, value, observations = before
    if point.value < value or point.observations < observations:
        return Accrual(point.value, point.observations, since)
    return Accrual(point.value - value, point.observations - observations, since)
