"""Explanations: every rule as a sentence, for people who want to know what is in force."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter.evaluator.anomaly import AnomalyRule
from submeter.evaluator.context_window import ContextWindowRule
from submeter.evaluator.conversation import ConversationRule
from submeter.evaluator.labels import EVERYTHING
from submeter.evaluator.limit import LimitRule
from submeter.evaluator.per_call import READINGS, CallRule
from submeter.evaluator.truncation import TruncationRule
from submeter.evaluator.windows import Rolling, duration
from submeter.plural import several

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from submeter.evaluator.ladder import Rung
    from submeter.evaluator.rules import Rule


def explained(rules: Sequence[Rule]) -> list[tuple[str, str]]:
    """Name and explanation of every rule."""
    return [(rule.name, explanation(rule)) for rule in rules]


def explanation(rule: Rule) -> str:
    """What the rule does, in one sentence or two."""
    explain = _EXPLAIN.get(type(rule))
    return type(rule).__name__ if explain is None else explain(rule)


def _context(rule: ContextWindowRule) -> str:
    return (
        f"Each call against its model's context window and largest input: {_rungs(rule.rungs)}. "
        "Once per session and threshold, anew after a compaction."
    )


def _conversation(rule: ConversationRule) -> str:
    forecast = f", or growth that fills the window within {several(rule.turns, 'turn')}" if rule.turns else ""
    return f"The last {rule.prompts} prompts of a session all above {rule.percentage:g} %{forecast}."


def _truncation(_rule: TruncationRule) -> str:
    return "Answers that broke off because the context window was full."


def _call(rule: CallRule) -> str:
    limit = _number(rule.limit, READINGS[rule.measure].unit)
    return f"Each call{_where(rule.where)} against {limit}: {_rungs(rule.rungs)}."


def _anomaly(rule: AnomalyRule) -> str:
    return (
        f"{rule.measure} per {_per(rule.selection.kind)}{_where(rule.where)} and {rule.window.label}: more than "
        f"{rule.factor:g} times the usual of the last {several(rule.history, rule.window.unit)}, after {rule.warm_up}."
    )


def _limit(rule: LimitRule) -> str:
    unit = rule.counted.unit
    window = f"any {duration(rule.window.seconds)}" if isinstance(rule.window, Rolling) else rule.window.label
    limits = [] if rule.limit is None else [f"at most {_number(rule.limit, unit)}"]
    if rule.limits:
        own = [f"{name} {_number(limit, unit)}" for name, limit in list(rule.limits.items())[:3]]
        more = f" and {len(rule.limits) - 3} more" if len(rule.limits) > len(own) else ""
        limits.append(f"own limits: {', '.join(own)}{more}")
    extras = (
        ". Told ahead when the rate so far will not last" if rule.forecast else "",
        ". Calls above it are refused where limits are enforced" if rule.enforce else "",
    )
    return (
        f"{rule.measure} per {_per(rule.kind)}{_where(rule.where)} and {window}: {'; '.join(limits)}; "
        f"{_rungs(rule.rungs)}{''.join(extras)}."
    )


def _per(kind: str) -> str:
    return "everything" if kind == EVERYTHING else kind.replace("+", " and ")


def _where(where: Mapping[str, tuple[str, ...]]) -> str:
    if not where:
        return ""
    return " where " + " and ".join(f"{label} is {' or '.join(values)}" for label, values in where.items())


def _number(limit: float | None, unit: str) -> str:
    if limit is None:
        return "unlimited"
    return f"${limit:,.2f}" if unit == "USD" else f"{limit:,.10g} {unit}"


def _rungs(rungs: Sequence[Rung]) -> str:
    return ", ".join(f"{rung.severity} at {rung.threshold:g} %" for rung in rungs)


_EXPLAIN: Mapping[type, Callable[[Any], str]] = {
    ContextWindowRule: _context,
    ConversationRule: _conversation,
    TruncationRule: _truncation,
    CallRule: _call,
    LimitRule: _limit,
    AnomalyRule: _anomaly,
}
