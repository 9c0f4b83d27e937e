"""Exceptions of calls: their type, and the event that the conventions ask for.

A provider's error message can quote the prompt, so it is content: it is told only where content may be.
"""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from opentelemetry._logs import LogRecord, SeverityNumber

from submeter import semconv, settings
from submeter.core.telemetry import telemetry

if TYPE_CHECKING:
    from opentelemetry.context import Context

    from submeter.record import CallRecord


def type_of(error: BaseException | None) -> str:
    """The value of `error.type`: the exception's class, of which there are few; empty without an error."""
    return "" if error is None else type(error).__qualname__


def details_of(error: BaseException) -> dict[str, Any]:
    """What an SDK's exception says of the HTTP answer: its status and request id."""
    details = dict[str, Any]()
    status, request_id = getattr(error, "status_code", None), getattr(error, "request_id", None)
    if isinstance(status, int):
        details[semconv.HTTP_STATUS] = status
    if isinstance(request_id, str):
        details[semconv.REQUEST_ID] = request_id
    return details


def emit(record: CallRecord, error: BaseException, context: Context) -> None:
    """Sends the exception event of a failed call, linked to its span."""
    attributes = {
        semconv.EXCEPTION_TYPE: f"{type(error).__module__}.{type(error).__qualname__}",
        semconv.ERROR_TYPE: record.error_type,
        semconv.KIND: record.kind,
        semconv.PROVIDER: record.provider,
        semconv.REQUEST_MODEL: record.request_model,
        semconv.SESSION_ID: record.session_id,
        semconv.USER_ID: record.user_id,
        **details_of(error),
    }
    if settings.capture_content() != "no_content":
        attributes[semconv.EXCEPTION_MESSAGE] = str(error)
        attributes[semconv.EXCEPTION_STACKTRACE] = "".join(traceback.format_exception(error))
    telemetry().logger.emit(
        LogRecord(
            timestamp=record.ended_ns,
            context=context,
            severity_number=SeverityNumber.WARN,
            severity_text="WARN",
            event_name=semconv.EVENT_EXCEPTION,
            attributes={name: value for name, value in attributes.items() if value != ""},
        )
    )
