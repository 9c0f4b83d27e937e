"""Sessions: which there were, what one did call by call, and its token statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from pydantic import BaseModel, Field

from submeter.server.api.paging import page
from submeter.server.api.parameters import LIMIT, OFFSET, Asked, Limit, Narrowed, Offset, Text
from submeter.server.api.question import Question
from submeter.store import questions
from submeter.store.answers import CallRow, SessionRow, SpanRow, UsageRow, WarningRow

if TYPE_CHECKING:
    from datetime import datetime

    from submeter.store.database import Reader

Order = Literal["recent", "tokens", "cost", "calls", "context"]


class SessionsAsked(Narrowed):
    """Which sessions, in which order."""

    order: Order = Field("recent", description="the latest first, or the largest: recent, tokens, cost, calls, context")
    limit: Limit = Field(50, description=LIMIT)
    offset: Offset = Field(0, description=OFFSET)


class Sessions(BaseModel):
    """Sessions, each summed over its calls in the period. `next` is the offset of the next page, if there is one."""

    sessions: list[SessionRow]
    next: int | None


class SessionAsked(Asked):
    """Which session; the empty id stands for all calls without one."""

    session: Text = Field("", description="the session's id")


class Session(BaseModel):
    """One session: its sums, its calls and warnings in order of time, and the other spans of its traces."""

    session: SessionRow
    calls: list[CallRow]
    warnings: list[WarningRow]
    spans: list[SpanRow]


class TokenStats(BaseModel):
    """Token statistics of one session. Averages are over the calls that reported a count."""

    session: SessionRow
    prompt_tokens: int | None
    completion_tokens: int | None
    total_tokens: int | None
    calls: int
    calls_without_usage: int
    average_tokens_per_call: float | None
    max_tokens_per_call: int | None
    by_model: list[UsageRow]
    by_operation: list[UsageRow]
    by_step: list[UsageRow]
    by_kind: list[UsageRow]


def _sessions(store: Reader, asked: SessionsAsked, now: datetime) -> Sessions:
    more = {"limit": asked.limit + 1, "offset": asked.offset}
    rows = questions.sessions(store, **asked.filters(now), order=asked.order, **more)
    shown, following = page(rows, asked.limit, asked.offset)
    return Sessions(sessions=shown, next=following)


def _session(store: Reader, asked: SessionAsked, _: datetime) -> Session:
    detail = questions.session(store, asked.session)
    return Session(
        session=detail.summary, calls=list(detail.calls), warnings=list(detail.warnings), spans=list(detail.spans)
    )


def _token_stats(store: Reader, asked: SessionAsked, _: datetime) -> TokenStats:
    detail = questions.session(store, asked.session)
    sums = detail.summary
    counted = [
        (call.input_tokens or 0) + (call.output_tokens or 0)
        for call in detail.calls
        if call.input_tokens is not None or call.output_tokens is not None
    ]
    total = (sums.input_tokens or 0) + (sums.output_tokens or 0)
    by = {name: questions.usage(store, by=name, session=asked.session) for name in _STATS_BY} if asked.session else {}
    return TokenStats(
        session=sums,
        prompt_tokens=sums.input_tokens,
        completion_tokens=sums.output_tokens,
        total_tokens=total if counted else None,
        calls=sums.calls,
        calls_without_usage=sums.calls_without_usage,
        average_tokens_per_call=sum(counted) / len(counted) if counted else None,
        max_tokens_per_call=max(counted, default=None),
        by_model=by.get("model", []),
        by_operation=by.get("operation", []),
        by_step=by.get("step", []),
        by_kind=by.get("kind", []),
    )


_STATS_BY: Final = ("model", "operation", "step", "kind")

QUESTIONS: Final = (
    Question("sessions", "Which sessions were there?", SessionsAsked, Sessions, _sessions),
    Question(
        "token-stats",
        "How many tokens did a session take, in all and by call?",
        SessionAsked,
        TokenStats,
        _token_stats,
    ),
    Question("session", "What did a session do and cost?", SessionAsked, Session, _session),
)
