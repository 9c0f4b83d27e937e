"""Forecasts: whether a sum reaches its limit before its window ends, at the rate so far.

Two rates must agree, the whole window's and that of its latest part (at most its second half): a burst at the
beginning that has ebbed away does not raise an alarm, nor does a busy hour in a quiet month. The date is that of
the slower rate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from submeter.evaluator.windows import HOUR_S, NS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from submeter.evaluator.ledger import Page

PART_NS: Final[Mapping[str, int]] = {
    "hour": 150 * NS,
    "day": HOUR_S * NS,
    "week": 7 * HOUR_S * NS,
    "month": 30 * HOUR_S * NS,
}
"""The length of the parts by which the latest rate is measured: about 24 in each window."""

LATEST_PARTS: Final = 4
LEAST_SHARE: Final = 0.1
"""Nothing is said before a tenth of the window has passed and a tenth of the limit is used."""


def gone_by(page: Page, subject: str, limit: int, at_ns: int, part_ns: int) -> int | None:
    """When the subject's sum reaches `limit` at the rates until `at_ns`; `None` if the window ends before."""
    span = page.span
    total = page.totals.get(subject, 0)
    passed = at_ns - span.start_ns
    length = span.end_ns - span.start_ns
    if total >= limit or total * length < limit * passed:
        return None
    if passed < length * LEAST_SHARE or total < limit * LEAST_SHARE:
        return None
    part = at_ns // part_ns
    middle = (span.start_ns + passed // 2) // part_ns
    oldest = min(max(part - LATEST_PARTS + 1, middle), part - 1)
    since = max(oldest * part_ns, span.start_ns)
    latest = sum(sums.get(subject, 0) for part, sums in page.parts.items() if part >= oldest)
    rate = min(total / passed, latest / max(at_ns - since, 1))
    if rate <= 0 or total + rate * (span.end_ns - at_ns) < limit:
        return None
    return at_ns + int((limit - total) / rate)
