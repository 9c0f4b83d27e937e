"""Scope: a reader of some services sees nothing of the others, whatever the question; the engine sees to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest
from tests.store.telemetry import call, log_request, request, span, warning

from submeter.store import questions, sql
from submeter.store.errors import QuestionRefused, UnknownSession
from submeter.store.scope import SERVICE_COLUMNS
from submeter.store.visiting import Visit, visit

if TYPE_CHECKING:
    from submeter.store.chdb import ChdbEngine
    from submeter.store.database import Database, Store

# fmt: off
DESCRIBING = {
    "aggregate_function_combinators", "build_options", "certificates", "codecs", "collations", "columns", "completions",
    "contributors", "current_roles", "dashboards", "data_skipping_index_types", "data_skipping_indices",
    "data_type_families", "database_engines", "databases", "dictionary_layouts", "dictionary_sources", "disk_types",
    "documentation", "enabled_roles", "fail_points", "formats", "functions", "grants", "graphite_retentions",
    "handlers", "jemalloc_arena_bins", "jemalloc_bins", "jemalloc_stats", "keywords", "licenses", "macros",
    "merge_tree_settings", "numbers", "numbers_mt", "one", "primes", "privileges", "quotas", "quota_limits",
    "replicated_merge_tree_settings", "role_grants", "roles", "server_settings", "settings", "settings_changes",
    "settings_profile_elements", "settings_profiles", "storage_policies", "symbols", "table_engines", "table_functions",
    "tables", "time_zones", "tokenizers", "unicode", "user_directories", "zeros", "zeros_mt",
}
# fmt: on
"""Tables of the engine that say what it is and can, not what anybody does with it."""

MINE, OTHERS = "shop", "it's a \\ 'quoted' name"


@pytest.fixture
def shared(store: Store) -> Database:
    """A store of two services with the same session, user and operation."""
    for number, service in enumerate((MINE, OTHERS)):
        spans = [span(call(session=name, user="u-1", cost=1.0)) for name in ("both", f"only-{number}")]
        store.insert_traces(request(spans, service=service), f"t{number}")
        judged = {"gen_ai.evaluation.name": "quality", "gen_ai.evaluation.score.value": 0.5}
        store.insert_logs(log_request(judged, event="gen_ai.evaluation.result", service=service), f"e{number}")
        store.insert_logs(log_request(warning(f"w{number}", session="both"), service=service), f"w{number}")
    return cast("Database", store)


def test_sums_hold_the_own_services_alone(shared: Database) -> None:
    for service, only in ((MINE, "only-0"), (OTHERS, "only-1")):
        mine = shared.scoped([service])
        assert {row.session_id for row in questions.sessions(mine)} == {"both", only}
        assert [(row.key, row.calls) for row in questions.usage(mine, by="user")] == [("u-1", 2)]
        assert [row.service for row in questions.session(mine, "both").calls] == [service]
        assert [row.warning_id for row in questions.warnings(mine)] == ["w0" if service == MINE else "w1"]
    assert questions.summary(shared).calls == 4
    assert questions.summary(shared.scoped([MINE, OTHERS])).calls == 4
    assert questions.summary(shared.scoped([])).calls == 0


def test_another_services_session_is_unknown_and_not_suggested(shared: Database) -> None:
    with pytest.raises(UnknownSession) as refused:
        questions.session(shared.scoped([MINE]), "only-1")
    assert "most similar are only-0, both" in str(refused.value)


def test_every_table_with_rows_is_filtered(shared: Database) -> None:
    found = shared.engine.rows(
        "SELECT name FROM system.tables WHERE database = 'otel' AND engine LIKE '%MergeTree'",  # the engine's own list
        {},
    )
    assert {row["name"] for row in found} == set(SERVICE_COLUMNS)
    for table in SERVICE_COLUMNS:
        rows = shared.engine.rows(f"SELECT * FROM otel.{table}", {}, (MINE,))  # noqa: S608  (our own tables)
        assert {str(row.get("ServiceName") or row.get("service") or MINE) for row in rows} <= {MINE}, table


def test_the_engines_own_tables_tell_nothing_of_others_work(shared: Database) -> None:
    shared.engine.run("ALTER TABLE otel.otel_logs DELETE WHERE ServiceName = 'the secret of somebody else'")
    names = [row["name"] for row in shared.engine.rows("SELECT name FROM system.tables WHERE database = 'system'", {})]
    told = {name for name in names if not _is_empty(shared, name)}
    assert told <= DESCRIBING
    assert {"processes", "mutations", "parts", "errors", "tables"} <= set(names)
    assert not {row["query"] for row in shared.engine.rows("SHOW PROCESSLIST", {}, (MINE,))}


def test_how_much_all_services_have_stored_is_not_told(shared: Database) -> None:
    def rows(query: str, *services: str) -> list[dict[str, Any]]:
        return shared.engine.rows(query, {}, services)

    sized = "SELECT name FROM system.tables WHERE database = 'otel' AND ifNull(total_rows, 0) > 0"
    assert shared.engine.rows(sized, {})
    assert not rows(sized, MINE)
    assert not rows("SELECT 1 FROM information_schema.tables WHERE table_schema = 'otel' AND data_length > 0", MINE)
    for table in ("columns", "data_skipping_indices"):
        query = f"SELECT 1 FROM system.{table} WHERE database = 'otel' AND table = 'llm_call_rows'"  # noqa: S608
        assert shared.engine.rows(query, {})
        assert not rows(query, MINE)
    assert {"llm_calls", "llm_usage_daily"} <= {row["name"] for row in rows("SHOW TABLES FROM otel", MINE)}
    assert rows("DESCRIBE TABLE otel.otel_traces", MINE)
    assert len(rows("SELECT 1 FROM otel.otel_traces", MINE)) < len(rows("SELECT 1 FROM otel.otel_traces", MINE, OTHERS))
    writers = {row["name"] for row in rows("SHOW TABLES FROM otel")}
    assert set(SERVICE_COLUMNS) <= writers, "who only inserts finds its table"


@pytest.mark.parametrize("query", ["EXPLAIN ESTIMATE {}", "EXPLAIN indexes = 1 {}"])
def test_nor_by_explaining_or_counting_what_was_read(shared: Database, query: str) -> None:
    engine = cast("ChdbEngine", shared.engine)
    every = "SELECT trace_id FROM otel.llm_call_rows"
    assert visit(engine, Visit(query.format(every))).data
    with pytest.raises(QuestionRefused, match="EXPLAIN"):
        visit(engine, Visit(query.format(every), services=(MINE,)))
    assert visit(engine, Visit(every, services=("nobody",))).rows == 0
    assert b"rows_read" not in visit(engine, Visit(every, "JSON", services=("nobody",))).data


def _is_empty(shared: Database, table: str) -> bool:
    try:
        return not shared.engine.rows(f"SELECT 1 FROM system.{table} LIMIT 1", {}, (MINE,))  # noqa: S608  (its names)
    except QuestionRefused:
        return True


def test_no_question_reads_around_the_filter() -> None:
    """The engine filters tables and views by name; the table functions that would escape it stay unused."""
    for name in sql.questions():
        text = sql.question(name)
        assert "merge(" not in text.lower()
        assert "FROM otel." in text


def test_the_filter_cannot_be_lifted(shared: Database) -> None:
    for text in (
        "SELECT count() FROM otel.llm_calls SETTINGS additional_table_filters = {}",
        "SET additional_table_filters = {}",
    ):
        with pytest.raises(QuestionRefused, match="READONLY"):
            shared.engine.rows(text, {}, (MINE,))


def test_an_array_may_hold_any_text(store: Store) -> None:
    texts = ["it's", "\\", "a\tb\nc", "", "plain"]
    (row,) = cast("Database", store).engine.rows("SELECT {texts:Array(String)} AS texts", {"texts": texts})
    assert row["texts"] == texts
