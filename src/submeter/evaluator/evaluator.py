"""The evaluator: rules over a stream of calls, safe to use from every thread of an application."""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from typing import TYPE_CHECKING, Any, Final, TypeVar

from submeter.evaluator.book import Book
from submeter.evaluator.context_window import UNKNOWN_WINDOW
from submeter.evaluator.decision import ALLOWED, refusal
from submeter.evaluator.intake import Intake, at_most, lost
from submeter.evaluator.limit import LimitRule
from submeter.evaluator.rules import DEFAULT_RULES, SumRule
from submeter.evaluator.state import Bounds, Fired, Recent
from submeter.evaluator.still import Still
from submeter.semconv import METRIC_OVERFLOW
from submeter.value import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from submeter.evaluator.decision import Decision
    from submeter.evaluator.events import WarningEvent
    from submeter.evaluator.points import MetricPoint
    from submeter.evaluator.rules import Rule
    from submeter.evaluator.state import RuleState
    from submeter.record import CallRecord

Item = TypeVar("Item")

SNAPSHOT_VERSION: Final = 1


class Evaluator:
    """Takes finished calls, returns the warnings they give rise to, each once.

    It has no clock and does no I/O: the time is that of the calls. All state lies behind one lock; a call
    that the garbage collector finishes in the midst of another one's evaluation is taken right after it.
    """

    def __init__(self, rules: Sequence[Rule] = DEFAULT_RULES, *, bounds: Bounds | None = None) -> None:
        self._bounds = bounds or Bounds()
        self._fired = Fired(self._bounds.events)
        self._calls: Recent[str, bool] = Recent(self._bounds.calls)
        self._intake = Intake(self._bounds)
        self._waiting: deque[CallRecord] = deque()
        self._is_busy = False
        self._settled_ns = 0
        self._lock = threading.RLock()
        self._states: list[tuple[Rule, RuleState]] = []
        self._enact(rules, {})
        _LIVE.add(self)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in force."""
        return tuple(rule for rule, _ in self._states)

    @property
    def unknown_windows(self) -> int:
        """Calls whose model has no known context window, so that nothing can be said about it."""
        return max((state.counts[UNKNOWN_WINDOW] for _, state in self._states), default=0)

    def sizes(self) -> dict[str, int]:
        """How many subjects each rule remembers, and how many calls and events are kept to know them again."""
        with self._lock:
            found = {rule.name: len(state) for rule, state in self._states}
            return {
                **found,
                "calls": len(self._calls),
                "events": len(self._fired),
                "streams": len(self._intake.streams),
            }

    def observe(self, record: CallRecord, *, received_ns: int | None = None) -> list[WarningEvent]:
        """Takes a finished call; the warnings it gives rise to. A call delivered twice counts once.

        A server passes the time of reception, so that a sender's wrong clock cannot close everybody's windows.
        """
        if received_ns is not None and at_most(record.ended_ns, received_ns) != record.ended_ns:
            record = replace(record, ended_ns=received_ns)
        with self._lock:
            if self._is_busy:
                self._waiting.append(record)
                return []
            return self._exclusively(self._judged, record)

    def observe_points(self, points: Iterable[MetricPoint], *, received_ns: int | None = None) -> list[WarningEvent]:
        """Takes a batch of metric points; the warnings that the limits and other rules over sums give rise to.

        A batch is one moment: a sum that passes several thresholds in it fires the highest. Services whose calls
        come as records are left out, they would count twice.
        """
        with self._lock:
            return self._exclusively(lambda batch: self._metered(batch, received_ns), points)

    def remember(self, event_ids: Iterable[str]) -> None:
        """Takes note of events that were sent before, by this process or another: they are not sent again."""
        with self._lock:
            self._fired.update(event_ids)

    def total(self, rule: str, subject: str, at_ns: int) -> float:
        """What the subject has used by a limit in the window of `at_ns`, in the limit's unit.

        Raises:
            KeyError: there is no limit of that name.
        """
        limit, book = self._limits[rule]
        with self._lock:
            return limit.counted.value(book.ledger.total(subject, at_ns))

    def decide(self, values: Mapping[str, str], at_ns: int) -> Decision:
        """Whether the limits to be enforced allow one more call with these labels, `{"user": "u-7"}`, at this time."""
        with self._lock:
            for rule, book in self._enforced:
                refused = refusal(rule, book, values, at_ns)
                if refused is not None:
                    return refused
        return ALLOWED

    def near(self, percentage: float, at_ns: int, most: int) -> dict[str, list[tuple[str, float]]]:
        """By limit to be enforced: the subjects from `percentage` of it on, with their sums, at most so many each."""
        found: dict[str, list[tuple[str, float]]] = {}
        for rule, book in self._enforced:
            with self._lock:
                totals = book.ledger.totals(at_ns)
            above = [
                (subject, rule.counted.value(total))
                for subject, total in totals.items()
                if (limit := rule.bound(subject)) is not None and total * 100 >= percentage * limit
            ]
            found[rule.name] = sorted(above, key=lambda entry: -entry[1])[:most]
        return found

    def reconcile(
        self,
        rule: str,
        totals: Mapping[str, float],
        at_ns: int,
        *,
        tells: Callable[[str], bool] | None = None,
    ) -> list[WarningEvent]:
        """Raises the sums of a limit, in its unit, to what the store knows of the window of `at_ns`; never lowers one.

        With a rolling window the totals are those of the part of it that `at_ns` lies in. Only the subjects that
        `tells` accepts give rise to events at once; the others are told of by their next call.

        Raises:
            KeyError: there is no limit of that name.
        """
        limit, book = self._limits[rule]
        found: list[WarningEvent] = []
        with self._lock:
            for subject, total in totals.items():
                page = limit.raised(book, subject, total, at_ns)
                if page is not None and (tells is None or tells(subject)):
                    found += limit.told(book, page, subject, at_ns)
            return [event for event in found if self._fired.add(event.id)]

    def settle(self, before_ns: int) -> None:
        """Limits count no call that began before this moment any more: they have its share from the store."""
        self._settled_ns = before_ns

    def replace(self, rules: Sequence[Rule]) -> None:
        """Puts other rules in force; those of the same name and shape keep what they remember.

        Raises:
            ValueError: two rules have one name; the old rules stay.
        """
        with self._lock:
            kept = {(rule.name, rule.shape): state for rule, state in self._states}
            self._enact(rules, kept)

    def snapshot(self) -> dict[str, Any]:
        """Everything that is remembered, fit for JSON."""
        with self._lock:
            return {
                "version": SNAPSHOT_VERSION,
                "rules": [[rule.name, rule.shape, state.dump()] for rule, state in self._states],
                "intake": self._intake.dump(),
                "events": list(self._fired),
                "calls": [call for call, _ in self._calls.items()],
            }

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Takes over a snapshot: of rules that still have the same name and shape, and all ids and streams.

        Raises:
            ValueError: this is not a snapshot of this version; nothing is taken over.
        """
        if snapshot.get("version") != SNAPSHOT_VERSION:
            raise ValueError(f"not a snapshot of version {SNAPSHOT_VERSION}: it is left aside")
        with self._lock:
            fresh = {(rule.name, rule.shape): rule.fresh(self._bounds, self._fired) for rule, _ in self._states}
            intake = Intake(self._bounds)
            try:
                for name, shape, dumped in snapshot["rules"]:
                    if (name, shape) in fresh:
                        fresh[(name, shape)].load(dumped)
                intake.load(snapshot["intake"])
                events, calls = list(snapshot["events"]), list(snapshot["calls"])
            except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
                raise ValueError(f"a damaged snapshot is left aside: {error!r}") from error
            self._fired.update(events)
            for call in calls:
                self._calls.put(call, True)  # noqa: FBT003  (a set by way of a mapping)
            self._intake = intake
            self._enact(self.rules, fresh)

    def _enact(self, rules: Sequence[Rule], kept: Mapping[tuple[str, str], RuleState]) -> None:
        names = [rule.name for rule in rules]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"rule names must be unique, used twice: {', '.join(twice)}")
        self._states = [
            (rule, kept.get((rule.name, rule.shape)) or rule.fresh(self._bounds, self._fired)) for rule in rules
        ]
        self._fed: dict[str, list[tuple[int, SumRule, RuleState]]] = {}
        self._limits: dict[str, tuple[LimitRule, Book]] = {}
        for number, (rule, state) in enumerate(self._states):
            if isinstance(rule, LimitRule) and isinstance(state, Book):
                self._limits[rule.name] = (rule, state)
            if isinstance(rule, SumRule):
                for metric in rule.metrics:
                    self._fed.setdefault(metric, []).append((number, rule, state))
        self._unlimited = [(rule, state) for rule, state in self._states if not isinstance(rule, LimitRule)]
        self._enforced = [(rule, book) for rule, book in self._limits.values() if rule.enforce]
        self.still = Still(self._states)

    def _exclusively(self, take: Callable[[Item], list[WarningEvent]], item: Item) -> list[WarningEvent]:
        """What `take` finds in the item, and then in the calls that came meanwhile on this very thread."""
        self._is_busy = True
        try:
            found = take(item)
            while self._waiting:
                found += self._judged(self._waiting.popleft())
        finally:
            self._is_busy = False
        return found

    def _metered(self, points: Iterable[MetricPoint], received_ns: int | None) -> list[WarningEvent]:
        found: list[WarningEvent] = []
        touched: dict[int, tuple[SumRule, RuleState]] = {}
        nobody: list[tuple[int, SumRule, RuleState]] = []
        for amount in self._intake.amounts(points, received_ns):
            if METRIC_OVERFLOW in amount.attributes:
                found += lost(amount)
            for number, rule, state in self._fed.get(amount.metric, nobody):
                rule.gather(state, amount)
                touched[number] = (rule, state)
        for number in sorted(touched):
            rule, state = touched[number]
            found += rule.settle(state)
        return [event for event in found if self._fired.add(event.id)]

    def _judged(self, record: CallRecord) -> list[WarningEvent]:
        span_id = record.span_id
        if span_id:
            call = record.trace_id + span_id
            if self._calls.get(call):
                return []
            self._calls.put(call, True)  # noqa: FBT003  (a set by way of a mapping)
        if record.service:
            self._intake.services.put(record.service, True)  # noqa: FBT003
        events: list[WarningEvent] = []
        for rule, state in self._states if record.started_ns >= self._settled_ns else self._unlimited:
            found = rule.judge(state, record)
            if found:
                events += [event for event in found if self._fired.add(event.id)]
        return events


_LIVE: weakref.WeakSet[Evaluator] = weakref.WeakSet()


def _unlock() -> None:
    """Gives a forked child free locks: the threads that may hold them do not exist there."""
    for evaluator in _LIVE:
        evaluator._lock = threading.RLock()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        evaluator._is_busy = False  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock)
