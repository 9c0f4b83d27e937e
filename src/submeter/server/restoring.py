"""Restoring: what the evaluator must know of the past before it judges the first new call.

Its own memory comes first, as far as it reaches; the calls and metric points that were stored since (or, without
a memory, those of the longest window of any limit) are judged once more, in order. Where there are too many
calls, the sums of the limits up to the first of those are taken from the store. The warnings of the store are
those that were said. What all this brings up and was never said, because the last server was killed between
storing calls and storing their warnings, is said now.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from submeter import semconv
from submeter.evaluator.limit import LimitRule
from submeter.evaluator.points import METRICS, MetricPoint, source_of
from submeter.evaluator.windows import Calendar
from submeter.record import CallRecord
from submeter.server import memory
from submeter.store import questions
from submeter.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from submeter.evaluator import Evaluator, WarningEvent
    from submeter.store.answers import CallRow, PointRow
    from submeter.store.database import Store

_log = logging.getLogger("submeter.server")
_MOST_WARNINGS: Final = 250_000
MOST_CALLS: Final = 50_000
_MOST_POINTS: Final = 200_000
_OVERLAP: Final = timedelta(minutes=10)
"""How far before its memory's end calls are judged again: they may have been stored but not judged, or late."""

_LEAST_PERIOD_NS: Final = 24 * 3600 * 10**9
_UNSAID_NS: Final = 5 * 60 * 10**9
"""How long before the last call a warning may have been lost; older ones of a shortened history are not new."""

_WHOLE_NS: Final = 2**62
"""A part that is longer than any window: its sum is the window's."""


class Recalled(NamedTuple):
    """What the store brought up: the warnings, and the moment before which calls are known by their sums alone."""

    events: list[WarningEvent]
    summed_before_ns: int = 0


def restore(evaluator: Evaluator, store: Store, folder: Path) -> list[WarningEvent]:
    """Makes the evaluator know the past; the warnings that a killed server owed.

    Raises:
        StoreError: the past cannot be read.
    """
    found = remembered(evaluator, folder)
    return recall(evaluator, store, None if found is None else found.at_ns).events


def remembered(evaluator: Evaluator, folder: Path) -> memory.Memory | None:
    """The evaluator's own memory of its last run, which it has taken over; `None` if there is none of use."""
    found = memory.read(folder)
    if found is None:
        return None
    try:
        evaluator.restore(found.snapshot)
    except ValueError as error:
        _log.warning("the evaluator's memory: %s; reading the store instead", error)
        return None
    return found


def recall(
    evaluator: Evaluator, store: Store, remembered_ns: int | None, *, tells: Callable[[str], bool] | None = None
) -> Recalled:
    """Judges what the store has since `remembered_ns`, or of the longest window; the warnings never said.

    Sums give rise to warnings for the subjects that `tells` accepts, for all without it.

    Raises:
        StoreError: the past cannot be read.
    """
    evaluator.remember(row.warning_id for row in questions.warnings(store, limit=_MOST_WARNINGS))
    since_ns = _beginning(evaluator, time.time_ns()) if remembered_ns is None else remembered_ns
    since = questions.moment(since_ns) - _OVERLAP
    rows = questions.calls(store, start=since, limit=MOST_CALLS)
    found: list[WarningEvent] = []
    summed_before_ns = 0
    if len(rows) == MOST_CALLS:
        summed_before_ns = rows[-1].start_ns
        found += reconciled(evaluator, store, summed_before_ns, tells=tells)
    found += _replayed(evaluator, rows[::-1])
    points = questions.points(store, metrics=METRICS, start=since, limit=_MOST_POINTS)
    found += evaluator.observe_points(_point(row) for row in points[::-1])
    latest_ns = max([row.start_ns for row in rows[:1]] + [row.time_ns for row in points[:1]], default=0)
    return Recalled([event for event in found if event.at_ns >= latest_ns - _UNSAID_NS], summed_before_ns)


def reconciled(
    evaluator: Evaluator,
    store: Store,
    before_ns: int,
    *,
    tells: Callable[[str], bool] | None = None,
    is_meant: Callable[[LimitRule], bool] = lambda _: True,
) -> list[WarningEvent]:
    """Raises the sums of the limits that are meant to what the store knows of calls begun before `before_ns`.

    The events of those subjects that `tells` accepts, of all without it.

    Raises:
        StoreError: the store cannot be asked.
    """
    found: list[WarningEvent] = []
    for rule in evaluator.rules:
        if isinstance(rule, LimitRule) and is_meant(rule):
            for at_ns, totals in _sums(store, rule, before_ns):
                found += evaluator.reconcile(rule.name, totals, at_ns, tells=tells)
    return found


def _sums(store: Store, rule: LimitRule, before_ns: int) -> Iterator[tuple[int, dict[str, float]]]:
    """The sums of a rule's subjects: of its window, or of each part of a rolling one with a moment in it."""
    window = rule.window
    if isinstance(window, Calendar):
        start_ns, part_ns = window.at(before_ns).start_ns, _WHOLE_NS
    else:
        start_ns, part_ns = before_ns - window.seconds * 10**9, window.part_ns
    rows = questions.sums(
        store,
        measure=rule.measure,
        labels=rule.per,
        where=rule.where,
        start_ns=max(start_ns, 0),
        before_ns=before_ns,
        part_ns=part_ns,
    )
    parts: defaultdict[int, dict[str, float]] = defaultdict(dict)
    for values, part, total in rows:
        if subject := rule.selection.joined(values):
            parts[part][subject] = total
    for part in sorted(parts):
        yield before_ns if part_ns == _WHOLE_NS else part * part_ns, parts[part]


def _beginning(evaluator: Evaluator, now_ns: int) -> int:
    """Where the longest window of any limit begins, a day ago at the latest."""
    starts = [now_ns - _LEAST_PERIOD_NS]
    for rule in evaluator.rules:
        if isinstance(rule, LimitRule):
            window = rule.window
            is_calendar = isinstance(window, Calendar)
            starts.append(window.at(now_ns).start_ns if is_calendar else now_ns - window.seconds * 10**9)
    return max(min(starts), 0)


def _replayed(evaluator: Evaluator, rows: Sequence[CallRow]) -> list[WarningEvent]:
    return [event for row in rows for event in evaluator.observe(_record(row))]


def _point(row: PointRow) -> MetricPoint:
    service = row.resource.get(semconv.SERVICE_NAME, "")
    return MetricPoint(
        row.metric,
        row.value,
        row.observations,
        row.start_ns,
        row.time_ns,
        row.is_cumulative,
        {semconv.SERVICE_NAME: service, **row.attributes},
        source_of(row.resource, row.scope),
    )


def _in_window(row: CallRow) -> Usage | None:
    """What the model's window held, of a call that was several requests: how much of it was output is not kept."""
    held = round((row.context_utilization or 0) * (row.context_window or 0))
    return Usage(input_tokens=held) if 0 < held < (row.input_tokens or 0) + (row.output_tokens or 0) else None


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
        in_window=_in_window(row),
        time_to_first_chunk_s=row.ttft_s,
        error_type=row.error_type,
        finish_reasons=row.finish_reasons,
    )
