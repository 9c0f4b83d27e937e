"""The schema: applied once, recorded, and refused when it is not ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from store.telemetry import call, request, span
from submeter.store import SchemaError, open_store, questions, sql
from submeter.store.database import Database
from submeter.store.migrate import checksum, migrate
from submeter.store.retention import kept

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def database(tmp_path: Path):  # noqa: ANN201  (pytest's own)
    opened = open_store(f"chdb://{tmp_path}/store")
    assert isinstance(opened, Database)
    yield opened
    opened.close()


def test_every_file_runs_once_and_is_recorded(database: Database) -> None:
    names = tuple(file.name for file in sql.schema())
    assert database.migrated == names
    assert migrate(database.engine) == ()
    applied = database.engine.rows(sql.statement("applied"), {})
    assert {row["name"]: row["checksum"] for row in applied} == {
        file.name: checksum(file.text) for file in sql.schema()
    }


def test_a_half_done_migration_goes_on_where_it_stopped(database: Database) -> None:
    database.engine.run("ALTER TABLE otel.submeter_migrations DELETE WHERE name > '05' SETTINGS mutations_sync = 2")
    assert migrate(database.engine) == tuple(file.name for file in sql.schema() if file.name > "05")
    assert migrate(database.engine) == ()


def test_a_schema_from_the_future_is_refused(database: Database) -> None:
    database.engine.run(sql.statement("record"), {"names": ["900_new"], "checksums": ["x"]})
    with pytest.raises(SchemaError, match=r"900_new.*newer version. Upgrade submeter"):
        migrate(database.engine)


def test_a_changed_schema_file_is_refused(database: Database) -> None:
    name = "010_otel_traces"
    database.engine.run(sql.statement("record"), {"names": [name], "checksums": ["another"]})
    with pytest.raises(SchemaError, match=f"another content of {name}"):
        migrate(database.engine)


def test_a_store_that_packs_its_calls_as_before_stays_as_it_is(database: Database) -> None:
    name = "041_llm_call_rows"
    text = next(file.text for file in sql.schema() if file.name == name)
    packed = text.replace("LZ4", "ZSTD(1)").replace("index_granularity = 2048, min_compress_block_size = 16384, ", "")
    database.engine.run("DROP TABLE otel.llm_call_rows SYNC")
    database.engine.run(packed)
    former = "d8573c3050cd96528e241f3899b67323829b6e13801cbdd3d0db94bc559e5750"
    database.engine.run(sql.statement("record"), {"names": [name], "checksums": [former]})
    assert migrate(database.engine) == ()
    database.insert_traces(request([span(call("s1", "ada"))]), "new")
    assert [(row.session_id, row.input_tokens) for row in questions.sessions(database)] == [("s1", 100)]
    assert b"LZ4" not in database.read("SHOW CREATE TABLE otel.llm_call_rows", {}, "TSV")


def test_a_changed_view_is_made_anew(database: Database) -> None:
    database.engine.run("CREATE OR REPLACE VIEW otel.llm_calls AS SELECT 1 AS n")
    database.engine.run(sql.statement("record"), {"names": ["043_llm_calls"], "checksums": ["another"]})
    assert migrate(database.engine) == ("043_llm_calls",)
    assert database.read("SELECT count(input_tokens) FROM otel.llm_calls", {}, "TSV") == b"0\n"


def test_a_changed_view_that_feeds_a_table_is_made_anew_and_rows_stay(database: Database) -> None:
    name = "044_llm_call_intake_mv"
    text = next(file.text for file in sql.schema() if file.name == name)
    older = text.replace("SpanAttributes['user.id'] AS user_id", "'of an older version' AS user_id")
    assert older != text
    database.engine.run(older)
    database.engine.run(sql.statement("record"), {"names": [name], "checksums": [checksum(older)]})
    database.insert_traces(request([span(call("s1", "ada"))]), "before")
    assert migrate(database.engine) == (name,)
    assert migrate(database.engine) == ()
    database.insert_traces(request([span(call("s2", "bob"))]), "after")
    found = {row.session_id: (row.user_id, row.input_tokens) for row in questions.sessions(database)}
    assert found == {"s1": ("of an older version", 100), "s2": ("bob", 100)}


def test_sessions_of_calls_stored_before_are_found_and_kept_as_long(database: Database) -> None:
    names = ("047_llm_session_traces", "048_llm_session_traces_mv")
    for drop in ("VIEW otel.llm_session_traces_mv", "TABLE otel.llm_session_traces"):
        database.engine.run(f"DROP {drop}")
    database.engine.run(
        "ALTER TABLE otel.submeter_migrations DELETE WHERE name IN {names:Array(String)} SETTINGS mutations_sync = 2",
        {"names": list(names)},
    )
    retain = "ALTER TABLE otel.llm_call_rows MODIFY TTL toDate32(ts) + toIntervalDay(400)"
    database.engine.run(retain)
    for _ in range(2):
        database.insert_traces(request([span(call("s1"), id_=1)]), "before")
    told: list[tuple[str, float]] = []
    assert migrate(database.engine, lambda table, share: told.append((table, share))) == names
    assert told == [("llm_session_traces", 0.0), ("llm_session_traces", 1.0)]
    assert kept(database)["calls"] == 400
    database.insert_traces(request([span(call("s1"), id_=2)]), "after")
    assert [row.span_id[-1] for row in questions.session(database, "s1").calls] == ["1", "2"]


def test_only_what_holds_no_rows_may_change(database: Database) -> None:
    query = (
        "SELECT name FROM system.tables WHERE database = 'otel' AND engine NOT IN ('View', 'MaterializedView', 'Null')"
    )
    tables = set(database.read(query, {}, "TSV").decode().split())
    for file in sql.schema()[1:]:
        name = file.name.partition("_")[2]
        assert ("CREATE OR REPLACE" in file.text) == (name not in tables), name


def test_every_table_and_view_of_the_schema_exists(database: Database) -> None:
    found = database.read("SELECT name FROM system.tables WHERE database = 'otel'", {}, "TSV").decode().split()
    assert {file.name.partition("_")[2] for file in sql.schema()[1:]} == {
        name for name in found if not name.startswith(".inner")
    }


EXPORTER_COLUMNS = {
    "otel_traces": "Timestamp TraceId SpanId ParentSpanId TraceState SpanName SpanKind ServiceName"
    " ResourceAttributes ScopeName ScopeVersion SpanAttributes Duration StatusCode StatusMessage"
    " Events.Timestamp Events.Name Events.Attributes Links.TraceId Links.SpanId Links.TraceState"
    " Links.Attributes",
    "otel_logs": "Timestamp TraceId SpanId TraceFlags SeverityText SeverityNumber ServiceName Body"
    " ResourceSchemaUrl ResourceAttributes ScopeSchemaUrl ScopeName ScopeVersion ScopeAttributes"
    " LogAttributes EventName",
    "otel_metrics_exponential_histogram": "ResourceAttributes ResourceSchemaUrl ScopeName ScopeVersion"
    " ScopeAttributes ScopeDroppedAttrCount ScopeSchemaUrl ServiceName MetricName MetricDescription MetricUnit"
    " Attributes StartTimeUnix TimeUnix Count Sum Scale ZeroCount PositiveOffset PositiveBucketCounts"
    " NegativeOffset NegativeBucketCounts Exemplars.FilteredAttributes Exemplars.TimeUnix Exemplars.Value"
    " Exemplars.SpanId Exemplars.TraceId Flags Min Max AggregationTemporality",
    "otel_metrics_summary": "ResourceAttributes ResourceSchemaUrl ScopeName ScopeVersion ScopeAttributes"
    " ScopeDroppedAttrCount ScopeSchemaUrl ServiceName MetricName MetricDescription MetricUnit Attributes"
    " StartTimeUnix TimeUnix Count Sum ValueAtQuantiles.Quantile ValueAtQuantiles.Value Flags",
}


@pytest.mark.parametrize("table", EXPORTER_COLUMNS)
def test_the_exporters_columns_are_all_there(database: Database, table: str) -> None:
    query = "SELECT name FROM system.columns WHERE database = 'otel' AND table = {table:String}"
    found = database.read(query, {"table": table}, "TSV").decode().split()
    assert set(EXPORTER_COLUMNS[table].split()) == set(found)
