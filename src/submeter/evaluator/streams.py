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


class DeltaStream:
    """Up to when a delta stream is known, and the gaps in it: `gaps` is a flat list of begins and ends."""

    __slots__ = ("gaps", "time_ns")

    def __init__(self, time_ns: int, gaps: list[int] | None = None) -> None:
        self.time_ns = time_ns
        self.gaps = gaps

    def accepts(self, start_ns: int, time_ns: int) -> bool:
        """Notes the interval; whether it is new."""
        if time_ns > self.time_ns:
            if start_ns > self.time_ns:
                self._open(self.time_ns, start_ns)
            self.time_ns = time_ns
            return True
        return self._fill(start_ns, time_ns)

    def _open(self, begin_ns: int, end_ns: int) -> None:
        gaps = self.gaps
        if gaps is None:
            gaps = self.gaps = []
        gaps += (begin_ns, end_ns)
        del gaps[: -2 * GAPS]

    def _fill(self, start_ns: int, time_ns: int) -> bool:
        gaps = self.gaps or []
        for place in range(0, len(gaps), 2):
            begin, end = gaps[place], gaps[place + 1]
            if begin < time_ns <= end and begin <= start_ns < time_ns:
                rest = [edge for gap in ((begin, start_ns), (time_ns, end)) if gap[0] < gap[1] for edge in gap]
                gaps[place : place + 2] = rest
                self.gaps = gaps or None
                return True
        return False


class Streams:
    """What is known of every stream. Counts duplicates, and cumulative streams whose first value proves nothing."""

    __slots__ = ("_cumulative", "_delta", "_forgotten_ns", "_head_ns", "_sources", "counts")

    def __init__(self, capacity: int) -> None:
        self._cumulative: Recent[bytes, tuple[int, float, int]] = Recent(capacity)
        self._delta: Recent[bytes, DeltaStream] = Recent(capacity)
        self._sources: Recent[str, tuple[int, int]] = Recent(capacity)
        self._head_ns = 0
        self._forgotten_ns = 0
        self.counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._cumulative) + len(self._delta)

    def accrued(self, point: MetricPoint) -> Accrual | None:
        """What the point adds to its stream; `None` for nothing."""
        self._head_ns = max(self._head_ns, point.time_ns)
        key = stream_of(point)
        return self._advanced(key, point) if point.is_cumulative else self._added(key, point)

    def _added(self, key: bytes, point: MetricPoint) -> Accrual | None:
        start = point.start_ns if 0 < point.start_ns < point.time_ns else 0
        stream = self._delta.get(key)
        if stream is None:
            self._delta.put(key, DeltaStream(point.time_ns, [0, start] if start else None))
        elif not stream.accepts(start or point.time_ns - 1, point.time_ns):
            self.counts["duplicates"] += 1
            return None
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

    def delta_streams(self) -> list[DeltaStream]:
        """The delta streams, the longest idle first."""
        return [stream for _, stream in self._delta.items()]

    def dump(self) -> list[object]:
        """The streams as plain lists."""
        return [
            self._head_ns,
            self._forgotten_ns,
            [[source, *times] for source, times in self._sources.items()],
            [[key.hex(), *last] for key, last in self._cumulative.items()],
            [[key.hex(), stream.time_ns, stream.gaps] for key, stream in self._delta.items()],
        ]

    def load(self, dumped: Any) -> None:
        """Takes over what `dump` gave."""
        self._head_ns, self._forgotten_ns, sources, cumulative, delta = dumped
        for source, before_ns, last_ns in sources:
            self._sources.put(source, (before_ns, last_ns))
        for key, time_ns, value, observations in cumulative:
            self._cumulative.put(bytes.fromhex(key), (time_ns, value, observations))
        for key, time_ns, gaps in delta:
            self._delta.put(bytes.fromhex(key), DeltaStream(time_ns, gaps))


def _grown(before: tuple[int, float, int], point: MetricPoint) -> Accrual:
    """What a cumulative stream gained since its last point; all of it after a restart."""
    since, value, observations = before
    if point.value < value or point.observations < observations:
        return Accrual(point.value, point.observations, since)
    return Accrual(point.value - value, point.observations - observations, since)
