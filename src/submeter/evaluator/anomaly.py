"""Anomalies: a subject that uses far more in one window than it ever does.

Far more means all of: `factor` times the median of its past windows, the median and six robust deviations, one
and a half times the most it used in any of them, and an amount worth a message. A window that was reported
enters the history only as high as the highest before it, so that one spike does not hide the next; two in a
row are the new usual. Weekly rhythms are covered by the highest past window, windows without calls count as 0.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import field
from statistics import median
from typing import TYPE_CHECKING, Any, Final

from submeter.evaluator import amounts, events
from submeter.evaluator.book import LATE
from submeter.evaluator.labels import Selection, known_labels, spoken
from submeter.evaluator.ledger import split
from submeter.evaluator.measures import MEASURES, Measure
from submeter.evaluator.state import Recent
from submeter.evaluator.windows import Calendar
from submeter.plural import several
from submeter.value import state, value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from submeter.evaluator.amounts import Amount
    from submeter.evaluator.events import Origin, WarningEvent
    from submeter.evaluator.state import Bounds, Fired
    from submeter.evaluator.windows import Span
    from submeter.record import CallRecord

DEVIATIONS: Final = 6 * 1.4826
"""Six standard deviations of normal noise, in median absolute deviations."""

ABOVE_HIGHEST: Final = 1.5

LEAST: Final[Mapping[str, float]] = {"cost_usd": 1.0, "calls": 100.0}
"""Amounts below these are not worth a message, in the measure's unit; for tokens 100,000."""

LEAST_TOKENS: Final = 100_000.0


@state
class Course:
    """One subject's sums: of the current window, and of the windows before, the latest last."""

    start_ns: int
    total: int = 0
    line: int | None = None
    is_told: bool = False
    was_told: bool = False
    past: list[int] = field(default_factory=list[int])


class Courses:
    """The courses of every subject, and those that a batch of metric points has moved."""

    __slots__ = ("counts", "moved", "span", "subjects")

    def __init__(self, capacity: int) -> None:
        self.subjects: Recent[str, Course] = Recent(capacity)
        self.moved: dict[str, Amount] = {}
        self.span: Span | None = None
        self.counts: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self.subjects)

    def dump(self) -> object:
        """Every course as a list."""
        return [
            [subject, course.start_ns, course.total, course.line, course.is_told, course.was_told, course.past]
            for subject, course in self.subjects.items()
        ]

    def load(self, dumped: Any) -> None:
        """Takes over what `dump` gave."""
        for subject, *fields, past in dumped:
            self.subjects.put(subject, Course(*fields, past=list(past)))


