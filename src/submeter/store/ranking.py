"""The first sessions by a measure, without telling the repetitions of all other sessions' calls apart.

Sums in which repetitions still count are quick, and never too small, so they are bounds: of each session, or, quicker
still, of all sessions of a bucket. The sessions with the largest bounds are summed exactly; when the last of them that
is asked for is before every session that was left out, could that reach its bound, these are the first. Else all
sessions are summed exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from submeter.store.database import Reader

_MARGIN: Final = 20
"""How many sessions more than are asked for are summed, because a few may have repetitions."""

_MOST: Final = 1000
"""Of how many sessions at most the exact sums are asked by name."""

_MOST_BUCKETS: Final = 2048
"""Of how many buckets at most the sessions are summed exactly: a thirty-second of them all."""

_LONGEST_NS: Final = 2 * 86_400 * 10**9
"""How long a period is in which buckets are tried, at most: in a longer one so many sessions share each that the sum of
a bucket tells little of one session."""

_SUMS: Final = frozenset({"tokens", "cost", "calls"})
"""The orders whose measure is a sum, to which all sessions of a bucket add."""

_MAXIMA: Final = frozenset({"context"})
"""The orders whose measure is that of a bucket's first session. By time, the latest sessions lie close together: they
are found by name in few granules, so that buckets would take longer."""


def first_sessions(store: Reader, asked: Mapping[str, object], *, limit: int, offset: int) -> list[dict[str, Any]]:
    """The rows of the question `sessions` from `offset` on, at most `limit`; `asked` are its other parameters."""
    page: dict[str, object] = {**asked, "limit": limit, "offset": offset, "among": [], "buckets": []}
    most = limit + offset + _MARGIN
    if most <= _MOST:
        if _is_short(asked) and (first := _first_in_buckets(store, page, limit + offset)):
            return first
        bounds = store.ask("session_bounds", {**asked, "limit": most})
        among = [str(row["session_id"]) for row in bounds]
        rows = store.ask("sessions", {**page, "among": among}) if among else []
        if len(bounds) < most or _is_proven(rows, limit, bounds[-1]):
            return rows
    return store.ask("sessions", page)


def _is_short(asked: Mapping[str, object]) -> bool:
    length_ns = cast("int", asked["end_ns"]) - cast("int", asked["start_ns"])
    return length_ns <= _LONGEST_NS and asked["order"] in _SUMS | _MAXIMA


def _first_in_buckets(store: Reader, page: Mapping[str, object], wanted: int) -> list[dict[str, Any]]:
    """The page, if its last session has more than the bound of any bucket that was left out; else nothing."""
    bounds = store.ask("bucket_bounds", {**page, "limit": _MOST_BUCKETS + 1})
    found: list[Any] = [row["place"] for row in bounds]
    if len(found) <= wanted + _MARGIN or None in found:
        return []
    places: list[float] = found
    # Of two sessions in a bucket, the larger has half of its sum and more.
    least = places[wanted - 1] / 2 if page["order"] in _SUMS else places[wanted - 1]
    chosen = max(wanted + _MARGIN, sum(place >= least for place in places))
    if chosen == len(places):
        return []
    rows = store.ask("sessions", {**page, "buckets": [row["bucket"] for row in bounds[:chosen]]})
    is_proven = 0 < len(rows) == page["limit"] and (rows[-1]["place"] or 0) > max(places[chosen], 0)
    return rows if is_proven else []


def _is_proven(rows: Sequence[Mapping[str, Any]], limit: int, bound: Mapping[str, Any]) -> bool:
    """Whether a page is full and no session with this bound or a later one comes before its end."""
    if len(rows) < limit or not rows or rows[-1]["place"] is None or bound["place"] is None:
        return False
    return _order(rows[-1]) <= _order(bound)


def _order(row: Mapping[str, Any]) -> tuple[bool, float, str]:
    return row["session_id"] == "", -row["place"], row["session_id"]
