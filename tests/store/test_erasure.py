"""What is erased is gone from every table, and nothing of anybody else with it; old rows go by themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import pytest

from store.telemetry import NOON_NS, SECOND_NS, call, joined, log_request, request, span, warning
from submeter.store import StoreError, questions
from submeter.store.erasure import TABLES, erase
from submeter.store.retention import GROUPS, MOST_DAYS, retain

if TYPE_CHECKING:
    from submeter.store.database import Database, Store

DAY_NS = 86_400 * 10**9


@pytest.fixture
def database(store: Store) -> Database:
    """Two users in a trace of their own each, and one trace that both share."""
    spans = [
        span(call("sa", "ada"), trace=1, id_=11, parent=10),
        span(call("sb", "bob"), trace=2, id_=21, parent=20),
        span(call("sa", "ada"), trace=3, id_=31, parent=30),
        span(call("sb", "bob"), trace=3, id_=32, parent=30),
        span(call("sb", "bob"), trace=4, id_=41, start_ns=NOON_NS - 40 * DAY_NS),
    ]
    around = [span({"http.route": "/"}, trace=trace, id_=trace * 10) for trace in (1, 2, 3)]
    native = [span(call(), trace=1, id_=12, parent=11)]
    batch = [("submeter", "", spans), ("web", "", around), ("com.anthropic.sdk.python", "", native)]
    store.insert_traces(joined(batch), "a")
    store.insert_logs(log_request(warning("wa", user="ada", session="sa")), "a")
    store.insert_logs(log_request(warning("wb", user="bob", session="sb")), "b")
    return cast("Database", store)


def ids(database: Database, table: str, column: str) -> list[str]:
    query = f"SELECT {column} FROM otel.{table} ORDER BY 1"  # noqa: S608  (names of ours)
    return [line.lstrip("0") for line in database.read(query, {}, "TSV").decode().split()]


@pytest.mark.parametrize("chosen", [{"user": "ada"}, {"session": "sa"}])
def test_one_persons_rows_go_and_everybody_elses_stay(database: Database, chosen: dict[str, str]) -> None:
    erased = erase(database, user=chosen.get("user", ""), session=chosen.get("session", ""))
    assert ids(database, "otel_traces", "SpanId") == ["14", "15", "20", "29"]
    assert ids(database, "llm_call_rows", "span_id") == ["15", "20", "29"]
    assert ids(database, "otel_traces_trace_id_ts", "TraceId") == ["2", "3", "4"]
    assert ids(database, "llm_session_traces", "concat(session_id, trace_id)") == [
        f"sb{trace:032x}" for trace in (2, 3, 4)
    ]
    assert ids(database, "llm_warnings", "warning_id") == ["wb"]
    assert ids(database, "otel_logs", "LogAttributes['submeter.warning.id']") == ["wb"]
    assert [row.key for row in questions.usage(database, by="user")] == ["bob"]
    assert (erased["otel_traces"], erased["otel_logs"], erased["llm_warning_rows"]) == (5, 1, 1)


def test_everything_before_a_day_goes(database: Database) -> None:
    erase(database, before=datetime(2026, 9, 1, tzinfo=UTC))
    assert ids(database, "otel_traces_trace_id_ts", "TraceId") == ["1", "2", "3"]
    assert ids(database, "llm_session_traces", "trace_id") == ["1", "2", "3", "3"]
    assert questions.summary(database).calls == 4


def test_within_the_hour_before_which_all_goes_only_what_is_older_goes(store: Store) -> None:
    database = cast("Database", store)
    later = [span(call("sa"), trace=n, id_=n, start_ns=NOON_NS + n * 60 * SECOND_NS) for n in (1, 2, 3)]
    store.insert_traces(request(later), "a")
    erase(database, before=datetime.fromtimestamp(NOON_NS // SECOND_NS + 90, UTC))
    assert ids(database, "llm_session_traces", "trace_id") == ["2", "3"]
    assert [row.trace_id[-1] for row in questions.session(store, "sa").calls] == ["2", "3"]


def test_erasing_nobody_erases_nothing(database: Database) -> None:
    assert set(erase(database, user="nobody").values()) == {0}
    assert questions.summary(database).calls == 5
    with pytest.raises(StoreError, match="name a user, a session, or a time"):
        erase(database)


def test_every_table_with_rows_can_be_erased_and_kept_for_a_time(database: Database) -> None:
    query = (
        "SELECT name FROM system.tables WHERE database = 'otel' AND engine LIKE '%MergeTree'"
        " AND NOT startsWith(name, 'submeter_')"
    )
    found = set(database.read(query, {}, "TSV").decode().split())
    assert found == set(TABLES)
    assert found == {table for tables in GROUPS.values() for table in tables}


def test_rows_older_than_their_days_are_dropped(store: Store) -> None:
    database = cast("Database", store)
    now_ns = int(datetime.now(UTC).timestamp() * 10**9)
    store.insert_traces(request([span(call(), start_ns=now_ns)]), "new")
    store.insert_traces(request([span(call(), start_ns=now_ns - 60 * DAY_NS)]), "old")
    for _ in range(2):
        retain(database, dict.fromkeys(GROUPS, 30))
    for table in ("otel_traces", "llm_call_rows"):
        database.engine.run(f"OPTIMIZE TABLE otel.{table} FINAL")
    assert questions.summary(store).calls == 1
    assert len(ids(database, "otel_traces", "SpanId")) == 1
    retain(database, {"calls": 0})
    store.insert_traces(request([span(call(), start_ns=now_ns - 8_000 * DAY_NS)]), "older")
    database.engine.run("OPTIMIZE TABLE otel.llm_call_rows FINAL")
    assert questions.summary(store).calls == 2


def test_the_longest_time_drops_nothing_not_even_what_a_wrong_clock_sent(store: Store) -> None:
    database = cast("Database", store)
    for token, start_ns in (("now", NOON_NS), ("far", 2**63 - 1)):
        store.insert_traces(request([span(call("s1"), start_ns=start_ns)]), token)
    retain(database, dict.fromkeys(GROUPS, MOST_DAYS))
    for table in ("otel_traces", "llm_call_rows"):
        database.engine.run(f"OPTIMIZE TABLE otel.{table} FINAL")
    assert questions.calls(store)[-1].ts == datetime(2026, 9, 21, 12, tzinfo=UTC)
    assert len(questions.calls(store)) == 2
    assert len(questions.session(store, "s1").calls) == 2


@pytest.mark.parametrize(
    ("days", "told"),
    [({"spans": 1}, "use traces, logs"), ({"logs": -1}, "0 for ever"), ({"logs": 10**6}, "0 for ever")],
)
def test_a_retention_that_cannot_be_kept_is_refused(store: Store, days: dict[str, int], told: str) -> None:
    with pytest.raises(StoreError, match=told):
        retain(cast("Database", store), days)
