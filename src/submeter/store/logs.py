"""OTLP log records and events as rows of otel_logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from submeter import semconv
from submeter.store.attributes import text_of, texts
from submeter.store.native import Maps, Numbers, Strings, Texts, Words, block
from submeter.store.rows import LAST_NS

if TYPE_CHECKING:
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
    from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs


class Logs:
    """The columns of otel_logs under construction."""

    def __init__(self) -> None:
        texts_of = Texts()
        self.time = Numbers("DateTime64(9, 'UTC')", "q")
        self.trace = Strings(texts_of)
        self.span = Strings(texts_of)
        self.flags = Numbers("UInt8", "B")
        self.severity = Words()
        self.severity_number = Numbers("UInt8", "B")
        self.service = Words()
        self.body = Strings(texts_of)
        self.resource_schema = Words()
        self.resource = Maps(texts_of)
        self.scope_schema = Words()
        self.scope = Words()
        self.version = Words()
        self.scope_attributes = Maps(texts_of)
        self.attributes = Maps(texts_of)
        self.event = Words()
        self.rows = 0

    def add(self, record: LogRecord) -> None:
        """Adds what one record has of its own."""
        self.time.add(min(record.time_unix_nano or record.observed_time_unix_nano, LAST_NS))
        self.trace.add(record.trace_id.hex())
        self.span.add(record.span_id.hex())
        self.flags.add(record.flags & 0xFF)
        self.severity.add(record.severity_text)
        self.severity_number.add(min(max(record.severity_number, 0), 0xFF))
        self.body.add(text_of(record.body))
        self.attributes.add(texts(record.attributes))
        self.event.add(record.event_name)
        self.rows += 1

    def add_owner(
        self, owner: ResourceLogs, resource: dict[str, str], scope: ScopeLogs, scope_attributes: dict[str, str]
    ) -> None:
        """Adds what the record shares with its resource and scope."""
        self.service.add(resource.get(semconv.SERVICE_NAME, ""))
        self.resource_schema.add(owner.schema_url)
        self.resource.add(resource)
        self.scope_schema.add(scope.schema_url)
        self.scope.add(scope.scope.name)
        self.version.add(scope.scope.version)
        self.scope_attributes.add(scope_attributes)

    def encoded(self) -> bytes:
        """All rows as one block."""
        return block(
            (
                ("Timestamp", self.time),
                ("TraceId", self.trace),
                ("SpanId", self.span),
                ("TraceFlags", self.flags),
                ("SeverityText", self.severity),
                ("SeverityNumber", self.severity_number),
                ("ServiceName", self.service),
                ("Body", self.body),
                ("ResourceSchemaUrl", self.resource_schema),
                ("ResourceAttributes", self.resource),
                ("ScopeSchemaUrl", self.scope_schema),
                ("ScopeName", self.scope),
                ("ScopeVersion", self.version),
                ("ScopeAttributes", self.scope_attributes),
                ("LogAttributes", self.attributes),
                ("EventName", self.event),
            ),
            self.rows,
        )


def log_block(request: ExportLogsServiceRequest) -> tuple[bytes, int]:
    """The rows of one request as a block, and how many they are."""
    logs = Logs()
    for resource_logs in request.resource_logs:
        resource = texts(resource_logs.resource.attributes)
        for scope_logs in resource_logs.scope_logs:
            scope_attributes = texts(scope_logs.scope.attributes)
            for record in scope_logs.log_records:
                logs.add(record)
                logs.add_owner(resource_logs, resource, scope_logs, scope_attributes)
    return logs.encoded(), logs.rows
