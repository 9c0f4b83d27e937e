"""A table that is new in a version gets the calls of before, all of them, in parts that tell how far they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from store.telemetry import NOON_NS, call, request, span
from submeter.store import filling, open_store
from submeter.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOUR_NS = 3600 * 10**9
YEAR_NS = 365 * 24 * HOUR_NS
TIMES_NS = (1, NOON_NS, NOON_NS + HOUR_NS, NOON_NS + 2 * HOUR_NS, NOON_NS + 150 * YEAR_NS)
"""Times that hours cannot tell are among them: the last is in the year 2176."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_store(f"chdb://{tmp_path}/store")
    assert isinstance(opened, Database)
    yield opened
    opened.close()


def _stored(database: Database) -> list[dict[str, Any]]:
    query = "SELECT session_id, day, hour, trace_id, service FROM otel.llm_session_traces FINAL ORDER BY ALL"
    return database.engine.rows(query, {})


@pytest.fixture
def fed(database: Database) -> list[dict[str, Any]]:
    """What the view made of the calls as they came in; the table is empty again."""
    spans = [span(call(f"s{number}"), id_=number, start_ns=ns) for number, ns in enumerate(TIMES_NS, 1)]
    database.insert_traces(request(spans), "before")
    rows = _stored(database)
    assert len(rows) == len(TIMES_NS)
    database.engine.run("TRUNCATE TABLE otel.llm_session_traces")
    return rows


@pytest.mark.parametrize("at_once", [1, 2, 1000])
def test_every_call_is_filled_in_however_large_the_parts(
    database: Database, fed: list[dict[str, Any]], at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "_CALLS_AT_ONCE", at_once)
    shares: list[float] = []
    for made in filling.FILLS.values():
        filling.fill(database.engine, made, lambda _, share: shares.append(share))
    assert _stored(database) == fed
    parts = -(-len(TIMES_NS) // at_once)
    assert shares == [number / parts for number in range(parts + 1)]


def test_the_statements_for_a_cluster_fill_in_the_same_and_may_run_twice(
    database: Database, fed: list[dict[str, Any]]
) -> None:
    for text in [*filling.by_hand(), *filling.by_hand()]:
        database.engine.run(text)
    assert _stored(database) == fed
