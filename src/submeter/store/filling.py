"""Fills a table that is new in this version with what older calls tell, some hours of calls at a time.

A fill is one row of `FILLS` and a file `statements/fill_<table>.sql`, which inserts the calls whose hour, as the key
of llm_call_rows has it, is from {first_s:UInt32} to {last_s:UInt32}, both included. The views that feed the table are
there before, and an interrupted fill begins anew, so a call that is filled in twice must do no harm.
"""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING, Final, NamedTuple

from submeter.store import sql
from submeter.store.cluster import changed, cluster_of
from submeter.store.retention import days_by_table
from submeter.store.windows import windows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from submeter.store.database import Engine

    Progress = Callable[[str, float], None]


class Fill(NamedTuple):
    """A table to fill, and its column of time, by which it is kept as long as the calls."""

    table: str
    column: str

    @property
    def statement(self) -> str:
        """What fills in a period, as one statement."""
        return sql.statement(f"fill_{self.table}")


FILLS: Final[Mapping[str, Fill]] = {"047_llm_session_traces": Fill("llm_session_traces", "day")}
"""By the schema file that makes the table."""

_CALLS_AT_ONCE: Final = 500_000
"""About two CPU seconds of one statement: what shows progress, and needs no memory that grows with the store."""
_LAST_S: Final = 2**32 - 1
_SECOND_NS: Final = 10**9


def silent(_table: str, _share: float) -> None:
    """Tells nobody how far a fill is."""


def fill(engine: Engine, made: Fill, progress: Progress = silent) -> None:
    """Gives a new table what the calls of an older version tell, and keeps it as long as those.

    `progress` is told the table and the share that is done, from 0 to 1; nothing where there are no calls.
    """
    periods = _periods(engine)
    for number, (first_s, last_s) in enumerate(periods):
        progress(made.table, number / len(periods))
        engine.run(made.statement, {"first_s": first_s, "last_s": last_s})
    if periods:
        progress(made.table, 1.0)
    cluster = cluster_of(engine)
    if kept := days_by_table(engine).get("llm_call_rows"):
        retain = Template(sql.statement("retain"))
        engine.run(retain.substitute(table=changed(cluster, made.table), column=made.column, days=kept))


def _periods(engine: Engine) -> list[tuple[int, int]]:
    """Every hour that a key can have, in seconds and without a gap: calls that come meanwhile do no harm."""
    hours = engine.rows(sql.statement("recompute_hours"), {"since_ns": -(2**63)})
    ends = [end_ns // _SECOND_NS for _, end_ns in windows(hours, 0, _LAST_S * _SECOND_NS, _CALLS_AT_ONCE)]
    return list(zip([0, *ends[:-1]], [*(end - 1 for end in ends[:-1]), _LAST_S], strict=True)) if ends else []


def by_hand() -> list[str]:
    """The fills as statements over all of time, for a cluster whose schema is brought up to date by hand."""
    found = [made.statement for made in FILLS.values()]
    for name, second in {"first_s": 0, "last_s": _LAST_S}.items():
        found = [text.replace(f"{{{name}:UInt32}}", str(second)) for text in found]
    return found
