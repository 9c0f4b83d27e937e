"""Context truncated: an answer that stopped because the context window was full.

Providers say `length` both when the window was full and when the caller's own output limit was reached. Only
the first loses context, so the tokens decide: the window must be full but for a rest that is too small to
matter. A reason that names the window needs no such proof.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from submeter.evaluator import events
from submeter.evaluator.context_window import caution, who
from submeter.evaluator.state import Forgetful
from submeter.value import value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from submeter.evaluator.events import WarningEvent
    from submeter.evaluator.state import Bounds, Fired
    from submeter.record import CallRecord

CUT_SHORT = frozenset({"length", "max_tokens", "max_output_tokens"})
"""Finish reasons, in lower case, for an answer that was cut at some limit."""

WINDOW_FULL = frozenset({"model_context_window_exceeded", "context_length_exceeded", "context_window_exceeded"})
"""Finish reasons, in lower case, that name the context window."""

_ENDS = CUT_SHORT | WINDOW_FULL

WHOLE = frozenset({"stop", "end_turn", "tool_calls", "tool_use", "completed", "STOP"})
"""Finish reasons of nearly all answers, which were not cut."""


@value
class TruncationRule:
    """Warns when the context window cut an answer, once per session, model and day (UTC)."""

    name: str = "context_truncated"
    rest_tokens: int = 8

    @property
    def shape(self) -> str:
        """What the memory means."""
        return "truncation"

    def fresh(self, bounds: Bounds, fired: Fired) -> Forgetful:  # noqa: ARG002  (the protocol's)
        """This rule remembers nothing but the events that were sent."""
        return Forgetful()

    def judge(self, state: Forgetful, record: CallRecord) -> Sequence[WarningEvent]:  # noqa: ARG002  (the protocol's)
        """The event that the call fires, if any."""
        if WHOLE.issuperset(record.finish_reasons):
            return ()
        reasons = {reason.lower() for reason in record.finish_reasons}
        if reasons.isdisjoint(_ENDS) or not record.usage.is_known:
            return ()
        usage = record.in_window or record.usage
        total = usage.total_tokens
        window = record.context_window
        is_full = bool(window) and total >= (window or 0) - self.rest_tokens
        if not (reasons & WINDOW_FULL or (is_full and reasons & CUT_SHORT)):
            return ()
        session = record.subject_session
        day = time.strftime("%Y-%m-%d", time.gmtime(record.ended_ns // 1_000_000_000))
        size = f" of {window:,} tokens" if window else ""
        return (
            events.warning(
                events.origin_of(record),
                type=events.CONTEXT_TRUNCATED,
                severity="critical",
                rule=self.name,
                subject_kind="session" if session else "model",
                subject=session or f"{record.service}/{record.model}",
                window=f"{record.model}@{day}",
                threshold=100.0,
                unit="tokens",
                current=total,
                limit=window or total,
                message=(
                    f"{who(record)}: the answer of {record.model} broke off because its context window{size} "
                    f"was full ({usage.input_tokens or 0:,} in, {usage.output_tokens or 0:,} out). "
                    f"Start a new session or summarise the history.{caution(record)}"
                ),
                suggested_action=events.START_NEW_SESSION,
            ),
        )