@value
class AnomalyRule:
    """Warns when a subject's sum of `measure` in a window is far above its own past, once per window.

    `history` windows are remembered; nothing is said before `warm_up` of them have passed. `least` is the
    smallest sum worth a message, in the measure's unit.

    Raises:
        ValueError: a measure, label or number cannot be; the message names the rule.
    """

    name: str = "anomaly"
    measure: str = "cost_usd"
    per: tuple[str, ...] = ("service",)
    window: Calendar = field(default_factory=Calendar)
    factor: float = 3.0
    history: int = 28
    warm_up: int = 7
    least: float | None = None
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    counted: Measure = field(init=False, repr=False, compare=False)
    selection: Selection = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise ValueError(f"rule {self.name!r}: unknown measure {self.measure!r}, there are {', '.join(MEASURES)}")
        known_labels((*self.per, *self.where), rule=self.name)
        if not self.factor > 1 or not 1 <= self.warm_up <= self.history:
            raise ValueError(f"rule {self.name!r}: factor must be above 1, warm_up from 1 to history")
        object.__setattr__(self, "counted", MEASURES[self.measure])
        object.__setattr__(self, "selection", Selection(self.per, self.where))

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics whose amounts this rule takes."""
        return self.counted.metrics

    @property
    def shape(self) -> str:
        """What the sums mean."""
        return f"anomaly/{self.measure}/{self.selection.text}/{self.window.label}"

    def fresh(self, bounds: Bounds, fired: Fired) -> Courses:  # noqa: ARG002  (the protocol's)
        """No course yet."""
        return Courses(bounds.subjects)

    def judge(self, state: Courses, record: CallRecord) -> Sequence[WarningEvent]:
        """Adds the call to its subject's sum; the event that this fires, if any."""
        amount = self.counted.of(record)
        subject = self.selection.of_record(record) if amount > 0 else ""
        if not subject:
            return ()
        self._add(state, subject, record.ended_ns, amount)
        return self._told(state, subject, events.origin_of(record))

    def gather(self, state: Courses, amount: Amount) -> None:
        """Adds a metric's amount to its subject's sum."""
        subject = self.selection.of_attributes(amount.attributes)
        if not subject:
            return
        parts = split(self.window, amount.since_ns, amount.at_ns, self.counted.amount(amount.value))
        for at_ns, part in sorted(parts):
            if part > 0:
                self._add(state, subject, at_ns, part)
                state.moved[subject] = amount

    def settle(self, state: Courses) -> list[WarningEvent]:
        """The events of all subjects that moved since the last time."""
        found = [
            event
            for subject, amount in state.moved.items()
            for event in self._told(state, subject, amounts.origin_of(amount))
        ]
        state.moved.clear()
        return found

    def _add(self, state: Courses, subject: str, at_ns: int, amount: int) -> None:
        span = state.span
        if span is None or not span.start_ns <= at_ns < span.end_ns:
            span = state.span = self.window.at(at_ns)
        course = state.subjects.get(subject)
        if course is None:
            course = Course(span.start_ns)
            state.subjects.put(subject, course)
        if span.start_ns > course.start_ns:
            self._turn(course, span)
        if span.start_ns == course.start_ns:
            course.total += amount
        elif course.past and self.window.before(self.window.at(course.start_ns)).start_ns == span.start_ns:
            course.past[-1] += amount
            course.line = self._line(course.past)
        else:
            state.counts[LATE] += 1

    def _turn(self, course: Course, span: Span) -> None:
        """Closes the course's window, and those without a call until `span`."""
        is_spike = course.is_told and not course.was_told
        course.past.append(min(course.total, max(course.past)) if is_spike else course.total)
        earlier = self.window.before(span)
        while earlier.start_ns > course.start_ns and len(course.past) < self.history * 2:
            course.past.append(0)
            earlier = self.window.before(earlier)
        del course.past[: -self.history]
        course.start_ns, course.total, course.is_told, course.was_told = span.start_ns, 0, False, course.is_told
        course.line = self._line(course.past)

    def _line(self, past: Sequence[int]) -> int | None:
        if len(past) < self.warm_up:
            return None
        middle = median(past)
        deviation = median(abs(total - middle) for total in past)
        least = LEAST.get(self.measure, LEAST_TOKENS) if self.least is None else self.least
        return int(
            max(
                middle * self.factor,
                middle + deviation * DEVIATIONS,
                max(past) * ABOVE_HIGHEST,
                self.counted.amount(least),
            )
        )

    def _told(self, state: Courses, subject: str, origin: Origin) -> Sequence[WarningEvent]:
        course = state.subjects.get(subject)
        if course is None or course.line is None or course.is_told or course.total <= course.line:
            return ()
        course.is_told = True
        span = self.window.at(course.start_ns)
        text = self.counted.text
        return (
            events.warning(
                origin,
                type=events.ANOMALY,
                severity="warning",
                rule=self.name,
                subject_kind=self.selection.kind,
                subject=subject,
                window=span.key,
                threshold=100.0,
                unit=self.counted.unit,
                current=self.counted.value(course.total),
                limit=self.counted.value(course.line),
                message=(
                    f"{spoken(self.selection.kind, subject)} has used {text(course.total)} in the {self.window.unit} "
                    f"{span.key}; usual are {text(int(median(course.past)))}, the most of the last "
                    f"{several(len(course.past), self.window.unit)} was {text(max(course.past))}."
                ),
                suggested_action="review_usage",
                until_ns=span.end_ns,
            ),
        )
