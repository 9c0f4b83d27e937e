"""The schema for a cluster comes from the same files, and the engine makes it and answers over two shards."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from store.sharded import SHARDS, open_sharded
from store.test_questions import fill
from submeter.server.interpolation import ALL, Span, interpolated
from submeter.store import StoreError, open_store, questions, sql
from submeter.store.cluster import SHARD_KEYS, statements
from submeter.store.database import Database
from submeter.store.erasure import TABLES, counted, erase
from submeter.store.retention import GROUPS, kept, retain

if TYPE_CHECKING:
    from collections.abc import Generator

    from submeter.store.database import Store

DASHBOARDS = Path(__file__).parents[2] / "dashboards"


@pytest.fixture
def sharded(tmp_path: Path) -> Generator[Database]:
    opened = open_sharded(tmp_path / "cluster")
    fill(opened)
    yield opened
    opened.close()


def text_of(name: str) -> str:
    return next(file.text for file in statements("prod") if file.name == name)


def test_the_engine_reads_every_statement(store: Store) -> None:
    for file in statements("prod"):
        formatted = store.read("SELECT formatQuerySingleLine({q:String})", {"q": file.text}, "TSVRaw").decode()
        assert "ON CLUSTER" in formatted, file.name


def test_every_table_with_rows_is_replicated_and_spread() -> None:
    assert set(SHARD_KEYS) == {*TABLES, "submeter_migrations", "submeter_audit"}
    made = {file.name for file in statements("prod")}
    assert {file.name for file in sql.schema()} <= made
    for table in TABLES:
        name = next(file.name for file in sql.schema() if file.name.partition("_")[2] == table)
        assert f"otel.{table}_local ON CLUSTER 'prod'" in text_of(name)
        assert "ENGINE = Replicated" in text_of(name)
        assert "non_replicated" not in text_of(name)
        assert f"'{table}_local'" in text_of(f"{name}_distributed")


def test_calls_are_made_and_compared_on_their_own_shard() -> None:
    for name in ("044_llm_call_intake_mv", "045_llm_call_rows_mv", "046_llm_call_shadows_mv"):
        assert not re.search(r"otel\.(otel_traces|llm_call_rows)\b", text_of(name))
    assert "FROM otel.llm_call_rows_local" in text_of("042_llm_call_known")
    assert "FROM otel.llm_call_rows FINAL" in text_of("043_llm_calls")


def test_warnings_travel_to_the_shard_of_their_id() -> None:
    text = text_of("052_llm_warning_rows_mv")
    assert "TO otel.llm_warning_rows AS" in text
    assert "FROM otel.otel_logs_local" in text


@pytest.mark.parametrize("name", ["", "a'b", "a b", "x;y"])
def test_a_name_that_is_no_clusters_is_refused(name: str) -> None:
    with pytest.raises(StoreError, match="no cluster can be called"):
        statements(name)


def test_questions_gather_what_lies_on_all_shards(tmp_path: Path) -> None:
    alone = open_store(f"chdb://{tmp_path}/alone")
    fill(alone)
    expected = gathered(alone, SHARDS)
    alone.close()  # a process has one embedded store open at a time
    sharded = open_sharded(tmp_path / "cluster")
    fill(sharded)
    try:
        assert gathered(sharded, 1) == expected
    finally:
        sharded.close()


def gathered(store: Store, times: int) -> dict[str, list[tuple[object, ...]]]:
    """Answers in which every count is `times` what the store says."""
    found: dict[str, list[tuple[object, ...]]] = {}
    for by in ("model", "user", "day", "tag:team"):
        rows = questions.usage(store, by=by)
        found[by] = [(row.key, times * row.calls, times * (row.input_tokens or 0), times * row.errors) for row in rows]
    for order in questions.ORDERS:
        sessions = questions.sessions(store, order=order)
        found[order] = [(row.session_id, times * row.calls, times * row.warnings) for row in sessions]
    found["session"] = [(times * len(questions.session(store, "s1").calls),)]
    found["calls"] = [(times * len(questions.calls(store, user="ada")),)]
    return found


def test_a_dashboard_can_ask_a_cluster_by_itself(sharded: Database) -> None:
    range_ = Span(1_789_900_000, 1_790_100_000, 3600)
    for path in sorted(DASHBOARDS.glob("submeter-*.json")):
        board = json.loads(path.read_text("utf-8"))
        values = {variable["name"]: (ALL,) for variable in board["templating"]["list"]}
        for panel in board["panels"]:
            for target in panel.get("targets", ()):
                if "rawSql" in target:
                    sharded.engine.run(interpolated(target["rawSql"], values, range_))


def test_opening_a_cluster_again_leaves_its_tables_to_their_shards(sharded: Database) -> None:
    assert Database(sharded.engine).migrated == ()
    made = sharded.engine.rows(
        "SELECT name, create_table_query AS text FROM system.tables WHERE engine = 'MaterializedView'", {}
    )
    assert len(made) > 5
    assert not [
        row["name"] for row in made if re.search(r"FROM otel\.(otel_\w+|llm_call_rows)(?<!_local)\s", row["text"])
    ]


def test_rows_are_erased_on_every_shard(sharded: Database) -> None:
    erase(sharded, session="s1")
    assert set(counted(sharded, session="s1").values()) == {0}
    assert {row.session_id for row in questions.sessions(sharded)} == {"s2", "s3", ""}
    erase(sharded, user="ada")
    assert set(counted(sharded, user="ada").values()) == {0}
    erase(sharded, before=date(2026, 9, 22))
    assert {row.session_id for row in questions.sessions(sharded)} == {"s2"}


def test_every_shard_keeps_rows_for_as_long_as_it_is_told(sharded: Database) -> None:
    retain(sharded, dict.fromkeys(GROUPS, 7_000))
    assert kept(sharded) == dict.fromkeys(GROUPS, 7_000)
    retain(sharded, {"logs": 0})
    assert kept(sharded)["logs"] == 0
