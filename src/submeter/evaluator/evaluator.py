"""The evaluator: rules over a stream of calls, safe to use from every thread of an application."""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from typing import TYPE_CHECKING

from submeter.evaluator.context_window import UNKNOWN_WINDOW
from submeter.evaluator.rules import DEFAULT_RULES
from submeter.evaluator.state import Bounds, Fired, Recent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from submeter.evaluator.events import WarningEvent
    from submeter.evaluator.rules import Rule
    from submeter.evaluator.state import RuleState
    from submeter.record import CallRecord


class Evaluator:
    """Takes finished calls, returns the warnings they give rise to, each once.

    It has no clock and does no I/O: the time is that of the calls. All state lies behind one lock; a call
    that the garbage collector finishes in the midst of another one's evaluation is taken right after it.
    """

    def __init__(self, rules: Sequence[Rule] = DEFAULT_RULES, *, bounds: Bounds | None = None) -> None:
        bounds = bounds or Bounds()
        names = [rule.name for rule in rules]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"rule names must be unique, used twice: {', '.join(twice)}")
        self._fired = Fired(bounds.events)
        self._calls: Recent[str, bool] = Recent(bounds.calls)
        self._states: list[tuple[Rule, RuleState]] = [(rule, rule.fresh(bounds, self._fired)) for rule in rules]
        self._waiting: deque[CallRecord] = deque()
        self._is_busy = False
        self._lock = threading.RLock()
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
            return {**found, "calls": len(self._calls), "events": len(self._fired)}

    def observe(self, record: CallRecord) -> list[WarningEvent]:
        """Takes a finished call; the warnings it gives rise to. A call delivered twice counts once."""
        with self._lock:
            if self._is_busy:
                self._waiting.append(record)
                return []
            self._is_busy = True
            try:
                events = self._judged(record)
                while self._waiting:
                    events += self._judged(self._waiting.popleft())
            finally:
                self._is_busy = False
        return events

    def remember(self, event_ids: Iterable[str]) -> None:
        """Takes note of events that were sent before, by this process or another: they are not sent again."""
        with self._lock:
            self._fired.update(event_ids)

    def _judged(self, record: CallRecord) -> list[WarningEvent]:
        span_id = record.span_id
        if span_id:
            call = record.trace_id + span_id
            if self._calls.get(call):
                return []
            self._calls.put(call, True)  # noqa: FBT003  (a set by way of a mapping)
        events: list[WarningEvent] = []
        for rule, state in self._states:
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
