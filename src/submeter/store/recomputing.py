"""Cost computed again from stored tokens, when the price table has changed: in the engine, by one statement.

A call that the table does not cover, or of which nobody reported tokens, keeps the cost it came with. A call that
is sent again afterwards keeps the new cost.
"""

from __future__ import annotations

import json
from string import Template
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from submeter.plural import several
from submeter.pricing import Priced, price_rows
from submeter.store import sql
from submeter.store.questions import nanoseconds
from submeter.store.windows import windows

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from submeter.pricing import PriceRow
    from submeter.store.database import Database

_SAME_NAMES: Final = ("minute_from", "minute_to", "version", "context_window")
_END_NS: Final = 2**63 - 1
_CALLS_AT_ONCE: Final = 500_000
"""A few CPU seconds of one statement, so that the limits hold however many calls there are."""


class Recomputed(NamedTuple):
    """How many calls got another cost (or, counted only, would get one), and what these cost before and after, in USD.

    `unpriced` are calls with tokens that the table does not know; they keep what they had.
    """

    calls: int
    before_usd: float
    after_usd: float
    unpriced: int


def recompute(
    database: Database,
    *,
    since: datetime | None = None,
    is_trial: bool = False,
    actor: str = "submeter",
    progress: Callable[[float], None] = lambda _: None,
) -> Recomputed:
    """Gives calls since `since` (all, if `None`) the cost of today's price table; for `is_trial` only counts.

    It works through the time in order, some hours at once, and tells `progress` which share is done. The audit says
    that `actor` did it, and what the calls cost before and after, also where it could not be finished.

    Raises:
        StoreError: the store cannot be read or written; asking again goes on.
    """
    since_ns = nanoseconds(since) if since else 0
    hours = database.engine.rows(sql.statement("recompute_hours"), {"since_ns": since_ns})
    periods = windows(hours, since_ns, _END_NS, _CALLS_AT_ONCE)
    done = Recomputed(0, 0.0, 0.0, 0)
    try:
        for number, (start_ns, end_ns) in enumerate(periods, 1):
            part = _recompute(database, {"start_ns": start_ns, "end_ns": end_ns}, is_trial=is_trial)
            done = Recomputed(
                done.calls + part.calls,
                done.before_usd + part.before_usd,
                done.after_usd + part.after_usd,
                done.unpriced + part.unpriced,
            )
            progress(number / len(periods))
    finally:
        if done.calls and not is_trial:
            _audit(database, done, since, actor)
    return done


def _recompute(database: Database, period: dict[str, object], *, is_trial: bool) -> Recomputed:
    asked = database.engine.rows(sql.statement("priced"), period)
    calls = {Priced(row["provider"], row["model"], row["service_tier"], row["batch"]): row["calls"] for row in asked}
    rows = list(price_rows(calls))
    covered = {row.priced for row in rows}
    unpriced = sum(number for priced, number in calls.items() if priced not in covered)
    parameters = {**period, "prices": json.dumps([_told(row) for row in rows])}
    source = sql.statement("recompute_rows")
    (found,) = database.engine.rows(Template(sql.statement("recompute_count")).substitute(rows=source), parameters)
    if found["calls"] and not is_trial:
        database.engine.run(Template(sql.statement("recompute")).substitute(rows=source), parameters)
    return Recomputed(found["calls"], found["before_usd"], found["after_usd"], unpriced)


def _audit(database: Database, done: Recomputed, since: datetime | None, actor: str) -> None:
    details = f"{several(done.calls, 'call')} from {done.before_usd:.6f} to {done.after_usd:.6f} USD"
    if since:
        details += f", since {since.isoformat()}"
    entry = {"actor": actor, "action": "recompute", "subject": "", "details": details, "erased": 0}
    database.engine.run(sql.statement("audit"), entry)


def _told(row: PriceRow) -> dict[str, Any]:
    """A row as the statement reads it."""
    return {
        **row.rates,
        **{name: getattr(row, name) for name in _SAME_NAMES},
        "provider": row.priced.provider,
        "model": row.priced.model,
        "tier": row.priced.service_tier,
        "batch": row.priced.is_batch,
        "day_from": row.valid_from,
        "day_to": row.valid_to,
        "above": row.above_tokens,
        "up_to": row.up_to_tokens,
    }
