"""The store's protocol, and the one implementation that both engines share.

An engine knows how to run a statement, insert a block and read rows; everything else, from OTLP to questions,
is the same for the embedded engine and a server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from submeter.store import sql
from submeter.store.filling import silent
from submeter.store.logs import log_block
from submeter.store.metrics import metric_blocks
from submeter.store.migrate import migrate
from submeter.store.rows import span_batch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    from submeter.record import CallRecord
    from submeter.store.filling import Progress


class Engine(Protocol):
    """A ClickHouse that can be asked and written to. Safe to use from several threads."""

    def run(self, statement: str, parameters: Mapping[str, object] | None = None) -> None:
        """Runs one statement that returns nothing, as the writer."""
        ...

    def insert(self, table: str, block: bytes, token: str) -> None:
        """Inserts a Native block; when it returns the rows are on disk, and a repetition of `token` adds none.

        Raises:
            StoreFull: no room is left.
            WriteRefused: the engine refused the block.
        """
        ...

    def rows(
        self, query: str, parameters: Mapping[str, object], services: tuple[str, ...] | None = None
    ) -> list[dict[str, Any]]:
        """Reads rows, read-only and within limits, as dictionaries by column name; of `services` only, if given.

        Raises:
            QuestionRefused: the query exceeds a limit or is not a query.
        """
        ...

    def read(self, query: str, parameters: Mapping[str, object], output_format: str) -> bytes:
        """Reads like `rows`, for a query from outside: checked to be one harmless statement first."""
        ...

    def raw(
        self,
        query: str,
        parameters: Mapping[str, object],
        output_format: str,
        services: tuple[str, ...] | None = None,
    ) -> bytes:
        """Reads like `rows`, for a query of our own, in one of the engine's formats."""
        ...

    def close(self) -> None:
        """Lets go of the database; what was inserted stays."""
        ...


class Reader(Protocol):
    """What questions are put to: a store, or the part of it that one reader may see. Safe to use from threads."""

    def ask(self, question: str, parameters: Mapping[str, object]) -> list[dict[str, Any]]:
        """The rows that answer a question of `queries/`, read-only and within limits.

        Raises:
            StoreError: there is no such question.
            QuestionRefused: the answer exceeds a limit.
        """
        ...

    def export(self, question: str, parameters: Mapping[str, object], output_format: str) -> bytes:
        """Like `ask`, in one of the engine's formats."""
        ...

    def answer(self, query: str, output_format: str) -> bytes:
        """The answer to a query of our own that stands in no file of `queries/`, such as a dashboard's.

        Raises:
            QuestionRefused: the answer exceeds a limit.
        """
        ...


class Store(Reader, Protocol):
    """Where telemetry goes and questions are answered. Safe to use from several threads."""

    def insert_traces(self, request: ExportTraceServiceRequest, token: str) -> tuple[CallRecord, ...]:
        """Stores the spans and returns the calls among them, each once.

        `token` names the batch: inserting it again, after an error or a crash, changes nothing. When it
        returns, the spans are on disk.

        Raises:
            StoreFull: no room is left; nothing of the batch was stored.
            WriteRefused: the engine refused the batch; retry it with the same token.
        """
        ...

    def insert_logs(self, request: ExportLogsServiceRequest, token: str) -> int:
        """Stores log records and events; how many. Promises and errors as for `insert_traces`."""
        ...

    def insert_metrics(self, request: ExportMetricsServiceRequest, token: str) -> int:
        """Stores metric points; how many. Promises and errors as for `insert_traces`."""
        ...

    def scoped(self, services: Sequence[str]) -> Reader:
        """The part of the store that belongs to `services`."""
        ...

    def read(self, query: str, parameters: Mapping[str, object], output_format: str) -> bytes:
        """The answer to a query from outside in one of the engine's formats; one read-only statement.

        Raises:
            QuestionRefused: it is not one read-only statement, or exceeds a limit.
        """
        ...

    def close(self) -> None:
        """Lets go of the database; what was inserted stays. Closing twice is harmless."""
        ...


class Database:
    """The store over an engine."""

    def __init__(self, engine: Engine, *, is_read: bool = False, progress: Progress = silent) -> None:
        self.engine = engine
        self.migrated = () if is_read else migrate(engine, progress)

    def insert_traces(self, request: ExportTraceServiceRequest, token: str) -> tuple[CallRecord, ...]:
        """See `Store.insert_traces`."""
        batch = span_batch(request.SerializeToString())
        if batch.rows:
            self.engine.insert("otel_traces", batch.block, token)
        return batch.records

    def insert_logs(self, request: ExportLogsServiceRequest, token: str) -> int:
        """See `Store.insert_logs`."""
        block, rows = log_block(request)
        if rows:
            self.engine.insert("otel_logs", block, token)
        return rows

    def insert_metrics(self, request: ExportMetricsServiceRequest, token: str) -> int:
        """See `Store.insert_metrics`."""
        blocks = metric_blocks(request)
        for block in blocks:
            self.engine.insert(block.table, block.data, token)
        return sum(block.rows for block in blocks)

    def ask(self, question: str, parameters: Mapping[str, object]) -> list[dict[str, Any]]:
        """See `Reader.ask`."""
        return self.engine.rows(sql.question(question), parameters)

    def export(self, question: str, parameters: Mapping[str, object], output_format: str) -> bytes:
        """See `Reader.export`."""
        return self.engine.raw(sql.question(question), parameters, output_format)

    def answer(self, query: str, output_format: str) -> bytes:
        """See `Reader.answer`."""
        return self.engine.raw(query, {}, output_format)

    def scoped(self, services: Sequence[str]) -> Reader:
        """See `Store.scoped`."""
        return Scoped(self.engine, tuple(sorted(services)))

    def read(self, query: str, parameters: Mapping[str, object], output_format: str) -> bytes:
        """See `Store.read`."""
        return self.engine.read(query, parameters, output_format)

    def close(self) -> None:
        """See `Store.close`."""
        self.engine.close()


class Scoped:
    """The part of a store that belongs to some services; the engine itself keeps the rest out of every answer."""

    def __init__(self, engine: Engine, services: tuple[str, ...]) -> None:
        self._engine = engine
        self._services = services

    def ask(self, question: str, parameters: Mapping[str, object]) -> list[dict[str, Any]]:
        """See `Reader.ask`."""
        return self._engine.rows(sql.question(question), parameters, self._services)

    def export(self, question: str, parameters: Mapping[str, object], output_format: str) -> bytes:
        """See `Reader.export`."""
        return self._engine.raw(sql.question(question), parameters, output_format, self._services)

    def answer(self, query: str, output_format: str) -> bytes:
        """See `Reader.answer`."""
        return self._engine.raw(query, {}, output_format, self._services)
