"""A session's calls are read from the few granules that its traces lead to, however many calls the store has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from submeter.store import sql

if TYPE_CHECKING:
    from submeter.store.database import Database

GRANULES = re.compile(r"Parts: \d+ \| Granules: (\d+)")
CALLS = """
    INSERT INTO otel.otel_traces (
        Timestamp, TraceId, SpanId, SpanName, SpanKind, ServiceName, ScopeName, SpanAttributes)
    SELECT
        toDateTime64('2026-09-21 00:00:00', 9, 'UTC') + toIntervalSecond(number * 2), lower(hex(cityHash64(number, 1))),
        lower(hex(number)), 'chat', 'Client', 'shop', 'submeter',
        map('gen_ai.operation.name', 'chat', 'session.id',
            if(number % 9000 = 7, 'rare', concat('s', toString(number % 500))))
    FROM numbers(30000)
"""


@pytest.mark.parametrize("name", ["session", "session_calls", "session_calls_unsorted"])
def test_a_session_is_read_from_the_granules_of_its_traces_alone(store: Database, name: str) -> None:
    store.engine.run(CALLS)
    store.engine.run("OPTIMIZE TABLE otel.llm_call_rows FINAL")
    (all_of,) = store.engine.rows(
        "SELECT sum(marks) AS marks FROM system.parts WHERE active AND table = 'llm_call_rows'", {}
    )
    asked = {"session": "rare", "limit": 100}
    plan = store.engine.rows(f"EXPLAIN indexes = 1 {sql.question(name)}", asked)
    read = [int(found[1]) for row in plan if (found := GRANULES.search(str(next(iter(row.values())))))]
    assert all_of["marks"] > 12, "too few granules to tell anything"
    assert 0 < min(read) <= 8, plan
    assert sum(row.get("calls", 1) for row in store.ask(name, asked)) == 4
