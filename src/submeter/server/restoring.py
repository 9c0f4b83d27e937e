"""Restoring: what the evaluator must know of the past before it judges the first new call.

Its own memory comes first, as far as it reaches; the calls that were stored since (or, without a memory, those
of the longest window of any limit) are judged once more, in order; where there are too many of them, the sums
of the limits are taken from the store. The warnings of the store are those that were said. What all this
brings up and was never said, because the last server was killed between storing calls and storing their
warnings, is said now.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from submeter.evaluator.labels import EVERYTHING, TAG
from submeter.evaluator.limit import LimitRule
from submeter.evaluator.windows import Calendar
from submeter.record import CallRecord
from submeter.server import memory
from submeter.store import questions
from submeter.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from submeter.evaluator import Evaluator, WarningEvent
    from submeter.store.answers import CallRow
    from submeter.store.database import Store

_log = logging.getLogger("submeter.server")
_MOST_WARNINGS: Final = 250_000
_MOST_CALLS: Final = 50_000
_MOST_SUBJECTS: Final = 250_000
_OVERLAP: Final = timedelta(minutes=10)
"""How far before its memory's end calls are judged again: they may have been stored but not judged, or late."""

_LEAST_PERIOD_NS: Final = 24 * 3600 * 10**9
_UNSAID_NS: Final = 5 * 60 * 10**9
"""How long before the last call a warning may have been lost; older ones of a shortened history are not new."""

_MEASURED: Final = {"tokens", "input_tokens", "output_tokens", "cost_usd", "calls"}


def restore(evaluator: Evaluator, store: Store, folder: Path) -> list[WarningEvent]:
    """Makes the evaluator know the past; the warnings that a killed server owed.

    Raises:
        StoreError: the past cannot be read.
    """
    remembered_ns = _remembered(evaluator, folder)
    evaluator.remember(row.warning_id for row in questions.warnings(store, limit=_MOST_WARNINGS))
    latest = questions.calls(store, limit=1)
    if not latest:
        return []
    now_ns = time.time_ns()
    since_ns = _beginning(evaluator, now_ns) if remembered_ns is None else remembered_ns
    rows = questions.calls(store, start=questions.moment(since_ns) - _OVERLAP, limit=_MOST_CALLS)
    unsaid_ns = latest[0].start_ns - _UNSAID_NS
    found = [event for event in _replayed(evaluator, rows[::-1]) if event.at_ns >= unsaid_ns]
    if len(rows) == _MOST_CALLS:
        found += _reconciled(evaluator, store, now_ns)
    return found


def _remembered(evaluator: Evaluator, folder: Path) -> int | None:
    """The time up to which the evaluator's own memory reaches, once it is restored."""
    found = memory.read(folder)
    if found is None:
        return None
    try:
        evaluator.restore(found.snapshot)
    except ValueError as error:
        _log.warning("the evaluator's memory: %s; reading the store instead", error)
        return None
    return found.at_ns


def _beginning(evaluator: Evaluator, now_ns: int) -> int:
    """Where the longest window of any limit begins, a day ago at the latest."""
    starts = [now_ns - _LEAST_PERIOD_NS]
    for rule in evaluator.rules:
        if isinstance(rule, LimitRule):
            window = rule.window
            is_calendar = isinstance(window, Calendar)
            starts.append(window.at(now_ns).start_ns if is_calendar else now_ns - window.seconds * 10**9)
    return max(min(starts), 0)


def _reconciled(evaluator: Evaluator, store: Store, now_ns: int) -> list[WarningEvent]:
    """Sums of limits per one label or none, as the store knows them: no warning comes too late for lack of calls."""
    found: list[WarningEvent] = []
    for rule in evaluator.rules:
        if not isinstance(rule, LimitRule) or not isinstance(rule.window, Calendar):
            continue
        if len(rule.per) > 1 or rule.where or rule.measure not in _MEASURED:
            continue
        start = questions.moment(rule.window.at(now_ns).start_ns)
        if not rule.per:
            totals = {EVERYTHING: _measured(questions.summary(store, start=start), rule.measure)}
        else:
            by = rule.per[0].replace(TAG, "tag:", 1)
            rows = questions.usage(store, by=by, start=start, limit=_MOST_SUBJECTS)
            totals = {row.key: _measured(row, rule.measure) for row in rows if row.key}
        found += evaluator.reconcile(rule.name, totals, now_ns)
    return found


def _measured(row: Any, measure: str) -> float:
    if measure == "tokens":
        return (row.input_tokens or 0) + (row.output_tokens or 0)
    return getattr(row, measure) or 0


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
