"""The first sessions by a measure, without telling the repetitions of all other sessions' calls apart.

Sums in which repetitions still count are quick, and never too small, so they are bounds. The sessions with the largest
bounds are summed exactly; when the last of them that is asked for is before every session that was left out, could
that reach its bound, these are the first. Else all sessions are summed exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from submeter.store.database import Reader

_MARGIN: Final = 20
"""How many sessions more than are asked for are summed, because a few may have repetitions."""

_MOST: Final = 1000
"""Of how many sessions at most the exact sums are asked by name."""


def first_sessions(store: Reader, asked: Mapping[str, object], *, limit: int, offset: int) -> list[dict[str, Any]]:
    """The rows of the question `sessions` from `offset` on, at most `limit`; `asked` are its other parameters."""
    page = {**asked, "limit": limit, "offset": offset}
    most = limit + offset + _MARGIN
    if most <= _MOST:
        bounds = store.ask("session_bounds", {**asked, "limit": most})
        among = [str(row["session_id"]) for row in bounds]
        rows = store.ask("sessions", {**page, "among": among}) if among else []
        if len(bounds) < most or _is_proven(rows, limit, bounds[-1]):
            return rows
    return store.ask("sessions", {**page, "among": []})


def _is_proven(rows: Sequence[Mapping[str, Any]], limit: int, bound: Mapping[str, Any]) -> bool:
    """Whether a page is full and no session with this bound or a later one comes before its end."""
    if len(rows) < limit or not rows or rows[-1]["place"] is None or bound["place"] is None:
        return False
    return _order(rows[-1]) <= _order(bound)


def _order(row: Mapping[str, Any]) -> tuple[bool, float, str]:
    return row["session_id"] == "", -row["place"], row["session_id"]
