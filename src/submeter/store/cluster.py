"""The schema for a cluster, made from the same files as the one for a single node.

Every table that holds rows becomes a replicated `_local` table on each shard and a Distributed table over
them, under the name that exporter, dashboards and questions know. All spans of a trace lie on one shard, so
that two witnesses of a call meet there; warnings lie by their id, so that each is there once.

A distributed table can be asked and inserted into like any other. What changes a table, or rows that are there, has to
name the shards' own.
"""

from __future__ import annotations

import re
from string import Template
from typing import TYPE_CHECKING, Final

from submeter.store import sql
from submeter.store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from submeter.store.database import Engine

SHARD_KEYS: Final[Mapping[str, str]] = {
    "submeter_migrations": "name",
    "otel_traces": "TraceId",
    "otel_traces_trace_id_ts": "TraceId",
    "otel_logs": "TraceId, ServiceName",
    "otel_metrics_sum": "MetricName, Attributes",
    "otel_metrics_gauge": "MetricName, Attributes",
    "otel_metrics_histogram": "MetricName, Attributes",
    "otel_metrics_exponential_histogram": "MetricName, Attributes",
    "otel_metrics_summary": "MetricName, Attributes",
    "llm_call_rows": "trace_id",
    "llm_session_traces": "trace_id",
    "llm_warning_rows": "warning_id",
    "llm_evaluation_rows": "trace_id",
    "submeter_audit": "at",
}
"""Every table that holds rows, and what decides on which shard a row lies."""

_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+")
_CREATED: Final = re.compile(r"(?:IF NOT EXISTS|OR REPLACE (?:TABLE|VIEW|MATERIALIZED VIEW)) (?:otel\.)?(\w+)")
_ENGINE: Final = re.compile(r"ENGINE = (\w*MergeTree)(?:\(([^)]*)\))?")
_PATH: Final = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'"
_ROUTED: Final = frozenset({"llm_warning_rows"})
_LOCAL_VIEWS: Final = frozenset({"llm_call_known"})
_BY_TRACE: Final = frozenset({"trace_id", "TraceId"})


def cluster_of(engine: Engine) -> str:
    """The name of the cluster over which the tables are spread, empty for those of one server."""
    return "".join(str(row["cluster"]) for row in engine.rows(sql.statement("cluster_of"), {}))


def schema_of(engine: Engine) -> tuple[sql.SchemaFile, ...]:
    """The schema files that fit the server or cluster, in the order in which they run."""
    cluster = cluster_of(engine)
    return statements(cluster) if cluster else sql.schema()


def changed(cluster: str, table: str) -> str:
    """The name by which a statement that changes a table calls it: that of every shard's own."""
    return f"{table}_local ON CLUSTER '{cluster}'" if cluster else table


def condition_on(cluster: str, table: str, condition: str) -> str:
    """What chooses rows of a table, asking its own shard alone for what lies there too: all of a trace does."""
    return _local(condition) if cluster and SHARD_KEYS[table] in _BY_TRACE else condition


def statements(cluster: str) -> tuple[sql.SchemaFile, ...]:
    """The statements that make the schema on `cluster`, in order; each may run twice.

    Raises:
        StoreError: the name is not one that a cluster can have.
    """
    if not _NAME.fullmatch(cluster):
        raise StoreError(f"no cluster can be called {cluster!r}: use letters, digits, dots, dashes, underscores")
    made: list[sql.SchemaFile] = []
    for file in sql.schema():
        found = _CREATED.search(file.text)
        if found is None:
            raise StoreError(f"schema file {file.name} makes nothing that a cluster can have")
        made += _on_cluster(file, found[1], cluster)
    return tuple(made)


def _on_cluster(file: sql.SchemaFile, table: str, cluster: str) -> list[sql.SchemaFile]:
    key = SHARD_KEYS.get(table)
    name = f"{table}_local" if key else table
    is_view_of_all = "OR REPLACE VIEW" in file.text and table not in _LOCAL_VIEWS
    text = file.text if is_view_of_all or key else _local(file.text)
    text = _CREATED.sub(lambda found: found[0].replace(table, f"{name} ON CLUSTER '{cluster}'"), text, count=1)
    text = _ENGINE.sub(_replicated, text).replace("non_replicated_dedup", "replicated_dedup")
    local = sql.SchemaFile(file.name, text)
    if not key:
        return [local]
    over = Template(sql.statement("distributed")).substitute(table=table, cluster=cluster, key=key)
    return [local, sql.SchemaFile(f"{file.name}_distributed", over)]


def _local(text: str) -> str:
    """The statement reading from and writing to the shard's own tables, but for rows that must be routed."""
    for table in SHARD_KEYS.keys() - _ROUTED:
        text = re.sub(rf"\botel\.{table}\b", f"otel.{table}_local", text)
    return text


def _replicated(found: re.Match[str]) -> str:
    arguments = f"{_PATH}, {found[2]}" if found[2] else _PATH
    return f"ENGINE = Replicated{found[1]}({arguments})"
