"""Decisions: whether one more call of a subject is within the limits that are to be enforced.

Answered from sums in memory alone, so that it may be asked before every call; an unknown subject is allowed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from submeter.evaluator.announcement import used_of
from submeter.evaluator.labels import spoken
from submeter.evaluator.windows import Calendar, moment
from submeter.value import value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from submeter.evaluator.book import Book
    from submeter.evaluator.limit import LimitRule


@value
class Decision:
    """Allowed, or refused: by which rule, for whom, at which sum, until when (ns since the epoch; 0: unknown)."""

    is_allowed: bool
    rule: str = ""
    subject_kind: str = ""
    subject: str = ""
    window: str = ""
    unit: str = ""
    current: float = 0
    limit: float = 0
    until_ns: int = 0
    message: str = ""


ALLOWED: Final = Decision(is_allowed=True)


def refusal(rule: LimitRule, book: Book, values: Mapping[str, str], at_ns: int) -> Decision | None:
    """The refusal of a call with these labels at this time; `None` when `rule` has nothing against it.

    Labels are named as in rules: `{"user": "u-7", "service": "shop"}`.
    """
    subject = rule.selection.of_values(values)
    limit = rule.bound(subject) if subject else None
    if limit is None:
        return None
    total = book.ledger.total(subject, at_ns)
    if total < limit:
        return None
    span = rule.window.at(at_ns)
    is_calendar = isinstance(rule.window, Calendar)
    again = f" until {moment(span.end_ns, rule.window.tz)}" if isinstance(rule.window, Calendar) else ""
    return Decision(
        is_allowed=False,
        rule=rule.name,
        subject_kind=rule.kind,
        subject=subject,
        window=span.key,
        unit=rule.counted.unit,
        current=rule.counted.value(total),
        limit=rule.counted.value(limit),
        until_ns=span.end_ns if is_calendar else 0,
        message=(
            f"{spoken(rule.kind, subject)} has used {used_of(rule.counted, total, limit)} "
            f"({rule.window.label}); further calls are refused{again}."
        ),
    )
