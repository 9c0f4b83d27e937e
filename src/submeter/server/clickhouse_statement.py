"""What a ClickHouse client's statement asks for, as far as the endpoint must know before the engine reads it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from submeter.server.clickhouse_exception import ClickhouseError

if TYPE_CHECKING:
    from collections.abc import Mapping

DATABASE: Final = "otel"

_NAME: Final = r"(?:\w+|`[\w.]+`|\"[\w.]+\")"
_PATH: Final = rf"{_NAME}(?:\.{_NAME})?"
_COLUMNS: Final = rf"\(\s*(?:{_PATH})(?:\s*,\s*{_PATH})*\s*\)"
_SETTING: Final = r"(\w+)\s*=\s*('[^'\\]*'|[\w.-]+)"
_SETTINGS: Final = rf"SETTINGS\s+(?P<settings>{_SETTING}(?:\s*,\s*{_SETTING})*)"
_REMARKS: Final = r"(?:\s|/\*.*?\*/|--[^\n]*(?:\n|$))*+"
"""What may stand before a statement: tools say there who asks."""

_INSERT: Final = re.compile(
    rf"{_REMARKS}INSERT\s+INTO\s+(?:TABLE\s+)?(?P<table>{_PATH})\s*(?P<columns>{_COLUMNS})?\s*(?:{_SETTINGS}\s+)?"
    r"(?:FORMAT[ \t]+(?P<format>\w+)[ \t]*;?[ \t]*(?:\r?\n|$)?|(?P<values>VALUES)\b)".encode(),
    re.IGNORECASE | re.DOTALL,
)
_MAKE: Final = re.compile(
    rf"{_REMARKS}CREATE\s+(?P<kind>DATABASE|TABLE|MATERIALIZED\s+VIEW)\s+IF\s+NOT\s+EXISTS\s+(?P<path>[\w.`\"]+)",
    re.IGNORECASE | re.DOTALL,
)
_WRITES: Final = re.compile(
    rf"{_REMARKS}(INSERT|CREATE|ALTER|DROP|TRUNCATE|OPTIMIZE|RENAME|GRANT|DELETE|UPDATE|ATTACH)\b".encode(),
    re.IGNORECASE | re.DOTALL,
)

_TAKEN_PREFIXES: Final = ("output_format_", "input_format_", "format_csv_", "date_time_", "join_")
_REFUSED_PARTS: Final = ("schema", "path", "file", "url", "template")
"""What settings that name a file or an address have in their names."""

_TAKEN: Final = frozenset(
    {
        "max_execution_time",
        "max_result_rows",
        "max_result_bytes",
        "max_memory_usage",
        "max_block_size",
        "max_threads",
        "max_rows_to_read",
        "session_timezone",
        "timezone",
        "limit",
        "offset",
        "extremes",
        "prefer_column_name_to_alias",
        "asterisk_include_materialized_columns",
        "asterisk_include_alias_columns",
        "cast_keep_nullable",
        "transform_null_in",
        "union_default_mode",
        "final",
    }
)
_IGNORED: Final = frozenset(
    {
        "async_insert",
        "wait_for_async_insert",
        "async_insert_max_data_size",
        "async_insert_busy_timeout_ms",
        "async_insert_deduplicate",
        "insert_deduplicate",
        "insert_deduplication_token",
        "insert_quorum",
        "max_insert_block_size",
        "wait_end_of_query",
        "send_progress_in_http_headers",
        "http_headers_progress_interval_ms",
        "cancel_http_readonly_queries_on_client_close",
        "http_make_head_request",
        "http_max_field_name_size",
        "enable_http_compression",
        "http_zlib_compression_level",
        "http_receive_timeout",
        "http_send_timeout",
        "readonly",
        "result_overflow_mode",
        "log_comment",
        "log_queries",
        "send_logs_level",
        "use_query_cache",
        "load_balancing",
        "allow_experimental_object_type",
        "allow_experimental_json_type",
        "allow_experimental_variant_type",
        "allow_experimental_dynamic_type",
    }
)


class Insert(NamedTuple):
    """An insert: its table, its list of columns in SQL ('' for all), the format of its data, and where they begin.

    `settings` are those that the statement itself sets.
    """

    table: str
    columns: str
    input_format: str
    at: int
    settings: Mapping[str, str]


def insert_in(text: bytes, database: str) -> Insert | None:
    """The insert with data that `text` begins with, or nothing.

    Raises:
        ClickhouseError: it is for a table of another database, or sets what is not taken.
    """
    found = _INSERT.match(text)
    if found is None:
        return None
    path = [part.strip('`"') for part in re.findall(_NAME, found["table"].decode())]
    owner, table = path if len(path) > 1 else (database, path[0])
    if owner != DATABASE:
        raise ClickhouseError(
            81, f"Database {owner} does not exist here: the tables are in {DATABASE}", "UNKNOWN_DATABASE"
        )
    name = (found["format"] or b"Values").decode()
    pairs = re.findall(_SETTING, (found["settings"] or b"").decode())
    settings = settings_of({setting: value.strip("'") for setting, value in pairs})
    return Insert(table, (found["columns"] or b"").decode(), name, found.end(), settings)


def made_by(text: str, database: str) -> tuple[str, str] | None:
    """The database and table (empty for a database) that `text` makes unless they exist, or nothing."""
    found = _MAKE.match(text)
    if found is None:
        return None
    path = [part.strip('`"') for part in re.findall(_NAME, found["path"])]
    if found["kind"].upper() == "DATABASE":
        return path[0], ""
    return (path[0], path[1]) if len(path) > 1 else (database, path[0])


def writes(text: bytes) -> bool:
    """Whether `text` begins like a statement that changes something."""
    return _WRITES.match(text) is not None


def settings_of(given: Mapping[str, str]) -> dict[str, str]:
    """The settings that reach the engine; those without a meaning here are left out.

    Raises:
        ClickhouseError: one would change what the endpoint promises.
    """
    taken: dict[str, str] = {}
    for name, value in given.items():
        if name in _IGNORED:
            continue
        is_of_format = name.startswith(_TAKEN_PREFIXES) and not any(part in name for part in _REFUSED_PARTS)
        if name not in _TAKEN and not is_of_format:
            raise ClickhouseError(
                452,
                f"Setting {name} is not taken here: submeter's endpoint sets its own limits",
                "SETTING_CONSTRAINT_VIOLATION",
            )
        taken[name] = value
    return taken
