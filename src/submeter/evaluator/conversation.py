"""Conversation too long: prompts that stay near the window's end, and a forecast of when it is full.

The forecast is a straight line: the mean growth of the latest prompts, carried on from the last call's input
and output. It is made only from three or more growing prompts, and each filling is told of it once.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from submeter import semconv
from submeter.evaluator import events
from submeter.evaluator.context_window import caution
from submeter.evaluator.filling import WELL_BELOW, Filling, Fillings, lane_of, window_of
from submeter.plural import several
from submeter.value import value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from submeter.evaluator.events import WarningEvent
    from submeter.evaluator.state import Bounds, Fired
    from submeter.record import CallRecord

LEAST_PROMPTS = 3
"""A line through fewer prompts is a guess."""

FULL = 100.0
"""The threshold that a forecast speaks of, in percent."""


@value
class ConversationRule:
    """Warns when the last `prompts` prompts of a session are all above `percentage` of what the model takes.

    Also when the session's growth fills the window within `turns` more calls; 0 turns that off.
    """

    name: str = "conversation_too_long"
    prompts: int = 5
    percentage: float = 80.0
    turns: int = 5

    def __post_init__(self) -> None:
        if self.prompts < 1 or not 0 < self.percentage <= FULL or self.turns < 0:
            raise ValueError(
                f"rule {self.name!r}: prompts must be 1 or more, turns 0 or more, percentage above 0 and at most 100"
            )

    @property
    def shape(self) -> str:
        """What the memory means."""
        return "conversation"

    def fresh(self, bounds: Bounds, fired: Fired) -> Fillings:
        """An empty memory."""
        return Fillings(bounds.subjects, fired)

    def judge(self, state: Fillings, record: CallRecord) -> Sequence[WarningEvent]:
        """The event that the call fires, if any."""
        session = record.session_id or record.conversation_id
        prompt = (record.in_window or record.usage).input_tokens
        if not session or prompt is None or record.kind == semconv.KIND_EMBEDDINGS:
            return ()
        limit = _room(record)
        if not limit:
            return ()
        filled = prompt * 100 / limit
        if filled < self.percentage * WELL_BELOW and not len(state.subjects):
            return ()
        lane = lane_of(record)
        filling = state.subjects.get((session, lane))
        if filling is None:
            if filled < self.percentage * WELL_BELOW:
                return ()
            filling = Filling()
            state.subjects.put((session, lane), filling)
        if filling.step(prompt, filled, self.percentage) == "aside":
            return ()
        filling.prompts.append(prompt)
        del filling.prompts[: -max(self.prompts, LEAST_PROMPTS)]
        return self._told(state, record, filling, limit)

    def _told(self, state: Fillings, record: CallRecord, filling: Filling, limit: int) -> Sequence[WarningEvent]:
        latest = filling.prompts[-self.prompts :]
        is_long = len(latest) == self.prompts and min(latest) * 100 > self.percentage * limit
        left = turns_left(filling.prompts, _filled(record), limit)
        is_near = left is not None and left <= self.turns
        if is_long and filling.reached < FULL + 1:
            filling.reached = FULL + 1
            return self._event(state, record, filling, limit, left, is_forecast=False)
        if is_near and filling.reached < FULL:
            filling.reached = FULL
            return self._event(state, record, filling, limit, left, is_forecast=True)
        return ()

    def _event(
        self,
        state: Fillings,
        record: CallRecord,
        filling: Filling,
        limit: int,
        left: int | None,
        *,
        is_forecast: bool,
    ) -> Sequence[WarningEvent]:
        subject = record.subject_session
        window = window_of(lane_of(record), filling.number)
        long_id = events.event_id(self.name, "session", subject, window, self.percentage)
        if long_id in state.fired:
            return ()
        return (
            events.warning(
                events.origin_of(record),
                type=events.CONVERSATION_TOO_LONG,
                severity="info" if is_forecast else "warning",
                rule=self.name,
                subject_kind="session",
                subject=subject,
                window=window,
                threshold=FULL if is_forecast else self.percentage,
                unit="tokens",
                current=_filled(record) if is_forecast else filling.prompts[-1],
                limit=limit,
                message=self._message(record, filling, limit, left, is_forecast=is_forecast),
                suggested_action=events.SUMMARISE_HISTORY,
            ),
        )

    def _message(self, record: CallRecord, filling: Filling, limit: int, left: int | None, *, is_forecast: bool) -> str:
        prompts = filling.prompts
        growth = (prompts[-1] - prompts[0]) // max(len(prompts) - 1, 1)
        forecast = (
            ""
            if left is None
            else f"about {several(left, 'more turn')} {'fills' if left == 1 else 'fill'} it, "
            f"at {growth:,} tokens a turn "
            f"(mean growth of the last {len(prompts)} prompts)"
        )
        session = f"Session {record.subject_session}"
        if is_forecast:
            text = (
                f"{session}: {_filled(record):,} of the {limit:,} tokens that {record.model} holds "
                f"are used; {forecast}. Plan to summarise the history or to start a new session."
            )
        else:
            text = (
                f"{session}: the last {self.prompts} prompts each filled more than {self.percentage:g} % "
                f"of the {limit:,} tokens that {record.model} takes (the last one {prompts[-1]:,})"
                f"{'; ' + forecast if forecast else ''}. Summarise the history or start a new session."
            )
        return text + caution(record)


def turns_left(prompts: Sequence[int], current: int, limit: int) -> int | None:
    """In how many more calls `limit` tokens are full, by the mean growth of `prompts`.

    `None` when there are too few prompts or they do not grow. `current` are the tokens that the last call left
    in the window, its answer included.
    """
    if len(prompts) < LEAST_PROMPTS:
        return None
    growth = (prompts[-1] - prompts[0]) / (len(prompts) - 1)
    if growth <= 0:
        return None
    return max(math.ceil((limit - current) / growth), 1)


def _filled(record: CallRecord) -> int:
    """The tokens in the window when the call ended, its answer included."""
    return (record.in_window or record.usage).total_tokens


def _room(record: CallRecord) -> int:
    """The largest prompt the model takes: its window or its largest input if smaller; 0 if unknown."""
    window = record.context_window or 0
    largest = record.max_input_tokens or 0
    return min(window, largest) if window and largest else window or largest
