"""The questions to a store: one typed function over one or more files of `queries/`.

`start` is included and `end` is not; both may be dates with or without a time zone (without one: UTC). A
filter that is empty does not filter. Sums count every call once, whatever was sent twice.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final, TypedDict, Unpack
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from submeter.store.answers import (
    CallRow,
    EvaluationRow,
    PointRow,
    SessionDetail,
    SessionRow,
    SpanRow,
    Summary,
    UsageRow,
    WarningRow,
)
from submeter.store.errors import QuestionRefused
from submeter.store.mistaken import unknown_session
from submeter.store.ranking import first_sessions
from submeter.store.timeline import first_calls

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from submeter.store.database import Reader

ORDERS: Final = ("recent", "tokens", "cost", "calls", "context")
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
"""What usage can be summed by; `tag:NAME` besides, and two of them with a comma between."""

_COLUMNS: Final = {"user": "user_id", "session": "session_id"}

MOST_CALLS: Final = 10_000
"""How many calls of one session are shown."""

MOST_SPANS: Final = 20_000
"""How many other spans of one session's traces are shown."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_END_OF_TIME_NS: Final = 2**63 - 1
_MARGIN_NS: Final = 3600 * 10**9


class Filters(TypedDict, total=False):
    """Which calls a question is about; an empty text filters nothing. `tag` is `NAME=VALUE`."""

    start: date | None
    end: date | None
    user: str
    session: str
    service: str
    operation: str
    agent: str
    model: str
    tag: str


def sessions(
    store: Reader, *, order: str = "recent", limit: int = 50, offset: int = 0, **filters: Unpack[Filters]
) -> list[SessionRow]:
    """The sessions with calls in the range, summed over those calls; the calls without a session come last."""
    if order not in ORDERS:
        raise QuestionRefused(f"sessions cannot be ordered by {order!r}: use {', '.join(ORDERS)}")
    asked = {**parameters(filters), "order": order}
    return [_session_row(row) for row in first_sessions(store, asked, limit=limit, offset=offset)]


def session(store: Reader, session_id: str) -> SessionDetail:
    """One session with its calls, warnings and the other spans of its traces.

    Raises:
        UnknownSession: there is no call with this session id.
    """
    found = store.ask("session", {"session": session_id})
    if not found:
        raise unknown_session(store, session_id)
    calls = tuple(_call_row(row) for row in first_calls(store, session_id, MOST_CALLS))
    return SessionDetail(
        summary=_session_row(found[0]),
        calls=calls,
        warnings=tuple(reversed(warnings(store, session=session_id, limit=MOST_CALLS))) if session_id else (),
        spans=_spans_around(store, session_id, calls),
    )


def calls(store: Reader, *, limit: int = 1000, **filters: Unpack[Filters]) -> list[CallRow]:
    """The calls in the range, the latest first."""
    return [_call_row(row) for row in store.ask("calls", {**parameters(filters), "limit": limit})]


def usage(
    store: Reader, *, by: str, zone: str = "UTC", limit: int = 1000, offset: int = 0, **filters: Unpack[Filters]
) -> list[UsageRow]:
    """Usage summed by one of `BY`, by `tag:NAME`, or by two of these with a comma between.

    The dearest come first, days and hours in order of time, of which the latest `limit` are given. `zone` is the
    time zone in which days and hours are cut.

    Raises:
        QuestionRefused: `by` or `zone` is not known.
    """
    return usage_page(store, by=by, zone=zone, limit=limit, offset=offset, **filters)[0]


def usage_page(
    store: Reader, *, by: str, zone: str, limit: int, offset: int, **filters: Unpack[Filters]
) -> tuple[list[UsageRow], bool]:
    """The same, and whether there is more: one row is asked for beyond the page, which is not always its last."""
    first, _, second = by.partition(",")
    (column, tag), (second_column, second_tag) = _summed_by(first), _summed_by(second) if second else ("nothing", "")
    asked = {
        **parameters(filters),
        "by": column,
        "by_tag": tag,
        "second": "second_tag" if second_column == "tag" else second_column,
        "second_tag": second_tag,
        "zone": _zone(zone),
        "limit": limit + 1,
        "offset": offset,
    }
    found = [UsageRow(**row) for row in store.ask("usage", asked)]
    times = [name in {"day", "hour"} for name in (column, second_column)]
    rows = sorted(found[:limit], key=lambda row: (row.key if times[0] else "", row.second if times[1] else ""))
    return rows, len(found) > limit


