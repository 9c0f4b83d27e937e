"""Watch: the evaluator inside the application: warnings within the very call that caused them.

A warning goes to the meters of the call's scope, to the callbacks of `on_warning`, and out as a
`submeter.warning` log record linked to the call's trace. The evaluator is a quarter of submeter's code; a program
that starts and has asked for no rule of its own loads it with its first call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from submeter import catalog, semconv, settings
from submeter.core import call
from submeter.core.guard import attempt
from submeter.core.telemetry import telemetry

if TYPE_CHECKING:
    from collections.abc import Callable

    from submeter.context import Scope
    from submeter.core.call import Call
    from submeter.evaluator import Evaluator
    from submeter.evaluator.events import WarningEvent
    from submeter.record import CallRecord

_SEVERITY = {
    "info": SeverityNumber.INFO,
    "warning": SeverityNumber.WARN,
    "critical": SeverityNumber.ERROR,
}

_callbacks: list[Callable[[WarningEvent], Any]] = []
_evaluators: list[Evaluator] = []
"""The first is the process's own; threads that meet at the first call may each make one."""


def on_warning(callback: Callable[[WarningEvent], Any]) -> Callable[[WarningEvent], Any]:
    """Has `callback` called with every warning, in the thread of the call that caused it; usable as a decorator.

    A callback that raises loses that warning's callback only; the call that caused it is not affected.
    """
    _callbacks.append(callback)
    return callback


def start() -> None:
    """Evaluates every finished call from now on; does nothing the second time."""
    if observe in call.observers:
        return
    call.observers.append(observe)
    call.patient[observe] = is_nothing
    if settings.asks_for_rules():  # what cannot be used is told at the start
        _made()


def _made() -> Evaluator:
    from submeter.evaluator import DEFAULT_RULES, Evaluator  # noqa: PLC0415  (see above)
    from submeter.evaluator.shortcuts import rules_from_settings  # noqa: PLC0415

    _evaluators.append(Evaluator(attempt(rules_from_settings, default=DEFAULT_RULES)))
    return _evaluators[0]


def observe(record: CallRecord, scope: Scope) -> None:
    """Turns one finished call into the warnings it causes."""
    evaluator = _evaluators[0] if _evaluators else _made()
    for warning in evaluator.observe(record):
        for meter in scope.meters:
            meter.warn(warning)
        attempt(emit, warning)
        for callback in tuple(_callbacks):
            attempt(callback, warning)


def is_nothing(finished: Call) -> bool:
    """Whether a call causes no warning and changes nothing for those to come."""
    if not _evaluators or not _evaluators[0].still.mark:
        return False
    counts = finished.counts
    known = catalog.answering(finished.provider, finished.model, finished.facts.get(semconv.RESPONSE_MODEL, ""))
    bounds = None if finished.endpoint.is_sum else known
    return _evaluators[0].still.is_met(
        finished.kind,
        (counts.get("input_tokens"), counts.get("output_tokens")),
        (bounds.context_window, bounds.max_input_tokens) if bounds else (None, None),
        finished.finish_reasons.values(),
    )


def emit(warning: WarningEvent) -> None:
    """Sends a warning as a log record, linked to the span of the call that caused it."""
    span = NonRecordingSpan(
        SpanContext(
            int(warning.trace_id or "0", 16), int(warning.span_id or "0", 16), is_remote=False,
            trace_flags=TraceFlags(TraceFlags.SAMPLED),
        )
    )  # fmt: skip
    severity = _SEVERITY[warning.severity]
    telemetry().logger.emit(
        LogRecord(
            timestamp=warning.at_ns,
            context=set_span_in_context(span),
            severity_number=severity,
            severity_text=severity.name,
            event_name=semconv.EVENT_WARNING,
            body=warning.message,
            attributes=warning.attributes(),
        )
    )
