"""Context window: how much of a model's window each call fills, warned of at 70, 85 and 95 percent.

Two denominators count, and the fuller one speaks: the total window against the call's input and output, and
the model's largest input against its input alone. A session is warned once per threshold and filling; calls
without a session once per service, model, threshold and day (UTC), for lack of anything that connects them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from submeter import semconv
from submeter.evaluator import events
from submeter.evaluator.filling import WELL_BELOW, Filling, Fillings, lane_of, window_of
from submeter.evaluator.ladder import Rung, ascending, highest, is_told
from submeter.value import value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from submeter.evaluator.events import WarningEvent
    from submeter.evaluator.state import Bounds, Fired
    from submeter.record import CallRecord

RUNGS = (
    Rung(70.0, events.APPROACHING_LIMIT, "info", events.CONSIDER_NEW_SESSION),
    Rung(85.0, events.APPROACHING_LIMIT, "warning", events.SUMMARISE_HISTORY),
    Rung(95.0, events.AT_LIMIT, "critical", events.START_NEW_SESSION),
)

ADVICE = {
    events.CONSIDER_NEW_SESSION: "Think of starting a new session.",
    events.SUMMARISE_HISTORY: "Summarise or drop old messages soon.",
    events.START_NEW_SESSION: "Start a new session or summarise now, before the model drops or refuses messages.",
}

UNKNOWN_WINDOW = "unknown_windows"


@value(kw_only=False)
class Fill:
    """How full a call is against the denominator that binds, in tokens and percent."""

    percentage: float
    current: int
    limit: int
    is_input: bool


@value
class ContextWindowRule:
    """Warns when a call fills its model's context window beyond the rungs' thresholds."""

    name: str = "context_window"
    rungs: tuple[Rung, ...] = RUNGS

    def __post_init__(self) -> None:
        ascending(self.rungs, rule=self.name)

    @property
    def shape(self) -> str:
        """What the memory means."""
        return "context_window"

    def fresh(self, bounds: Bounds, fired: Fired) -> Fillings:
        """An empty memory."""
        return Fillings(bounds.subjects, fired)

    def judge(self, state: Fillings, record: CallRecord) -> Sequence[WarningEvent]:
        """The event that the call fires, if any."""
        fill = fill_of(state, record)
        if fill is None:
            return ()
        lowest = self.rungs[0].threshold
        if fill.percentage < lowest * WELL_BELOW and not len(state.subjects):
            return ()
        session = record.session_id or record.conversation_id
        lane = lane_of(record) if session else _day(record.ended_ns)
        subject = session or f"{record.service}/{record.model}"
        filling = state.subjects.get((subject, lane))
        if filling is None:
            if fill.percentage < lowest * WELL_BELOW:
                return ()
            filling = self._opened(state, subject, lane, is_session=bool(session))
        if session:
            filling.step((record.in_window or record.usage).input_tokens or 0, fill.percentage, lowest)
        if fill.percentage < lowest:
            return ()
        return self._climb(state, record, filling, fill, (subject, lane))

    def _climb(
        self,
        state: Fillings,
        record: CallRecord,
        filling: Filling,
        fill: Fill,
        key: tuple[str, str],
    ) -> Sequence[WarningEvent]:
        rung = highest(self.rungs, fill.percentage)
        if rung is None or rung.threshold <= filling.reached:
            return ()
        filling.reached = rung.threshold
        subject, lane = key
        session = record.subject_session
        kind = "session" if session else "model"
        window = window_of(lane, filling.number) if session else lane
        if is_told(state.fired, self.rungs, rung, rule=self.name, subject_kind=kind, subject=subject, window=window):
            return ()
        return (
            events.warning(
                events.origin_of(record),
                type=rung.type,
                severity=rung.severity,
                rule=self.name,
                subject_kind=kind,
                subject=subject,
                window=window,
                threshold=rung.threshold,
                unit="tokens",
                current=fill.current,
                limit=fill.limit,
                message=_message(record, fill, rung),
                suggested_action=rung.action,
            ),
        )

    def _opened(self, state: Fillings, subject: str, lane: str, *, is_session: bool) -> Filling:
        """A lane seen for the first time, numbered on from what other processes have sent about it."""
        filling = Filling()
        if is_session and len(state.fired):
            while self._is_known(state, subject, window_of(lane, filling.number + 1)):
                filling.number += 1
        state.subjects.put((subject, lane), filling)
        return filling

    def _is_known(self, state: Fillings, subject: str, window: str) -> bool:
        return any(
            events.event_id(self.name, "session", subject, window, rung.threshold) in state.fired for rung in self.rungs
        )


def fill_of(state: Fillings, record: CallRecord) -> Fill | None:
    """How full the call is; `None` without counts, for embeddings and, counted, without a known window."""
    usage = record.in_window or record.usage
    prompt = usage.input_tokens
    if (prompt is None and usage.output_tokens is None) or record.kind == semconv.KIND_EMBEDDINGS:
        return None
    window = record.context_window
    largest = record.max_input_tokens
    if not window and not largest:
        state.counts[UNKNOWN_WINDOW] += 1
        return None
    prompt = prompt or 0
    total = prompt + (usage.output_tokens or 0)
    by_window = total * 100 / window if window else 0.0
    by_input = prompt * 100 / largest if largest else 0.0
    if largest and by_input > by_window:
        return Fill(by_input, prompt, largest, is_input=True)
    return (
        Fill(by_window, total, window or 0, is_input=False)
        if window
        else Fill(by_input, prompt, largest or 0, is_input=True)
    )


def who(record: CallRecord) -> str:
    """The conversation a message speaks of."""
    session = record.subject_session
    return f"Session {session}" if session else f"A call of {record.service or 'the application'} without a session"


def caution(record: CallRecord) -> str:
    """A sentence about counts that are not the provider's full word, else nothing."""
    if record.usage.estimated:
        return f" The count is estimated ({record.usage.estimated})."
    if record.usage.is_partial:
        return " The count is partial: the answer broke off."
    return ""


def _message(record: CallRecord, fill: Fill, rung: Rung) -> str:
    what = f"the largest input that {record.model} takes" if fill.is_input else f"the context window of {record.model}"
    return (
        f"{who(record)}: {events.share(fill.current, fill.limit):g} % of {what} is full "
        f"({fill.current:,} of {fill.limit:,} tokens, {max(fill.limit - fill.current, 0):,} left). "
        f"{ADVICE.get(rung.action, '')}{caution(record)}"
    ).rstrip()


def _day(at_ns: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(at_ns // 1_000_000_000))
