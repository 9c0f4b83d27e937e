"""Restoring: what the evaluator must know of the past before it judges the first new call.

The warnings of the store are those that were said. The calls of the last day are judged once more, in order,
so that conversations go on where they were; what that brings up and was never said, because the last server
was killed between storing calls and storing their warnings, is said now.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from submeter.record import CallRecord
from submeter.store import questions
from submeter.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from submeter.evaluator import Evaluator, WarningEvent
    from submeter.store.answers import CallRow
    from submeter.store.database import Store

_MOST_WARNINGS: Final = 250_000
_MOST_CALLS: Final = 50_000
_CALLS_PERIOD: Final = timedelta(days=1)
_UNSAID_NS: Final = 5 * 60 * 10**9
"""How long before the last call a warning may have been lost; older ones of a shortened history are not new."""


def restore(evaluator: Evaluator, store: Store) -> list[WarningEvent]:
    """Makes the evaluator know the past; the warnings that a killed server owed.

    Raises:
        StoreError: the past cannot be read.
    """
    evaluator.remember(row.warning_id for row in questions.warnings(store, limit=_MOST_WARNINGS))
    latest = questions.calls(store, limit=1)
    if not latest:
        return []
    rows = questions.calls(store, start=latest[0].ts - _CALLS_PERIOD, limit=_MOST_CALLS)
    since_ns = latest[0].start_ns - _UNSAID_NS
    return [event for event in _replayed(evaluator, rows[::-1]) if event.at_ns >= since_ns]


def _replayed(evaluator: Evaluator, rows: Sequence[CallRow]) -> list[WarningEvent]:
    return [event for row in rows for event in evaluator.observe(_record(row))]


def _record(row: CallRow) -> CallRecord:
    return CallRecord(
        started_ns=row.start_ns,
        ended_ns=row.start_ns + round(row.duration_s * 1e9),
        trace_id=row.trace_id,
        span_id=row.span_id,
        parent_span_id=row.parent_span_id,
        service=row.service,
        provider=row.provider,
        kind=row.kind,
        request_model=row.request_model,
        response_model=row.response_model,
        session_id=row.session_id,
        user_id=row.user_id,
        operation=row.operation,
        step=row.step,
        agent=row.agent,
        framework=row.framework,
        tags=row.tags,
        usage=Usage(
            input_tokens=row.input_tokens,
            output_tokens=row.output_tokens,
            cache_read_tokens=row.cache_read_tokens,
            cache_write_tokens=row.cache_write_tokens,
            reasoning_tokens=row.reasoning_tokens,
            estimated=row.estimated or None,
            is_inconsistent=row.inconsistent,
            is_partial=row.partial,
        ),
        cost_usd=row.cost_usd,
        price_version=row.price_version,
        service_tier=row.service_tier,
        is_stream=row.stream,
        context_window=row.context_window,
        time_to_first_chunk_s=row.ttft_s,
        error_type=row.error_type,
        finish_reasons=row.finish_reasons,
    )
