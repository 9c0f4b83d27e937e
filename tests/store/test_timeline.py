"""A session's calls in order of time: the same rows whichever way they are read, however many there are."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, cast

import pytest

from store.telemetry import NOON_NS, SECOND_NS, call, request, span
from submeter.store import questions, sql
from submeter.store.timeline import first_calls

if TYPE_CHECKING:
    from submeter.store.database import Database, Store

CALLS = 40


@pytest.fixture
def filled(store: Store) -> Store:
    """Calls of one session in eight moments, sent in no order, some again; some another witness saw as well."""
    starts = {n: NOON_NS + n % 8 * SECOND_NS for n in range(1, CALLS + 1)}
    spans = [span(call("s1", tokens=(n, 1)), trace=1 + n % 5, id_=n, start_ns=start) for n, start in starts.items()]
    Random(7).shuffle(spans)  # noqa: S311  (data to test with)
    store.insert_traces(request(spans), "first")
    store.insert_traces(request(spans[:15]), "again")
    theirs = [
        span(call("s1", tokens=(9000, 9)), trace=1 + n % 5, id_=1000 + n, parent=n, start_ns=starts[n])
        for n in range(1, CALLS + 1, 4)
    ]
    store.insert_traces(request(theirs, scope="another"), "theirs")
    store.insert_traces(request([span(call("s2"), trace=1, id_=5000, start_ns=NOON_NS)]), "of another session")
    return store


@pytest.mark.parametrize("limit", [1, 6, CALLS - 1, CALLS, CALLS + 1, questions.MOST_CALLS])
def test_as_many_as_are_asked_for_are_the_earliest(filled: Store, limit: int) -> None:
    every = filled.ask("session_calls", {"session": "s1", "limit": questions.MOST_CALLS})
    assert len(every) == CALLS
    assert every == sorted(every, key=lambda row: (row["start_ns"], row["trace_id"], row["span_id"]))
    assert {row["input_tokens"] for row in every} == set(range(1, CALLS + 1))
    assert first_calls(filled, "s1", limit) == every[:limit]


def test_of_no_session_there_are_no_calls(filled: Store) -> None:
    assert first_calls(filled, "s3", questions.MOST_CALLS) == []


def test_the_engine_reads_no_column_of_a_usual_session_twice(filled: Store) -> None:
    asked = {"session": "s1", "limit": questions.MOST_CALLS + 1}

    def plan(question: str) -> str:
        rows = cast("Database", filled).engine.rows(f"EXPLAIN {sql.question(question)}", asked)
        return "\n".join(str(row) for row in rows)

    assert "ReadFromMergeTree (otel.llm_call_rows)" in plan("session_calls_unsorted")
    assert "Lazily" not in plan("session_calls_unsorted")
    asked["limit"] = questions.MOST_CALLS
    assert "Lazily" in plan("session_calls"), "the engine no longer reads lazily: one question will do for all sessions"
