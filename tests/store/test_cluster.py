"""The schema for a cluster comes from the same files, and the engine's own parser reads every statement."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from submeter.store import StoreError, sql
from submeter.store.cluster import SHARD_KEYS, statements
from submeter.store.erasure import TABLES

if TYPE_CHECKING:
    from submeter.store.database import Store


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
