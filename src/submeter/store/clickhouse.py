"""The server engine: a ClickHouse server or cluster over HTTP, behind the same protocol as the embedded one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from submeter.store import sql
from submeter.store.advice import change_refused, question_refused
from submeter.store.errors import (
    QuestionRefused,
    StoreError,
    StoreMissing,
    StoreUnreachable,
    WriteRefused,
)
from submeter.store.reading import LIMITS, refuse_harmful, rows_of
from submeter.store.scope import table_filters

if TYPE_CHECKING:
    from collections.abc import Mapping


class ClickhouseEngine:
    """The engine behind `clickhouse://user:password@host:port/`."""

    def __init__(self, url: str) -> None:
        """Connects.

        Raises:
            StoreMissing: clickhouse-connect is not installed.
            StoreUnreachable: the server does not answer or refuses the credentials.
        """
        try:
            import clickhouse_connect  # noqa: PLC0415  (only who has a server needs it)
            from clickhouse_connect.driver.exceptions import ClickHouseError  # noqa: PLC0415
        except ImportError as error:
            raise StoreMissing(
                "a clickhouse:// store needs clickhouse-connect: pip install 'submeter[server]'"
            ) from error
        parts = urlsplit(url)
        connect: Any = clickhouse_connect.get_client  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        self._errors: type[Exception] = ClickHouseError
        try:
            self._client: Any = connect(
                host=parts.hostname or "",
                port=parts.port or (8443 if parts.scheme == "clickhouses" else 8123),
                username=unquote(parts.username or "default"),
                password=unquote(parts.password or ""),
                secure=parts.scheme == "clickhouses",
                autogenerate_session_id=False,
            )
        except self._errors as error:
            raise StoreUnreachable(
                f"the ClickHouse server at {parts.hostname}:{parts.port or 8123} cannot be used: {error}. "
                "Check that it runs, the port (HTTP, 8123 by default), the user and the password"
            ) from error

    def run(self, statement: str, parameters: Mapping[str, object] | None = None) -> None:
        """See `Engine.run`."""
        try:
            self._client.command(statement, parameters=dict(parameters or {}))
        except self._errors as error:
            raise WriteRefused(change_refused(str(error), "the server")) from error

    def insert(self, table: str, block: bytes, token: str) -> None:
        """See `Engine.insert`."""
        settings = {
            "insert_deduplication_token": token,
            "deduplicate_blocks_in_dependent_materialized_views": 1,
            "max_partitions_per_insert_block": 0,
            "async_insert": 0,
            "distributed_foreground_insert": 1,
        }
        try:
            self._client.raw_insert(f"otel.{table}", insert_block=block, fmt="Native", settings=settings)
        except self._errors as error:
            raise WriteRefused(change_refused(str(error), "the server")) from error

    def rows(
        self, query: str, parameters: Mapping[str, object], services: tuple[str, ...] | None = None
    ) -> list[dict[str, Any]]:
        """See `Engine.rows`."""
        return rows_of(self._ask(query, parameters, "JSONCompact", services))

    def raw(
        self,
        query: str,
        parameters: Mapping[str, object],
        output_format: str,
        services: tuple[str, ...] | None = None,
    ) -> bytes:
        """See `Engine.raw`."""
        return self._ask(query, parameters, output_format, services)

    def read(self, query: str, parameters: Mapping[str, object], output_format: str) -> bytes:
        """See `Engine.read`."""
        formatted = self.rows(sql.statement("format"), {"query": query})
        refuse_harmful(str(formatted[0]["text"]))
        return self._ask(query, parameters, output_format)

    def close(self) -> None:
        """See `Engine.close`."""
        self._client.close()

    def _ask(
        self,
        query: str,
        parameters: Mapping[str, object],
        output_format: str,
        services: tuple[str, ...] | None = None,
    ) -> bytes:
        settings: dict[str, object] = {
            "max_execution_time": LIMITS["seconds"],
            "max_result_rows": LIMITS["rows"],
            "result_overflow_mode": "throw",
            "max_memory_usage": LIMITS["bytes"],
            "output_format_json_quote_64bit_integers": 0,
            "format_csv_null_representation": "",
            "do_not_merge_across_partitions_select_final": 1,
            "distributed_product_mode": "global",
            "preferred_block_size_bytes": 16 << 20,
            "readonly": 1,
        }
        if services is not None:
            settings["additional_table_filters"] = table_filters(services)
        try:
            return self._client.raw_query(query, parameters=dict(parameters), settings=settings, fmt=output_format)
        except self._errors as error:
            raise QuestionRefused(question_refused(str(error), "the server")) from error
        except ValueError as error:
            raise StoreError(f"the question cannot be sent: {error}; ask for shorter names") from error
