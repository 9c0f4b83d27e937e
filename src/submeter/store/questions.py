"""The questions to a store: one typed function over one or more files of `queries/`.

`start` is included and `end` is not; both may be dates with or without a time zone (without one: UTC). A
filter that is empty does not filter. Sums count every call once, whatever was sent twice.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from submeter.store.answers import (
    CallRow,
    SessionDetail,
    SessionRow,
    SpanRow,
    Summary,
    UsageRow,
    WarningRow,
)
from submeter.store.errors import QuestionRefused, UnknownSession

if TYPE_CHECKING:
    from collections.abc import Mapping

    from submeter.store.database import Reader

Order = Literal["recent", "tokens", "cost"]

ORDERS: Final = ("recent", "tokens", "cost")
BY: Final = (
    "user",
    "model",
    "session",
    "operation",
    "step",
    "day",
    "hour",
    "service",
    "provider",
    "agent",
    "kind",
    "framework",
)
"""What usage can be summed by; `tag:NAME` besides."""

_COLUMNS: Final = {"user": "user_id", "session": "session_id"}

MOST_CALLS: Final = 10_000
"""How many calls of one session are shown."""

MOST_SPANS: Final = 20_000
"""How many other spans of one session's traces are shown."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_END_OF_TIME_NS: Final = 2**63 - 1
_MARGIN_NS: Final = 3600 * 10**9


def sessions(
    store: Reader,
    *,
    start: date | None = None,
    end: date | None = None,
    user: str = "",
    service: str = "",
    order: str = "recent",
    limit: int = 50,
) -> list[SessionRow]:
    """The sessions with calls in the range, summed over those calls; the calls without a session come last."""
    if order not in ORDERS:
        raise QuestionRefused(f"sessions cannot be ordered by {order!r}: use {', '.join(ORDERS)}")
    parameters = {**_range(start, end), "user": user, "service": service, "order": order, "limit": limit}
    return [_session_row(row) for row in store.ask("sessions", parameters)]


def session(store: Reader, session_id: str) -> SessionDetail:
    """One session with its calls, warnings and the other spans of its traces.

    Raises:
        UnknownSession: there is no call with this session id.
    """
    found = store.ask("session", {"session": session_id})
    if not found:
        raise UnknownSession(_unknown(store, session_id))
    calls = tuple(_call_row(row) for row in store.ask("session_calls", {"session": session_id, "limit": MOST_CALLS}))
    return SessionDetail(
        summary=_session_row(found[0]),
        calls=calls,
        warnings=tuple(reversed(warnings(store, session=session_id, limit=MOST_CALLS))) if session_id else (),
        spans=_spans_around(store, session_id, calls),
    )


def calls(
    store: Reader,
    *,
    start: date | None = None,
    end: date | None = None,
    user: str = "",
    session: str = "",
    service: str = "",
    tag: str = "",
    limit: int = 1000,
) -> list[CallRow]:
    """The calls in the range, the latest first. `tag` is `NAME=VALUE`."""
    parameters = {**_filters(start, end, user, session, service, tag), "limit": limit}
    return [_call_row(row) for row in store.ask("calls", parameters)]


def usage(
    store: Reader,
    *,
    by: str,
    start: date | None = None,
    end: date | None = None,
    user: str = "",
    session: str = "",
    service: str = "",
    tag: str = "",
    zone: str = "UTC",
    limit: int = 1000,
) -> list[UsageRow]:
    """Usage summed by one of `BY` or by `tag:NAME`; the dearest first, days and hours in order of time.

    `tag` filters by `NAME=VALUE`. `zone` is the time zone in which days and hours are cut. Of days and hours
    the latest `limit` are given.

    Raises:
        QuestionRefused: `by` or `zone` is not known.
    """
    name, _, by_tag = by.partition(":")
    if not (by in BY or (name == "tag" and by_tag)):
        raise QuestionRefused(f"usage cannot be summed by {by!r}: use {', '.join(BY)} or tag:NAME")
    parameters = {
        **_filters(start, end, user, session, service, tag),
        "by": _COLUMNS.get(name, name),
        "by_tag": by_tag,
        "zone": _zone(zone),
        "limit": limit,
    }
    rows = [UsageRow(**row) for row in store.ask("usage", parameters)]
    return rows[::-1] if name in {"day", "hour"} else rows


