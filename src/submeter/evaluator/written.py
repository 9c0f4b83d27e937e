"""Written limits: a limit as plain values for JSON, and back, for processes that enforce another one's limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter.evaluator.announcement import rungs_of
from submeter.evaluator.limit import LimitRule
from submeter.evaluator.windows import Calendar, Rolling

if TYPE_CHECKING:
    from collections.abc import Mapping


def written(rule: LimitRule) -> dict[str, Any]:
    """The limit as it is written in a rules file, with a rolling window in seconds."""
    window = rule.window
    is_calendar = isinstance(window, Calendar)
    return {
        "name": rule.name,
        "measure": rule.measure,
        "per": list(rule.per),
        "where": {label: list(values) for label, values in rule.where.items()},
        "limit": rule.limit,
        "limits": dict(rule.limits),
        "every": window.unit if is_calendar else None,
        "time_zone": window.zone if is_calendar else None,
        "last_s": None if is_calendar else window.seconds,
        "thresholds": [rung.threshold for rung in rule.rungs],
        "forecast": rule.forecast,
        "enforce": rule.enforce,
    }


def limit_of(plain: Mapping[str, Any]) -> LimitRule:
    """The limit that `written` gave.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    last_s = plain["last_s"]
    return LimitRule(
        name=plain["name"],
        measure=plain["measure"],
        per=tuple(plain["per"]),
        where={label: tuple(values) for label, values in plain["where"].items()},
        limit=plain["limit"],
        limits=plain["limits"],
        window=Calendar(plain["every"], plain["time_zone"]) if last_s is None else Rolling(last_s),
        rungs=rungs_of(plain["thresholds"]),
        forecast=plain["forecast"],
        enforce=plain["enforce"],
    )
