"""Ladders: ascending thresholds; a measurement fires the highest new one, not those it jumped over."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from submeter.evaluator.events import event_id
from submeter.value import value

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from submeter.evaluator.events import Severity


@value(kw_only=False)
class Rung:
    """One threshold in percent, with what to say when it is reached."""

    threshold: float
    type: str
    severity: Severity
    action: str


def highest(rungs: Sequence[Rung], percentage: float) -> Rung | None:
    """The highest rung that `percentage` reaches, if any; `rungs` ascend."""
    reached = None
    for rung in rungs:
        if percentage < rung.threshold:
            break
        reached = rung
    return reached


def ascending(rungs: Sequence[Rung], *, rule: str) -> None:
    """Checks that there are thresholds, that they are positive and that each is above the one before.

    Raises:
        ValueError: they are not; the message names the rule.
    """
    thresholds = [rung.threshold for rung in rungs]
    if not thresholds or thresholds[0] <= 0 or any(a >= b for a, b in itertools.pairwise(thresholds)):
        raise ValueError(f"rule {rule!r}: thresholds must be percentages above 0, each once, got {thresholds}")


def is_told(
    fired: Container[str],
    rungs: Sequence[Rung],
    rung: Rung,
    *,
    rule: str,
    subject_kind: str,
    subject: str,
    window: str,
) -> bool:
    """Whether `rung` or a higher one was sent before, here or elsewhere: then `rung` counts as sent."""
    return any(
        event_id(rule, subject_kind, subject, window, other.threshold) in fired
        for other in rungs
        if other.threshold >= rung.threshold
    )
