"""Warning events as OTLP log records, and back: the same record that an instrumented app would have sent."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, SeverityNumber

from submeter import semconv
from submeter.evaluator.events import from_attributes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from submeter.evaluator.events import WarningEvent

_SEVERITIES = {
    "info": (SeverityNumber.SEVERITY_NUMBER_INFO, "INFO"),
    "warning": (SeverityNumber.SEVERITY_NUMBER_WARN, "WARN"),
    "critical": (SeverityNumber.SEVERITY_NUMBER_ERROR, "ERROR"),
}


def announcement(events: Sequence[WarningEvent]) -> ExportLogsServiceRequest:
    """One logs request with a record per event, grouped by service."""
    request = ExportLogsServiceRequest()
    for service in sorted({event.service for event in events}):
        resource = request.resource_logs.add()
        if service:
            resource.resource.attributes.append(_attribute(semconv.SERVICE_NAME, service))
        scope = resource.scope_logs.add()
        scope.scope.name = semconv.SCOPE
        scope.log_records.extend(_record(event) for event in events if event.service == service)
    return request


def announced(request: ExportLogsServiceRequest) -> list[WarningEvent]:
    """The warnings in a logs request, such as those that an app has said itself; what is none is left out."""
    found: list[WarningEvent] = []
    for resource in request.resource_logs:
        service = _values(resource.resource.attributes).get(semconv.SERVICE_NAME, "")
        for scope in resource.scope_logs:
            events = (_event(record, str(service)) for record in scope.log_records)
            found += [event for event in events if event is not None]
    return found


def _event(record: LogRecord, service: str) -> WarningEvent | None:
    if record.event_name != semconv.EVENT_WARNING:
        return None
    try:
        return from_attributes(
            _values(record.attributes),
            message=record.body.string_value,
            at_ns=record.time_unix_nano or record.observed_time_unix_nano,
            trace_id=record.trace_id.hex(),
            span_id=record.span_id.hex(),
            service=service,
        )
    except ValueError:
        return None


def _values(attributes: Iterable[KeyValue]) -> dict[str, object]:
    return {entry.key: getattr(entry.value, kind) for entry in attributes if (kind := entry.value.WhichOneof("value"))}


def _record(event: WarningEvent) -> LogRecord:
    number, text = _SEVERITIES[event.severity]
    return LogRecord(
        time_unix_nano=event.at_ns,
        observed_time_unix_nano=time.time_ns(),
        severity_number=number,
        severity_text=text,
        event_name=semconv.EVENT_WARNING,
        body=AnyValue(string_value=event.message),
        attributes=[_attribute(name, value) for name, value in event.attributes().items()],
        trace_id=bytes.fromhex(event.trace_id),
        span_id=bytes.fromhex(event.span_id),
    )


def _attribute(name: str, value: str | float) -> KeyValue:
    if isinstance(value, str):
        return KeyValue(key=name, value=AnyValue(string_value=value))
    if isinstance(value, int):
        return KeyValue(key=name, value=AnyValue(int_value=value))
    return KeyValue(key=name, value=AnyValue(double_value=value))
