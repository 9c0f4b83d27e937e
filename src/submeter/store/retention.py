"""For how many days each table keeps its rows; the engine drops what is older by itself, in the background."""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING, Final

from submeter.plural import several
from submeter.store import sql
from submeter.store.cluster import changed, cluster_of
from submeter.store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from submeter.store.database import Database, Engine

GROUPS: Final[Mapping[str, Mapping[str, str]]] = {
    "traces": {"otel_traces": "Timestamp", "otel_traces_trace_id_ts": "Start"},
    "logs": {"otel_logs": "Timestamp"},
    "metrics": {
        "otel_metrics_sum": "TimeUnix",
        "otel_metrics_gauge": "TimeUnix",
        "otel_metrics_histogram": "TimeUnix",
        "otel_metrics_exponential_histogram": "TimeUnix",
        "otel_metrics_summary": "TimeUnix",
    },
    "calls": {"llm_call_rows": "ts", "llm_session_traces": "day"},
    "warnings": {"llm_warning_rows": "ts"},
    "evaluations": {"llm_evaluation_rows": "ts"},
}
"""What can be kept for a time of its own: its tables, and the column that tells a row's age."""

MOST_DAYS: Final = 7_300
"""Twenty years; who wants more keeps the rows for good."""


def kept(database: Database) -> dict[str, int]:
    """For how many days each group of `GROUPS` is kept, 0 for good; of a group's tables the shortest time."""
    days = days_by_table(database.engine)
    return {group: min(days.get(table, 0) for table in tables) for group, tables in GROUPS.items()}


def days_by_table(engine: Engine) -> dict[str, int]:
    """For how many days each table is kept, 0 for good."""
    rows = engine.rows(sql.statement("retained"), {})
    return {str(row["name"]).removesuffix("_local"): int(row["days"]) for row in rows}


def retain(database: Database, days: Mapping[str, int]) -> None:
    """Keeps each group of `GROUPS` named in `days` for so many days; 0 keeps it for good.

    Raises:
        StoreError: a group is not known, or a number of days cannot be kept.
    """
    for group, kept in days.items():
        if group not in GROUPS:
            raise StoreError(f"no retention for {group!r}: use {', '.join(GROUPS)}")
        if not 0 <= kept <= MOST_DAYS:
            raise StoreError(f"{group} cannot be kept for {several(kept, 'day')}: use 1 to {MOST_DAYS}, or 0 for ever")
    cluster = cluster_of(database.engine)
    for group, kept in days.items():
        for table, column in GROUPS[group].items():
            name = changed(cluster, table)
            _run(database, "retain", table=name, column=column, days=kept or MOST_DAYS)
            if not kept:
                _run(database, "retain_forever", table=name)


def _run(database: Database, statement: str, **names: object) -> None:
    database.engine.run(Template(sql.statement(statement)).substitute(names))