def summary(
    store: Reader,
    *,
    start: date | None = None,
    end: date | None = None,
    user: str = "",
    session: str = "",
    service: str = "",
    tag: str = "",
) -> Summary:
    """Everything in the range in one row. `tag` is `NAME=VALUE`."""
    row = store.ask("summary", _filters(start, end, user, session, service, tag))[0]
    first, last = row.pop("first_ns"), row.pop("last_ns")
    row["durations_s"], row["ttfts_s"] = tuple(row["durations_s"]), tuple(row["ttfts_s"])
    is_empty = not row["calls"]
    return Summary(
        **row,
        first_ts=None if is_empty else moment(first),
        last_ts=None if is_empty else moment(last),
    )


def warnings(
    store: Reader,
    *,
    start: date | None = None,
    end: date | None = None,
    session: str = "",
    user: str = "",
    severity: str = "",
    limit: int = 1000,
) -> list[WarningRow]:
    """The warnings in the range, the latest first, each once."""
    parameters = {
        **_range(start, end),
        "session": session,
        "user": user,
        "severity": severity,
        "limit": limit,
    }
    return [WarningRow(ts=moment(row.pop("ts_ns")), **row) for row in store.ask("warnings", parameters)]


def moment(nanoseconds: int) -> datetime:
    """A time in nanoseconds since the epoch as a date in UTC, cut to microseconds."""
    return _EPOCH + timedelta(microseconds=nanoseconds // 1000)


def _spans_around(store: Reader, session_id: str, calls: tuple[CallRow, ...]) -> tuple[SpanRow, ...]:
    traces = sorted({call.trace_id for call in calls if call.trace_id})
    if not session_id or not traces:
        return ()
    parameters: dict[str, object] = {
        "session": session_id,
        "traces": traces,
        "start_ns": max(calls[0].start_ns - _MARGIN_NS, 0),
        "end_ns": min(calls[-1].start_ns + _MARGIN_NS, _END_OF_TIME_NS),
        "limit": MOST_SPANS,
    }
    return tuple(SpanRow(ts=moment(row["start_ns"]), **row) for row in store.ask("session_spans", parameters))


def _unknown(store: Reader, session_id: str) -> str:
    similar = [row["session_id"] for row in store.ask("similar_sessions", {"session": session_id})]
    if not similar:
        return f"no session {session_id!r}: no call with a session is stored yet"
    return f"no session {session_id!r}: the most similar are {', '.join(similar)}; `submeter sessions` lists all"


def _session_row(row: Mapping[str, Any]) -> SessionRow:
    values = dict(row)
    first, last = values.pop("first_ns"), values.pop("last_ns")
    values["models"] = tuple(values["models"])
    return SessionRow(first_ts=moment(first), last_ts=moment(last), **values)


def _call_row(row: Mapping[str, Any]) -> CallRow:
    values: dict[str, Any] = {**row, "finish_reasons": tuple(row["finish_reasons"])}
    return CallRow(ts=moment(row["start_ns"]), **values)


def _filters(
    start: date | None, end: date | None, user: str, session: str, service: str, tag: str
) -> dict[str, object]:
    name, separator, value = tag.partition("=")
    if tag and not (name and separator):
        raise QuestionRefused(f"a tag filter is NAME=VALUE, not {tag!r}")
    return {
        **_range(start, end),
        "user": user,
        "session": session,
        "service": service,
        "tag": name,
        "tag_value": value,
    }


def _range(start: date | None, end: date | None) -> dict[str, object]:
    return {
        "start_ns": 0 if start is None else nanoseconds(start),
        "end_ns": _END_OF_TIME_NS if end is None else nanoseconds(end),
    }


def nanoseconds(day: date) -> int:
    """A date or time, in UTC unless it says otherwise, in nanoseconds since the epoch."""
    instant = day if isinstance(day, datetime) else datetime.combine(day, time())
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return (instant - _EPOCH) // _MICROSECOND * 1000


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise QuestionRefused(f"no time zone {name!r}: use a name such as UTC or Europe/Berlin") from error
    return name
