"""Intake: metric points become amounts, each token once, whatever order, repetition or dialect they come in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from submeter import semconv
from submeter.evaluator import events
from submeter.evaluator.amounts import Amount, origin_of
from submeter.evaluator.measures import MEASURES
from submeter.evaluator.points import witness_of
from submeter.evaluator.state import Recent
from submeter.evaluator.streams import Streams
from submeter.evaluator.windows import NS, Calendar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from submeter.evaluator.events import Origin, WarningEvent
    from submeter.evaluator.measures import Measure
    from submeter.evaluator.points import MetricPoint, Witness
    from submeter.evaluator.state import Bounds

SKEW_NS: Final = 300 * NS
"""A sender's clock may be ahead by so much; what claims to be later counts as of now."""

IDENTITY_LOST: Final = "identity_lost"
_DAY: Final = Calendar("day")


def at_most(at_ns: int, received_ns: int | None) -> int:
    """The time of a measurement, brought back to its reception when it claims to come from the future."""
    return received_ns if received_ns is not None and at_ns > received_ns + SKEW_NS else at_ns


class Intake:
    """The streams, and for every source the best witness of its tokens and calls so far."""

    __slots__ = ("_best", "services", "streams")

    def __init__(self, bounds: Bounds) -> None:
        self.streams = Streams(bounds.streams)
        self._best: Recent[tuple[str, str], int] = Recent(bounds.streams)
        self.services: Recent[str, bool] = Recent(bounds.subjects)

    def amounts(self, points: Iterable[MetricPoint], received_ns: int | None) -> Iterator[Amount]:
        """What a batch of points adds; services whose calls come as records are left out."""
        batch = [(point, witness_of(point)) for point in points]
        best = self._witnesses(batch)
        for point, witness in batch:
            if witness is None or (self.services and self._is_seen(point)):
                continue
            if witness.rank and best[(point.source, witness.family)] != witness.rank:
                self.streams.counts["other witnesses"] += 1
                continue
            accrual = self.streams.accrued(point)
            if accrual is not None:
                value = accrual.observations if witness.by_count else accrual.value
                at_ns = point.time_ns if received_ns is None else at_most(point.time_ns, received_ns)
                yield Amount(witness.metric, value, min(accrual.since_ns, at_ns), at_ns, point.attributes)

    def _witnesses(self, batch: Iterable[tuple[MetricPoint, Witness | None]]) -> dict[tuple[str, str], int]:
        """The rank of the best witness for each source and family, by this batch and those before."""
        best: dict[tuple[str, str], int] = {}
        for point, witness in batch:
            if witness is not None:
                key = (point.source, witness.family)
                known = best.get(key)
                if known is None or witness.rank < known:
                    best[key] = self._noted(key, witness.rank)
        return best

    def dump(self) -> list[object]:
        """The streams and witnesses as plain lists."""
        return [self.streams.dump(), [[*key, rank] for key, rank in self._best.items()]]

    def load(self, dumped: Any) -> None:
        """Takes over what `dump` gave."""
        self.streams.load(dumped[0])
        for source, family, rank in dumped[1]:
            self._best.put((source, family), rank)

    def _is_seen(self, point: MetricPoint) -> bool:
        return str(point.attributes.get(semconv.SERVICE_NAME, "")) in self.services

    def _noted(self, key: tuple[str, str], rank: int) -> int:
        """The rank of the best witness of a source's tokens or calls so far, this one included."""
        best = self._best.get(key)
        if best is None or rank < best:
            self._best.put(key, rank)
            return rank
        return best


def lost(amount: Amount) -> Sequence[WarningEvent]:
    """The event of an amount whose user, session and model the metrics pipeline has dropped, once a day (UTC)."""
    if amount.attributes.get(semconv.METRIC_OVERFLOW) not in {True, "true"}:
        return ()
    origin = origin_of(amount)
    measure = next(measure for measure in MEASURES.values() if amount.metric in measure.metrics)
    text = measure.text(measure.amount(amount.value))
    return (_lost(amount, origin, measure, text),)


def _lost(amount: Amount, origin: Origin, measure: Measure, text: str) -> WarningEvent:
    return events.warning(
        origin,
        type=events.IDENTITY_LOST,
        severity="warning",
        rule=IDENTITY_LOST,
        subject_kind="service",
        subject=origin.service,
        window=_DAY.at(amount.at_ns).key,
        threshold=100.0,
        unit=measure.unit,
        current=amount.value,
        limit=0,
        message=(
            f"Service {origin.service}: {text} of {amount.metric} came without user, session and model, because the "
            "metrics library met more label values than it keeps apart. Limits per user cannot count them: use delta "
            "temporality, raise the cardinality limit, or evaluate spans."
        ),
        suggested_action="raise_cardinality_limit",
    )
