"""The same calls in DuckDB and in SQLite, and the same questions put to them."""

# ruff: noqa: S608  (names of our own tables and columns, and nothing from outside)
from __future__ import annotations

import sqlite3
import tempfile
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from submeter.store.questions import nanoseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from submeter.store.database import Database

    Measured = Callable[[Callable[[], object], int], dict[str, float]]

COLUMNS = (
    "ts_ns, trace_id, span_id, service, provider, model, kind, operation, step, session_id, user_id, "
    "input_tokens, output_tokens, cache_read_tokens, cost_usd, context_utilization, duration_s, error_type"
)
EXPORT = """
SELECT toUnixTimestamp64Nano(ts) AS ts_ns, trace_id, span_id, service, provider,
    if(response_model != '', response_model, request_model) AS model, kind, operation, step, session_id, user_id,
    input_tokens, output_tokens, cache_read_tokens, cost_usd, context_utilization, duration_s, error_type
FROM otel.llm_calls WHERE toDate(ts) = {day:Date} ORDER BY ts
"""
SUMS = (
    "count(*), sum(input_tokens) AS tokens_in, sum(output_tokens) AS tokens_out, sum(cost_usd) AS cost, "
    "sum(CASE WHEN error_type <> '' THEN 1 ELSE 0 END), max(context_utilization)"
)
ASKED = {
    "one session's calls": "SELECT * FROM calls WHERE session_id = ? ORDER BY ts_ns",
    "top sessions of a day by tokens": (
        f"SELECT session_id, min(user_id), min(ts_ns), max(ts_ns), {SUMS} FROM calls WHERE ts_ns >= ? AND ts_ns < ? "
        "GROUP BY session_id ORDER BY sum(input_tokens) + coalesce(sum(output_tokens), 0) DESC LIMIT 50"
    ),
    "usage of a day by user": (
        f"SELECT user_id, count(DISTINCT session_id), {SUMS} FROM calls WHERE ts_ns >= ? AND ts_ns < ? "
        "GROUP BY user_id ORDER BY sum(cost_usd) DESC LIMIT 1000"
    ),
    "usage of 30 days by model": (
        f"SELECT model, count(DISTINCT session_id), count(DISTINCT user_id), {SUMS} FROM calls "
        "GROUP BY model ORDER BY sum(cost_usd) DESC"
    ),
}


def others(
    store: Database, session: str, end: datetime, folder: Path, measured: Measured, *, has_sqlite: bool
) -> dict[str, dict[str, dict[str, float]]]:
    """What the comparable questions cost in each of the others that is at hand."""
    day = (nanoseconds(end - timedelta(days=1)), nanoseconds(end))
    values: dict[str, tuple[object, ...]] = {
        name: (session,) if text.count("?") == 1 else day if "?" in text else () for name, text in ASKED.items()
    }
    found: dict[str, dict[str, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory(dir=folder) as place:
        files = list(parquet_files(store, end, Path(place)))
        connection = duckdb_of(files, Path(place))
        if connection is not None:
            found["DuckDB"] = asked(connection, values, measured)
            if has_sqlite:
                found["SQLite"] = asked(sqlite_of(connection, Path(place)), values, measured)
            connection.close()
    return found


def asked(connection: Any, values: dict[str, tuple[object, ...]], measured: Measured) -> dict[str, dict[str, float]]:
    """Each question's times."""

    def ask(name: str) -> Callable[[], object]:
        return lambda: connection.execute(ASKED[name], values[name]).fetchall()

    return {name: measured(ask(name), 1 if "30 days" in name else 15) for name in ASKED}


def parquet_files(store: Database, end: datetime, place: Path) -> Iterator[Path]:
    """The calls, a file for each day."""
    for days in range(32, -2, -1):
        day = (end - timedelta(days=days)).date()
        data = store.engine.raw(EXPORT, {"day": day}, "Parquet")
        path = place / f"{day}.parquet"
        path.write_bytes(data)
        yield path


def duckdb_of(files: list[Path], place: Path) -> Any:
    """A DuckDB file with the calls in order of time, or nothing where DuckDB is not installed."""
    try:
        # By name: it is installed for this bench alone, and the checks do not need it.
        duckdb: Any = import_module("duckdb")
    except ImportError:
        return None
    connection = duckdb.connect(str(place / "calls.duckdb"))
    connection.execute("SET threads = 2")
    names = ", ".join(f"'{path}'" for path in files)
    connection.execute(f"CREATE TABLE calls AS SELECT {COLUMNS} FROM read_parquet([{names}])")
    connection.execute("CHECKPOINT")
    return connection


def sqlite_of(source: Any, place: Path) -> sqlite3.Connection:
    """An SQLite file with the calls and the indexes that its user would make."""
    connection = sqlite3.connect(place / "calls.sqlite")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"CREATE TABLE calls ({COLUMNS})")
    reader = source.execute(f"SELECT {COLUMNS} FROM calls")
    marks = ", ".join("?" * len(COLUMNS.split(", ")))
    while rows := reader.fetchmany(50_000):
        connection.executemany(f"INSERT INTO calls VALUES ({marks})", rows)
    connection.execute("CREATE INDEX by_session ON calls (session_id)")
    connection.execute("CREATE INDEX by_time ON calls (ts_ns)")
    connection.execute("ANALYZE")
    connection.commit()
    return connection
