"""Visits: statements in a client's own words, each on a connection of its own, so that nothing of it stays.

What the ClickHouse endpoint does to the embedded engine. A visit reads only; what clients insert is unpacked
by the engine into a table of the connection's own and read back as rows, which then take the way of all telemetry.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from string import Template
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from submeter.store import sql
from submeter.store.errors import QuestionRefused
from submeter.store.reading import LIMITS, refuse_harmful, rows_of
from submeter.store.scope import table_filters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from submeter.store.chdb import ChdbEngine

TABLES: Final[Mapping[str, str]] = {
    "otel_traces": "posted_traces",
    "otel_logs": "posted_logs",
    "otel_metrics_gauge": "posted_points",
    "otel_metrics_sum": "posted_points",
    "otel_metrics_histogram": "posted_points",
    "otel_metrics_exponential_histogram": "posted_points",
    "otel_metrics_summary": "posted_summaries",
}
"""Every table that clients may insert into, and the statement that reads their rows back."""

MOST_BYTES: Final = 256 * 2**20
"""The largest answer to one visit, in bytes: it is made whole before the first of it is sent."""

_POST_MEMORY: Final = 2**30
"""What the engine may take to read one insert, in bytes: packed formats can hold far more than their size."""

_FORMAT: Final = re.compile(r"\bFORMAT (\w+)(?: SETTINGS [^']*)?$")
_DATABASE: Final = re.compile(r"\w+", re.ASCII)
_SETTING: Final = re.compile(r"[a-z][a-z0-9_]*")
_CAPPED: Final[Mapping[str, int]] = {
    "max_execution_time": LIMITS["seconds"],
    "max_result_rows": LIMITS["rows"],
    "max_result_bytes": MOST_BYTES,
    "max_memory_usage": LIMITS["bytes"],
}


@dataclass(frozen=True, slots=True)
class Visit:
    """One statement to read with: parameters and settings are the texts that the client sent.

    `services` are those whose rows are seen, `None` all.
    """

    query: str
    output_format: str = "TabSeparated"
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    database: str = "otel"
    services: tuple[str, ...] | None = None


class Visited(NamedTuple):
    """The answer, its format and rows, and what it took: rows and bytes that were read, and seconds.

    Of whom the scope keeps from rows it is not told how many were read.
    """

    data: bytes
    output_format: str
    result_rows: int
    rows: int
    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Post:
    """Rows that a client sends for a table; `columns` is its list of them in SQL, or nothing for all.

    At most `most_rows` are taken: a row may be a single byte of `data`, and is far more once it is read.
    """

    table: str
    columns: str
    input_format: str
    data: bytes
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    most_rows: int = 250_000


def visit(engine: ChdbEngine, asked: Visit) -> Visited:
    """The answer to one harmless, reading statement, within the limits of every question.

    Raises:
        QuestionRefused: it is not one, it exceeds a limit, or the engine does not understand it.
    """
    formatted = engine.rows(sql.statement("format"), {"query": asked.query})
    text = str(formatted[0]["text"])
    refuse_harmful(text, is_scoped=asked.services is not None)
    own = _FORMAT.search(text)
    with engine.session(QuestionRefused) as ask:
        ask(Template(sql.statement("use")).substitute(database=_name(asked.database)), {}, "TSV")
        _set(ask, asked.settings)
        if asked.services is not None:
            scope = Template(sql.statement("set_scope")).substitute(filters=table_filters(asked.services))
            ask(scope, {}, "TSV")
        ask(sql.statement("set_visitor"), _limits(asked.settings), "TSV")
        answer = ask(asked.query, asked.parameters, asked.output_format)
        output_format = own[1] if own else asked.output_format
        rows = answer.rows_read()
        read = (answer.storage_rows_read(), answer.storage_bytes_read()) if asked.services is None else (rows, 0)
        return Visited(answer.bytes(), output_format, rows, *read, answer.elapsed())


def unpacked(engine: ChdbEngine, post: Post) -> list[dict[str, Any]]:
    """The rows of `post` by column name, times as nanoseconds, missing columns with their defaults.

    Raises:
        QuestionRefused: the engine cannot read them, or they are too many; nothing was stored.
    """
    with engine.session(QuestionRefused) as ask, engine.held(post.data) as descriptor:
        _set(ask, post.settings)
        ask(sql.statement("set_unpacking"), {"memory": str(_POST_MEMORY), "bytes": str(MOST_BYTES)}, "TSV")
        ask(Template(sql.statement("post_table")).substitute(table=post.table), {}, "TSV")
        insert = Template(sql.statement("post_rows"))
        names = {"columns": post.columns, "descriptor": descriptor, "format": post.input_format}
        ask(insert.substitute(names), {}, "TSV")
        (counted,) = rows_of(ask(sql.statement("posted_rows"), {}, "JSONCompact").bytes())
        if counted["rows"] > post.most_rows:
            raise QuestionRefused(
                f"Code: 158. DB::Exception: {counted['rows']:,} rows are too many for one insert: "
                f"send at most {post.most_rows:,} at once (TOO_MANY_ROWS)"
            )
        return rows_of(ask(sql.statement(TABLES[post.table]), {}, "JSONCompact").bytes())


def exists(engine: ChdbEngine, database: str, table: str) -> bool:
    """Whether there is such a table, or for an empty `table` such a database."""
    return bool(engine.rows(sql.statement("exists"), {"database": database, "table": table})[0]["is_there"])


def version(engine: ChdbEngine) -> str:
    """The engine's version."""
    return str(engine.rows(sql.statement("version"), {})[0]["version"])


def _name(name: str) -> str:
    if not _DATABASE.fullmatch(name):
        raise QuestionRefused(f"Code: 81. DB::Exception: Database {name[:80]!r} does not exist (UNKNOWN_DATABASE)")
    return name


def _limits(settings: Mapping[str, str]) -> dict[str, str]:
    """What the visit may take: what the client asks for, never more than a question may."""
    asked = {name: _number(settings.get(name, "")) for name in _CAPPED}
    return {name: str(min(asked[name] or most, most)) for name, most in _CAPPED.items()}


def _number(text: str) -> int:
    head = text.partition(".")[0]
    return int(head) if head.isascii() and head.isdigit() else 0


def _set(ask: Callable[..., Any], settings: Mapping[str, str]) -> None:
    for name, value in settings.items():
        if name in _CAPPED:
            continue
        if not _SETTING.fullmatch(name):
            raise QuestionRefused(f"no setting is called {name!r}")
        ask(Template(sql.statement("set_one")).substitute(name=name), {"value": value}, "TSV")
