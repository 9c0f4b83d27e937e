"""Announcements: the events of limits, and their wording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from submeter.evaluator import events
from submeter.evaluator.labels import spoken
from submeter.evaluator.ladder import Rung
from submeter.evaluator.windows import Calendar, Rolling, duration, moment

if TYPE_CHECKING:
    from collections.abc import Iterable

    from submeter.evaluator.events import Origin, WarningEvent
    from submeter.evaluator.ledger import Page
    from submeter.evaluator.measures import Measure
    from submeter.evaluator.windows import Span, Window

REACHED: Final = 100.0
LOUD: Final = 80.0
"""From here on an approaching limit is a warning, below it is information."""


def rungs_of(thresholds: Iterable[float]) -> tuple[Rung, ...]:
    """The rungs of a limit at these percentages; what to do about each depends on measure and window."""
    return tuple(
        Rung(threshold, events.LIMIT_REACHED, "critical", "")
        if threshold >= REACHED
        else Rung(threshold, events.LIMIT_APPROACHING, "warning" if threshold >= LOUD else "info", "")
        for threshold in sorted(thresholds)
    )


RUNGS: Final = rungs_of((LOUD, REACHED))


def of_threshold(
    rung: Rung,
    *,
    rule: str,
    subject: tuple[str, str],
    measure: Measure,
    window: Window,
    span: Span,
    sums: tuple[int, int],
    origin: Origin,
) -> WarningEvent:
    """The event of a sum that reached a threshold. `subject` is its kind and name, `sums` are sum and limit."""
    total, limit = sums
    used = used_of(measure, total, limit)
    if isinstance(window, Rolling):
        when, end = f"in the last {duration(window.seconds)}", ""
    else:
        when, end = f"in the {window.unit} {span.key}", moment(span.end_ns, window.tz)
    verb = "has reached its limit:" if rung.threshold >= REACHED else "has used"
    if total < limit:
        rest = f"; {measure.text(limit - total)} left{end and f' until {end}'}"
    else:
        rest = end and f"; a new {window.unit} begins {end}" if isinstance(window, Calendar) else ""
    return events.warning(
        origin,
        type=rung.type,
        severity=rung.severity,
        rule=rule,
        subject_kind=subject[0],
        subject=subject[1],
        window=span.key,
        threshold=rung.threshold,
        unit=measure.unit,
        current=measure.value(total),
        limit=measure.value(limit),
        message=f"{spoken(*subject)} {verb} {used} ({events.share(total, limit):g} %) {when}{rest}.",
        suggested_action=rung.action or _action(measure, window, is_reached=rung.threshold >= REACHED),
        until_ns=span.end_ns if isinstance(window, Calendar) else 0,
    )


def _action(measure: Measure, window: Window, *, is_reached: bool) -> str:
    """Before the limit, spend less; at it, wait for the next window where there is one."""
    if is_reached:
        return events.WAIT_UNTIL if isinstance(window, Calendar) else events.RAISE_LIMIT
    return events.SWITCH_MODEL if measure.unit == "USD" else events.RAISE_LIMIT


def of_forecast(
    gone_ns: int,
    *,
    rule: str,
    subject: tuple[str, str],
    measure: Measure,
    window: Calendar,
    page: Page,
    sums: tuple[int, int],
    origin: Origin,
) -> WarningEvent:
    """The event of a sum that will reach its limit at `gone_ns`, before its window ends."""
    total, limit = sums
    span = page.span
    return events.warning(
        origin,
        type=events.BUDGET_FORECAST,
        severity="warning",
        rule=rule,
        subject_kind=subject[0],
        subject=subject[1],
        window=span.key,
        threshold=REACHED,
        unit=measure.unit,
        current=measure.value(total),
        limit=measure.value(limit),
        message=(
            f"{spoken(*subject)}: at the rate so far the limit of {measure.text(limit)} for the {window.unit} "
            f"{span.key} is reached by {moment(gone_ns, window.tz)}, before the {window.unit} ends on "
            f"{moment(span.end_ns, window.tz)} ({measure.text(total)} used by now; the slower of the rate since the "
            "beginning and the latest one)."
        ),
        suggested_action=_action(measure, window, is_reached=False),
        until_ns=span.end_ns,
    )


def used_of(measure: Measure, total: int, limit: int) -> str:
    """A sum and its limit for people: `8,500 of 10,000 tokens`, `$1.20 of $2.00`."""
    return f"{measure.text(total).removesuffix(f' {measure.unit}')} of {measure.text(limit)}"
