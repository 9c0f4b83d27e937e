"""Scope: which services' rows a reader may see.

The engine itself applies it, to every table that a query reads in whatever way, so that no question can forget it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SERVICE_COLUMNS: Final[Mapping[str, str]] = {
    "otel_traces": "ServiceName",
    "otel_logs": "ServiceName",
    "otel_metrics_sum": "ServiceName",
    "otel_metrics_gauge": "ServiceName",
    "otel_metrics_histogram": "ServiceName",
    "otel_metrics_exponential_histogram": "ServiceName",
    "otel_metrics_summary": "ServiceName",
    "otel_traces_trace_id_ts": "",
    "llm_call_rows": "service",
    "llm_session_traces": "service",
    "llm_warning_rows": "service",
    "llm_evaluation_rows": "service",
    "submeter_audit": "",
    "submeter_migrations": "",
}
"""Every table that holds rows, and its column of the service; one that has none is empty for a scoped reader."""

# fmt: off
WORK: Final[tuple[str, ...]] = (
    "asynchronous_insert_log", "asynchronous_inserts", "asynchronous_loader", "asynchronous_metric_log",
    "asynchronous_metrics", "background_schedule_pool", "backup_log", "backups", "blob_storage_log", "clusters",
    "crash_log", "detached_parts", "detached_tables", "dimensional_metrics", "disks", "distributed_ddl_queue",
    "distribution_queue", "dns_cache", "dropped_tables", "dropped_tables_parts", "error_log", "errors", "events",
    "filesystem_cache", "histogram_metrics", "hypothetical_indexes", "hypothetical_projections",
    "jemalloc_profile_text", "jemalloc_sampled_allocations", "latency_log", "merges", "metric_log", "metrics", "moves",
    "mutations", "opentelemetry_span_log", "part_log", "part_moves_between_shards", "parts", "parts_columns",
    "processes", "processors_profile_log", "projection_parts", "projection_parts_columns", "query_cache",
    "query_condition_cache", "query_log", "query_metric_log", "query_thread_log", "query_views_log", "quota_usage",
    "quotas_usage", "remote_data_paths", "replicas", "replicated_fetches", "replication_queue", "scheduler",
    "schema_inference_cache", "session_log", "session_query_ids", "stack_trace", "statements", "text_log", "trace_log",
    "user_processes", "user_query_log", "users", "view_refreshes", "warnings", "zookeeper_log",
)
# fmt: on
"""The engine's own tables of what others ask, insert and erase, or how much there is; a scoped reader's are empty."""

SIZES: Final[Mapping[str, str]] = {"tables": "name", "columns": "table", "data_skipping_indices": "table"}
"""The engine's own tables that tell how much a table holds, and their column of its name."""

_ESCAPES: Final = str.maketrans({"\\": "\\\\", "'": "\\'"})


def table_filters(services: Sequence[str]) -> str:
    """The engine's setting `additional_table_filters` under which nothing but rows of `services` exists.

    Of other readers' work nothing is seen either, nor how much all services have stored: a table of rows is read, but
    not listed. Without any service, as a writer is, nothing is read and all of them are listed, for who looks for its
    table before it inserts.
    """
    names = ", ".join(_quoted(service) for service in services) or "NULL"
    filters = {
        **{f"otel.{table}": f"{column} IN ({names})" if column else "0" for table, column in SERVICE_COLUMNS.items()},
        **{f"system.{table}": "0" for table in WORK},
        **({f"system.{table}": _unlisted(column) for table, column in SIZES.items()} if services else {}),
    }
    return f"{{{', '.join(f'{_quoted(table)}: {_quoted(filter_)}' for table, filter_ in filters.items())}}}"


def _unlisted(column: str) -> str:
    return f"database != 'otel' OR {column} NOT IN ({', '.join(map(_quoted, SERVICE_COLUMNS))})"


def _quoted(text: str) -> str:
    return f"'{text.translate(_ESCAPES)}'"
