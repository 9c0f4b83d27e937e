"""Shortcuts: the rules that environment variables ask for, without a rules file."""

from __future__ import annotations

from submeter import settings
from submeter.evaluator.announcement import REACHED, RUNGS, rungs_of
from submeter.evaluator.context_window import RUNGS as CONTEXT_RUNGS
from submeter.evaluator.context_window import ContextWindowRule
from submeter.evaluator.ladder import Rung, highest
from submeter.evaluator.limit import LimitRule
from submeter.evaluator.per_call import CallRule
from submeter.evaluator.rules import DEFAULT_RULES, Rule
from submeter.evaluator.windows import Calendar
from submeter.value import replace

USER_DAILY = "user_tokens_daily"
QUERY = "tokens_per_query"
COST_DAILY = "cost_daily"


def rules_from_settings() -> tuple[Rule, ...]:
    """The default rules, with those that `SUBMETER_MAX_*` and `SUBMETER_TOKEN_WARNING_THRESHOLD` ask for.

    Raises:
        SettingError: a variable cannot be used; the message names it.
    """
    threshold = settings.token_warning_threshold()
    rungs = RUNGS if threshold is None else rungs_of({threshold, REACHED})
    rules: list[Rule] = list(DEFAULT_RULES if threshold is None else _from(threshold))
    window = _day()
    per_user = settings.max_tokens_per_user_daily()
    if per_user is not None:
        rules.append(LimitRule(name=USER_DAILY, limit=per_user, per=("user",), window=window, rungs=rungs))
    cost = settings.max_cost_daily_usd()
    if cost is not None:
        rules.append(LimitRule(name=COST_DAILY, measure="cost_usd", limit=cost, window=window, forecast=True))
    per_query = settings.max_tokens_per_query()
    if per_query:
        per_call = rungs_of({REACHED} if threshold is None else {threshold, REACHED})
        rules.append(CallRule(name=QUERY, limit=per_query, rungs=per_call))
    return tuple(rules)


def _day() -> Calendar:
    zone = settings.time_zone()
    try:
        return Calendar("day", zone)
    except ValueError as error:
        raise settings.SettingError(f"SUBMETER_TIME_ZONE={zone!r}: {error}") from None


def _from(threshold: float) -> tuple[Rule, ...]:
    """The default rules, with the context window's first threshold moved to `threshold` percent."""
    return tuple(
        ContextWindowRule(rungs=_moved(threshold)) if isinstance(rule, ContextWindowRule) else rule
        for rule in DEFAULT_RULES
    )


def _moved(threshold: float) -> tuple[Rung, ...]:
    nearest = highest(CONTEXT_RUNGS, threshold) or CONTEXT_RUNGS[0]
    above = max(threshold, nearest.threshold)
    return (replace(nearest, threshold=threshold), *(rung for rung in CONTEXT_RUNGS if rung.threshold > above))