def summary(store: Reader, **filters: Unpack[Filters]) -> Summary:
    """Everything in the range in one row."""
    row = store.ask("summary", parameters(filters))[0]
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
    offset: int = 0,
) -> list[WarningRow]:
    """The warnings in the range, the latest first, each once."""
    parameters = {
        **period(start, end),
        "session": session,
        "user": user,
        "severity": severity,
        "limit": limit,
        "offset": offset,
    }
    return [WarningRow(ts=moment(row.pop("ts_ns")), **row) for row in store.ask("warnings", parameters)]


def evaluations(
    store: Reader, *, name: str = "", limit: int = 1000, offset: int = 0, **filters: Unpack[Filters]
) -> list[EvaluationRow]:
    """Scores by evaluation, operation and model; `name` is that of one evaluation."""
    asked = {**parameters(filters), "name": name, "limit": limit, "offset": offset}
    return [EvaluationRow(**row) for row in store.ask("evaluations", asked)]


def sums(
    store: Reader,
    *,
    measure: str,
    labels: Sequence[str],
    where: Mapping[str, Sequence[str]],
    start_ns: int,
    before_ns: int,
    part_ns: int,
    limit: int = 1_000_000,
) -> list[tuple[tuple[str, ...], int, float]]:
    """What calls that ended from `start_ns` on and began before `before_ns` used: labels' values, part, sum.

    Labels and measures are those of rules. Part `n` begins `n * part_ns` after the epoch.
    """
    parameters: dict[str, object] = {
        "measure": measure,
        "labels": list(labels),
        "where_labels": list(where),
        "where": [f"{label}={value}" for label, values in where.items() for value in values],
        "start_ns": start_ns,
        "before_ns": before_ns,
        "part_ns": part_ns,
        "limit": limit,
    }
    return [(tuple(row["key"]), int(row["part"]), float(row["total"])) for row in store.ask("sums", parameters)]


def points(store: Reader, *, metrics: Iterable[str], start: date, limit: int = 100_000) -> list[PointRow]:
    """The points of these metrics in the range, the latest first."""
    parameters = {"metrics": sorted(metrics), "start_ns": nanoseconds(start), "limit": limit}
    return [PointRow(**row) for row in store.ask("points", parameters)]


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


def _session_row(row: Mapping[str, Any]) -> SessionRow:
    values = dict(row)
    first, last = values.pop("first_ns"), values.pop("last_ns")
    values.pop("place", None)
    values["models"] = tuple(values["models"])
    return SessionRow(first_ts=moment(first), last_ts=moment(last), **values)


def _call_row(row: Mapping[str, Any]) -> CallRow:
    values: dict[str, Any] = {**row, "finish_reasons": tuple(row["finish_reasons"])}
    return CallRow(ts=moment(row["start_ns"]), **values)


def _summed_by(text: str) -> tuple[str, str]:
    """The column to sum by, and the tag's name where it is one."""
    name, _, tag = text.partition(":")
    if not (text in BY or (name == "tag" and tag)):
        raise QuestionRefused(f"usage cannot be summed by {text!r}: use {', '.join(BY)} or tag:NAME")
    return _COLUMNS.get(name, name), tag


def parameters(filters: Filters) -> dict[str, object]:
    """The filters as the parameters of a question."""
    tag = filters.get("tag", "")
    name, separator, value = tag.partition("=")
    if tag and not (name and separator):
        raise QuestionRefused(f"a tag filter is NAME=VALUE, not {tag!r}")
    texts = {name: filters.get(name, "") for name in ("user", "session", "service", "operation", "agent", "model")}
    return {**period(filters.get("start"), filters.get("end")), **texts, "tag": name, "tag_value": value}


def period(start: date | None, end: date | None) -> dict[str, object]:
    """A period as the parameters of a question; an open end is as far as time goes."""
    return {
        "start_ns": 0 if start is None else nanoseconds(start),
        "end_ns": _END_OF_TIME_NS if end is None else nanoseconds(end),
    }


def nanoseconds(day: date) -> int:
    """A date or time, in UTC unless it says otherwise, in nanoseconds since the epoch, as far as 64 bits go."""
    instant = day if isinstance(day, datetime) else datetime.combine(day, time())
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return max(-_END_OF_TIME_NS, min((instant - _EPOCH) // _MICROSECOND * 1000, _END_OF_TIME_NS))


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise QuestionRefused(f"no time zone {name!r}: use a name such as UTC or Europe/Berlin") from error
    return name
