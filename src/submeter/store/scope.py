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

_ESCAPES: Final = str.maketrans({"\\": "\\\\", "'": "\\'"})


def table_filters(services: Sequence[str]) -> str:
    """The engine's setting `additional_table_filters` under which nothing but rows of `services` exists."""
    names = ", ".join(_quoted(service) for service in services) or "NULL"
    pairs = (
        f"{_quoted(f'otel.{table}')}: {_quoted(f'{column} IN ({names})' if column else '0')}"
        for table, column in SERVICE_COLUMNS.items()
    )
    return f"{{{', '.join(pairs)}}}"


def _quoted(text: str) -> str:
    return f"'{text.translate(_ESCAPES)}'"
