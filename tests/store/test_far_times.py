"""Times far off: whatever may come in is found in its period, recomputed, exported, kept and erased like the rest."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final, cast

import pytest

from store.telemetry import NOON_NS, call, log_request, request, span
from submeter.server.api.export import ExportAsked, exported
from submeter.server.signals import LOGS, TRACES
from submeter.store import questions
from submeter.store.erasure import counted, erase
from submeter.store.recomputing import recompute
from submeter.store.retention import GROUPS, retain

if TYPE_CHECKING:
    from submeter.store.database import Database, Store

HOUR_NS: Final = 3600 * 10**9
LAST_NS: Final = 2**32 * 10**9 - 1
"""The last time that the receivers take; see tests/server/test_body.py."""

TIMES: Final = {
    "s-epoch": 0,
    "s-1970": 53 * HOUR_NS + 1,
    "s-2026": NOON_NS,
    "s-2105": LAST_NS - 300 * 24 * HOUR_NS,
    "s-last": LAST_NS,
}
EDGES: Final = (
    datetime(1960, 1, 1, tzinfo=UTC),
    datetime(1970, 1, 2, tzinfo=UTC),
    datetime(2100, 1, 1, tzinfo=UTC),
    datetime(2106, 2, 7, 7, tzinfo=UTC),
    datetime(2149, 6, 7, tzinfo=UTC),
    datetime(2299, 12, 31, tzinfo=UTC),
)


@pytest.fixture
def far(store: Store) -> Store:
    spans = [span(call(session, "u", (1000, 100), 7.0), start_ns=at, duration_s=0) for session, at in TIMES.items()]
    sent = request(spans)
    assert TRACES.screen(sent).rejected == 0
    store.insert_traces(sent, "1")
    return store


def before(edge: datetime) -> set[str]:
    return {session for session, at in TIMES.items() if at < questions.nanoseconds(edge)}


def test_what_is_later_than_the_tables_can_order_is_refused() -> None:
    for at in (LAST_NS + 1, questions.nanoseconds(date(2299, 1, 1))):
        assert TRACES.screen(request([span(call(), start_ns=at, duration_s=0)])).rejected == 1
        assert "nanoseconds since 1970" in LOGS.screen(log_request({}, time_ns=at)).reason


def test_every_question_finds_the_calls_of_its_period_at_any_edge(far: Store) -> None:
    for edge in EDGES:
        early, late = before(edge), set(TIMES) - before(edge)
        assert {row.session_id for row in questions.calls(far, end=edge)} == early, edge
        assert {row.session_id for row in questions.calls(far, start=edge)} == late, edge
        assert {row.session_id for row in questions.sessions(far, end=edge)} == early, edge
        assert {row.session_id for row in questions.sessions(far, start=edge)} == late, edge
        assert questions.summary(far, end=edge).calls == len(early), edge
        assert {row.key for row in questions.usage(far, by="session", start=edge)} == late, edge
        assert counted(cast("Database", far), before=edge)["llm_call_rows"] == len(early), edge
    for session, at in TIMES.items():
        assert [found.start_ns for found in questions.session(far, session).calls] == [at]
    days = [row.key for row in questions.usage(far, by="day")]
    assert days == ["1970-01-01", "1970-01-03", "2026-09-21", "2105-04-13", "2106-02-07"]


def test_all_of_them_are_recomputed_and_those_since_a_time(far: Store) -> None:
    database = cast("Database", far)
    for edge in EDGES:
        assert recompute(database, since=edge, is_trial=True).calls == len(set(TIMES) - before(edge)), edge
    assert recompute(database).calls == len(TIMES)
    assert {row.cost_usd for row in questions.calls(far)} == {0.0035}


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_all_of_them_are_exported(far: Store, form: str) -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    asked = ExportAsked.model_validate({"format": form}, context={"now": now})
    text = b"".join(exported(far, asked, now).parts).decode()
    assert [session for session in TIMES if session in text] == list(TIMES)
    if form == "jsonl":
        times = [cast("dict[str, Any]", json.loads(line))["ts"] for line in text.splitlines()]
        assert times[0] == "1970-01-01T00:00:00.000000000Z"
        assert times[-1] == "2106-02-07T06:28:15.999999999Z"


@pytest.mark.parametrize("edge", [EDGES[1], EDGES[3], EDGES[5]])
def test_all_of_them_are_erased_by_their_time(far: Store, edge: datetime) -> None:
    database = cast("Database", far)
    erased, early = erase(database, before=edge), before(edge)
    assert {table: erased[table] for table in ("otel_traces", "llm_call_rows", "llm_session_traces")} == dict.fromkeys(
        ("otel_traces", "llm_call_rows", "llm_session_traces"), len(early)
    )
    for session in set(TIMES) - early:
        assert len(questions.session(far, session).calls) == 1
    assert {row.session_id for row in questions.calls(far)} == set(TIMES) - early


def test_retention_drops_the_old_and_keeps_what_is_to_come(far: Store) -> None:
    """The day of the call in the middle is left out: whether it is old depends on the day of the test."""
    database = cast("Database", far)
    retain(database, dict.fromkeys(GROUPS, 30))
    for table in ("otel_traces", "llm_call_rows", "llm_session_traces"):
        database.engine.run(f"OPTIMIZE TABLE otel.{table} FINAL")
    kept = {row.session_id for row in questions.calls(far)} - {"s-2026"}
    assert kept == {"s-2105", "s-last"}
    assert [len(questions.session(far, session).calls) for session in sorted(kept)] == [1, 1]
