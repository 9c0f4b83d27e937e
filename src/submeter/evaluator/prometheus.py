"""Limits as Prometheus rules: recording rules of the sums, and an alert per threshold.

Only what Prometheus can count exactly is exported: sums over labels of few values, in windows that begin in UTC or
roll. `increase()` is not used, because it loses a new series' first sample and guesses at the edges; each minute's
step is the difference to the value last seen, or all of it where a counter is new or was restarted.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from submeter import semconv
from submeter.evaluator.labels import TAG
from submeter.evaluator.limit import LimitRule
from submeter.evaluator.windows import Calendar, Rolling, duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from submeter.evaluator.rules import Rule

_LABELS: Final = {
    "service": "job",
    "provider": "gen_ai_provider_name",
    "model": "gen_ai_request_model",
    "kind": "gen_ai_operation_name",
    "operation": "submeter_operation",
}
_MANY: Final = {"user", "session", "step", "agent"}
_STARTS: Final = {
    "hour": "time() - time() % 3600",
    "day": "time() - time() % 86400",
    "week": "time() - (time() - 345600) % 604800",
    "month": "time() - time() % 86400 - (day_of_month(vector(time())) - 1) * 86400",
}
_LENGTHS: Final = {"hour": "1h", "day": "24h", "week": "7d", "month": "31d"}
_STEP_S: Final = 60


class Exported(NamedTuple):
    """A rule file of Prometheus as plain data, and why rules are missing in it: name and reason."""

    groups: dict[str, Any]
    left_out: list[tuple[str, str]]


def exported(rules: Iterable[Rule]) -> Exported:
    """The limits among the rules that Prometheus can hold exactly."""
    groups: list[dict[str, Any]] = []
    left_out: list[tuple[str, str]] = []
    for rule in rules:
        reason = _reason(rule)
        if reason or not isinstance(rule, LimitRule):
            left_out.append((rule.name, reason))
        else:
            groups.append(_group(rule))
    return Exported({"groups": groups}, left_out)


def _reason(rule: Rule) -> str:
    """Why the rule cannot be exact in Prometheus; empty if it can."""
    if not isinstance(rule, LimitRule):
        return "it looks at single calls, conversations or the past of a subject, which counters do not tell"
    labels = (*rule.per, *rule.where)
    many = sorted(_MANY.intersection(labels))
    if many:
        return f"a label {many[0]!r} has too many values for time series: leave it to `submeter up` or `evaluate`"
    if isinstance(rule.window, Calendar) and rule.window.zone != "UTC":
        return f"Prometheus knows no time zones such as {rule.window.zone}, nor days of 23 or 25 hours"
    if rule.counted.name == "calls":
        return "calls are counted by a histogram, whose count Prometheus has under several names"
    return ""


def _group(rule: LimitRule) -> dict[str, Any]:
    name = re.sub(r"[^A-Za-z0-9_]", "_", rule.name)
    step, used = f"submeter:{name}:step", f"submeter:{name}:used"
    window = rule.window
    rules: list[dict[str, Any]] = []
    if isinstance(window, Calendar):
        start, length = f"submeter:{window.unit}_start_seconds", _LENGTHS[window.unit]
        rules.append({"record": start, "expr": _vector(_STARTS[window.unit])})
        inner = f"{step} and on() (vector(time()) > on() ({start} @ end()))"
    else:
        inner, length = step, duration(window.seconds)
    rules.append({"record": step, "expr": _step(rule)})
    rules.append({"record": used, "expr": f"sum_over_time(({inner})[{length}:1m])"})
    rules += [alert for limit, matcher in _bounds(rule) for alert in _alerts(rule, used, limit, matcher)]
    return {"name": f"submeter-{rule.name}", "interval": "1m", "rules": rules}


def _vector(expression: str) -> str:
    return expression if "vector" in expression else f"vector({expression})"


def _step(rule: LimitRule) -> str:
    """What each subject has used in the last minute."""
    by = f"sum by ({', '.join(_label(label) for label in rule.per)})" if rule.per else "sum"
    parts: list[str] = []
    for metric in rule.counted.metrics:
        series = f"{_metric(metric)}{_matchers(rule)}"
        parts.append(f"(({series} - last_over_time({series}[1h] offset 1m)) >= 0 or {series})")
    # Metrics are put side by side under a name of their own: a sum of vectors would lose what only one of them has.
    named = [f'label_replace({part}, "submeter_metric", "{number}", "", "")' for number, part in enumerate(parts)]
    return f"{by} ({' or '.join(named)})"


def _bounds(rule: LimitRule) -> Sequence[tuple[float, str]]:
    """Every limit with the matcher of the subjects it is for."""
    if len(rule.per) != 1:
        return [] if rule.limit is None else [(rule.limit, "")]
    label = _label(rule.per[0])
    own = [(limit, f'{{{label}="{_quoted(subject)}"}}') for subject, limit in rule.limits.items() if limit is not None]
    if rule.limit is None:
        return own
    names = "|".join(re.escape(subject) for subject in rule.limits)
    return [(rule.limit, f'{{{label}!~"{_quoted(names)}"}}' if names else ""), *own]


def _alerts(rule: LimitRule, used: str, limit: float, matcher: str) -> list[dict[str, Any]]:
    rolling = isinstance(rule.window, Rolling)
    when = f"in the last {duration(rule.window.seconds)}" if isinstance(rule.window, Rolling) else rule.window.label
    return [
        {
            "alert": "SubmeterLimitReached" if rung.threshold >= 100 else "SubmeterLimitApproaching",  # noqa: PLR2004
            "expr": f"{used}{matcher} >= {limit * rung.threshold / 100:.12g}",
            "labels": {"rule": rule.name, "severity": rung.severity, "threshold": f"{rung.threshold:g}"},
            "annotations": {
                "summary": f"{rule.name}: {{{{ $value | humanize }}}} {rule.counted.unit} of {limit:,.10g} used "
                f"({when if rolling else 'this ' + when})"
            },
        }
        for rung in rule.rungs
    ]


def _matchers(rule: LimitRule) -> str:
    chosen = [
        f'{_label(label)}=~"{_quoted("|".join(re.escape(value) for value in values))}"'
        for label, values in rule.where.items()
    ]
    return f"{{{','.join(chosen)}}}" if chosen else ""


def _metric(name: str) -> str:
    """The metric's name as the Collector's Prometheus exporters write it: unit and `_total` behind it."""
    unit = "_USD" if name == semconv.METRIC_COST else ""
    return f"{name.replace('.', '_')}{unit}_total"


def _label(label: str) -> str:
    if label.startswith(TAG):
        return re.sub(r"[^A-Za-z0-9_]", "_", semconv.TAG_PREFIX + label.removeprefix(TAG))
    return _LABELS[label]


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
