"""Erases rows for good: those of one user, of one session, or older than a time.

A row goes when it names the user or session, or when it names nobody and belongs to a trace in which they
made a call. Rows of the same trace that name somebody else stay. What is sent again afterwards is stored again.
"""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING, Final

from submeter.store import sql
from submeter.store.cluster import changed, cluster_of, condition_on
from submeter.store.errors import StoreError
from submeter.store.questions import nanoseconds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from submeter.store.database import Database

TABLES: Final[Mapping[str, str]] = {
    "otel_traces": "erased_telemetry",
    "otel_traces_trace_id_ts": "erased_trace_times",
    "otel_logs": "erased_telemetry",
    "otel_metrics_sum": "erased_points",
    "otel_metrics_gauge": "erased_points",
    "otel_metrics_histogram": "erased_points",
    "otel_metrics_exponential_histogram": "erased_points",
    "otel_metrics_summary": "erased_points",
    "llm_evaluation_rows": "erased_evaluations",
    "llm_warning_rows": "erased_rows",
    "llm_session_traces": "erased_session_traces",
    "llm_call_rows": "erased_rows",
}
"""Every table that holds rows, and the statement that says which of them go.

In the order in which they are erased: the calls last, as they tell the traces.
"""

_SPANS: Final = "otel_traces"
_ATTRIBUTES: Final[Mapping[str, str]] = {"otel_traces": "SpanAttributes", "otel_logs": "LogAttributes"}
"""The column in which rows that came as telemetry name user and session."""


def erase(
    database: Database, *, user: str = "", session: str = "", before: date | None = None, actor: str = "submeter"
) -> Mapping[str, int]:
    """Erases the rows of `user`, of `session` and those older than `before`; how many went, by table.

    Returns when they are gone from the disk, and the audit says that `actor` erased them. Several of the three
    erase the union.

    Raises:
        StoreError: none of the three was given.
    """
    parameters = _parameters(user, session, before)
    erased: dict[str, int] = {}
    cluster = cluster_of(database.engine)
    for table in TABLES:
        erased[table] = _count(database, table, parameters)
        if erased[table]:
            condition = condition_on(cluster, table, _condition(table))
            statement = Template(sql.statement("erase"))
            database.engine.run(statement.substitute(table=changed(cluster, table), condition=condition), parameters)
    _audit(database, actor, user, session, before, sum(erased.values()))
    return erased


def counted(database: Database, *, user: str = "", session: str = "", before: date | None = None) -> Mapping[str, int]:
    """How many rows `erase` would erase, by table.

    Raises:
        StoreError: none of the three was given.
    """
    parameters = _parameters(user, session, before)
    return {table: _count(database, table, parameters, is_trial=True) for table in TABLES}


def _condition(table: str, *, is_trial: bool = False) -> str:
    """What says which rows of a table go: after those of the tables before it, or in a trial, where none have gone."""
    staying = f"WHERE NOT (\n{_condition(_SPANS)}\n)" if is_trial and table != _SPANS else ""
    statement = Template(sql.statement(TABLES[table]))
    return statement.substitute(attributes=_ATTRIBUTES.get(table, ""), staying=staying)


def _count(database: Database, table: str, parameters: dict[str, object], *, is_trial: bool = False) -> int:
    statement = Template(sql.statement("count_erased"))
    counting = statement.substitute(table=table, condition=_condition(table, is_trial=is_trial))
    (row,) = database.engine.rows(counting, parameters)
    return row["erased"]


def _parameters(user: str, session: str, before: date | None) -> dict[str, object]:
    if not (user or session or before):
        raise StoreError("nothing to erase: name a user, a session, or a time before which everything goes")
    return {"user": user, "session": session, "before_ns": nanoseconds(before) if before else 0}


def _audit(database: Database, actor: str, user: str, session: str, before: date | None, erased: int) -> None:
    """Writes down who erased what; a user or session only as a hash, as erased is erased."""
    subjects = [f"{kind}:{name}" for kind, name in (("user", user), ("session", session)) if name]
    for subject in subjects or [""]:
        entry = {
            "actor": actor,
            "action": "purge",
            "subject": subject,
            "details": f"before {before.isoformat()}" if before else "",
            "erased": erased,
        }
        database.engine.run(sql.statement("audit"), entry)
