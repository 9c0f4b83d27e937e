"""Limits: sums of tokens, money or calls per subject and window, warned of at several thresholds.

A subject is warned once per window and threshold. Sums are integers, so that neither the order of calls nor
their number blurs them.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from submeter.evaluator import amounts
from submeter.evaluator.announcement import REACHED, RUNGS, of_forecast, of_threshold
from submeter.evaluator.book import LATE, Book
from submeter.evaluator.events import Origin, origin_of
from submeter.evaluator.filling import WELL_BELOW
from submeter.evaluator.forecast import PART_NS, gone_by
from submeter.evaluator.labels import Selection, known_labels
from submeter.evaluator.ladder import ascending, highest, is_told
from submeter.evaluator.ledger import Ledger, RollingLedger
from submeter.evaluator.measures import MEASURES
from submeter.evaluator.windows import Calendar, Rolling
from submeter.value import value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from submeter.evaluator.amounts import Amount
    from submeter.evaluator.events import WarningEvent
    from submeter.evaluator.ladder import Rung
    from submeter.evaluator.ledger import Page
    from submeter.evaluator.measures import Measure
    from submeter.evaluator.state import Bounds, Fired
    from submeter.evaluator.windows import Window
    from submeter.record import CallRecord


@value
class LimitRule:
    """Warns when the sum of `measure` per subject and window reaches percentages of its limit.

    `per` are the labels whose values make a subject; calls without one of them are not counted. `limit` holds
    for every subject that `limits` does not name; subjects with `None` have no limit and are not summed.
    `where` restricts the rule to calls whose labels have one of the given values. With `forecast`, a calendar
    window also warns when the rate so far reaches the limit before the window ends. `enforce` lets `decide`
    refuse what is over it.

    Raises:
        ValueError: a measure, label, threshold or limit cannot be; the message names the rule.
    """

    name: str
    measure: str = "tokens"
    limit: float | None = None
    per: tuple[str, ...] = ()
    window: Window = field(default_factory=Calendar)
    rungs: tuple[Rung, ...] = RUNGS
    limits: Mapping[str, float | None] = field(default_factory=dict[str, float | None])
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    forecast: bool = False
    enforce: bool = False
    counted: Measure = field(init=False, repr=False, compare=False)
    selection: Selection = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise ValueError(f"rule {self.name!r}: unknown measure {self.measure!r}, there are {', '.join(MEASURES)}")
        known_labels((*self.per, *self.where), rule=self.name)
        ascending(self.rungs, rule=self.name)
        if any(limit is not None and not limit >= 0 for limit in (self.limit, *self.limits.values())):
            raise ValueError(f"rule {self.name!r}: a limit is a number of 0 or more")
        if self.limit is None and not self.limits:
            raise ValueError(f"rule {self.name!r}: give `limit`, `limits` or both")
        if self.forecast and isinstance(self.window, Rolling):
            raise ValueError(f"rule {self.name!r}: a rolling window has no end to forecast, take a calendar window")
        object.__setattr__(self, "counted", MEASURES[self.measure])
        object.__setattr__(self, "selection", Selection(self.per, self.where))

    @property
    def kind(self) -> str:
        """The kind of subject, such as `user` or `user+model`."""
        return self.selection.kind

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics whose amounts this rule takes."""
        return self.counted.metrics

    @property
    def shape(self) -> str:
        """What the sums mean: a rule of the same name and shape takes over the sums of the one it replaces."""
        return f"{self.measure}/{self.selection.text}/{self.window.label}/{self.forecast}"

    def fresh(self, bounds: Bounds, fired: Fired) -> Book:
        """An empty ledger."""
        if isinstance(self.window, Rolling):
            return Book(RollingLedger(self.window, bounds.subjects), fired)
        return Book(Ledger(self.window, bounds.subjects, PART_NS[self.window.unit] if self.forecast else 0), fired)

    def judge(self, state: Book, record: CallRecord) -> Sequence[WarningEvent]:
        """Adds the call to its subject's sum; the events that this fires."""
        amount = self.counted.of(record)
        if amount <= 0:
            return ()
        subject = self.selection.of_record(record)
        limit = self.bound(subject) if subject else None
        if limit is None:
            return ()
        page = state.ledger.add(subject, record.ended_ns, amount)
        if page is None:
            state.counts[LATE] += 1
            return ()
        if not self.forecast and page.totals[subject] * 100 < self.rungs[0].threshold * limit:
            return ()
        return self._climb(state, page, subject, limit, origin_of(record))

    def gather(self, state: Book, amount: Amount) -> None:
        """Adds a metric's amount to its subject's sum; `settle` then looks at every subject that has moved."""
        # A call costs as much as the sum it is for, and here are some for every point: those that can be are spared.
        subject = self.selection.of_attributes(amount.attributes)
        limit = self.limits.get(subject, self.limit) if self.limits else self.limit
        if limit is None or not subject:
            return
        counted, value = self.counted, amount.value
        is_plain = counted.scale == 1
        if not is_plain or type(limit) is not int:
            limit = counted.amount(limit)
        lowest = self.rungs[0].threshold * limit
        added = value if is_plain and type(value) is int else counted.amount(value)
        for page in state.gather(self.window, subject, amount, added):
            if self.forecast or page.totals.get(subject, 0) * 100 >= lowest:
                state.moved[(page.span.start_ns, subject)] = (page, amount)

    def settle(self, state: Book) -> list[WarningEvent]:
        """The events of all subjects that moved since the last time: a batch of points is one moment."""
        found: list[WarningEvent] = []
        for (_, subject), (page, amount) in state.moved.items():
            limit = self.bound(subject)
            if limit is not None:
                found += self._climb(state, page, subject, limit, amounts.origin_of(amount))
        state.moved.clear()
        return found

    def raised(self, state: Book, subject: str, total: float, at_ns: int) -> Page | None:
        """Raises a subject's sum to `total` units where it is smaller; its page, `None` where nothing is kept."""
        if self.bound(subject) is None:
            return None
        return state.ledger.raise_to(subject, at_ns, self.counted.amount(total))

    def told(self, state: Book, page: Page, subject: str, at_ns: int) -> Sequence[WarningEvent]:
        """The event that a subject's sum fires as it stands, if any."""
        limit = self.bound(subject)
        return () if limit is None else self._climb(state, page, subject, limit, Origin(at_ns))

    def bound(self, subject: str) -> int | None:
        """The subject's limit as an integer of the measure, `None` for no limit."""
        limit = self.limits.get(subject, self.limit) if self.limits else self.limit
        return None if limit is None else self.counted.amount(limit)

    def _climb(self, state: Book, page: Page, subject: str, limit: int, origin: Origin) -> Sequence[WarningEvent]:
        """The event of the highest threshold that the subject's sum newly reaches, or of the forecast."""
        if state.ledger.is_closed(page):
            return ()
        total = page.totals.get(subject, 0)
        low = page.low.pop(subject, None)
        if low is not None and low * 100 < self.rungs[0].threshold * WELL_BELOW * limit:
            page.reached.pop(subject, None)
        rung = highest(self.rungs, total * 100 / limit if limit else REACHED)
        if rung is None:
            return self._foretell(page, subject, limit, origin) if self.forecast else ()
        if rung.threshold <= page.reached.get(subject, 0.0):
            return ()
        page.reached[subject] = rung.threshold
        window = page.span.key
        if is_told(
            state.fired, self.rungs, rung, rule=self.name, subject_kind=self.kind, subject=subject, window=window
        ):
            return ()
        return (
            of_threshold(
                rung,
                rule=self.name,
                subject=(self.kind, subject),
                measure=self.counted,
                window=self.window,
                span=page.span,
                sums=(total, limit),
                origin=origin,
            ),
        )

    def _foretell(self, page: Page, subject: str, limit: int, origin: Origin) -> Sequence[WarningEvent]:
        if subject in page.foretold or not isinstance(self.window, Calendar):
            return ()
        gone_ns = gone_by(page, subject, limit, origin.at_ns, PART_NS[self.window.unit])
        if gone_ns is None:
            return ()
        page.foretold.add(subject)
        return (
            of_forecast(
                gone_ns,
                rule=f"{self.name}.forecast",
                subject=(self.kind, subject),
                measure=self.counted,
                window=self.window,
                page=page,
                sums=(page.totals[subject], limit),
                origin=origin,
            ),
        )
