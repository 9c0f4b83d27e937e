"""Environment variables become rules, or one clear error."""

from __future__ import annotations

import pytest

from evaluator.calls import call
from submeter.evaluator import DEFAULT_RULES, Evaluator
from submeter.evaluator.context_window import ContextWindowRule
from submeter.evaluator.shortcuts import rules_from_settings
from submeter.settings import SettingError


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USER_DAILY", "PER_QUERY"):
        monkeypatch.delenv(f"SUBMETER_MAX_TOKENS_PER_{name}", raising=False)


def test_without_variables_the_defaults_hold() -> None:
    assert rules_from_settings() == DEFAULT_RULES


def test_tokens_per_user_and_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBMETER_MAX_TOKENS_PER_USER_DAILY", "10000")
    evaluator = Evaluator(rules_from_settings())
    events = [e for n in (5_000, 3_500, 2_000) for e in evaluator.observe(call(n))]

    assert [(e.rule, e.type, e.subject, e.current, e.percentage) for e in events] == [
        ("user_tokens_daily", "limit_approaching", "u-7", 8_500, 85),
        ("user_tokens_daily", "limit_reached", "u-7", 10_500, 105),
    ]
    assert events[0].message == (
        "User u-7 has used 8,500 of 10,000 tokens (85 %) in the day 2026-10-09; 1,500 tokens left until "
        "2026-10-10 00:00 UTC."
    )
    assert events[1].message == (
        "User u-7 has reached its limit: 10,500 of 10,000 tokens (105 %) in the day 2026-10-09; a new "
        "day begins 2026-10-10 00:00 UTC."
    )


def test_days_begin_in_the_zone_that_was_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBMETER_MAX_TOKENS_PER_USER_DAILY", "10000")
    monkeypatch.setenv("SUBMETER_TIME_ZONE", "Asia/Kolkata")
    (event,) = Evaluator(rules_from_settings()).observe(call(9_000))

    assert event.window == "2026-10-09[Asia/Kolkata]"


def test_tokens_per_query(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBMETER_MAX_TOKENS_PER_QUERY", "4000")
    evaluator = Evaluator(rules_from_settings())
    events = [e for n in (3_999, 4_001, 5_000) for e in evaluator.observe(call(n))]

    assert [(e.rule, e.current) for e in events] == [("tokens_per_query", 4_001), ("tokens_per_query", 5_000)]


def test_cost_per_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBMETER_MAX_COST_DAILY_USD", "1.50")
    evaluator = Evaluator(rules_from_settings())
    events = [e for cost in (0.75, 0.40, None, 0.40) for e in evaluator.observe(call(1, cost_usd=cost))]
    told = [e for e in events if e.rule == "cost_daily"]

    assert [(e.type, e.current, e.unit, e.subject_kind) for e in told] == [
        ("limit_reached", 1.55, "USD", "all"),
    ]


@pytest.mark.parametrize(
    ("value", "ladder"),
    [
        ("80", [(80, "info"), (85, "warning"), (95, "critical")]),
        ("0.8", [(80, "info"), (85, "warning"), (95, "critical")]),
        ("50", [(50, "info"), (85, "warning"), (95, "critical")]),
        ("85", [(85, "warning"), (95, "critical")]),
        ("90", [(90, "warning"), (95, "critical")]),
        ("100", [(100, "critical")]),
    ],
)
def test_the_first_warning_of_the_context_window_can_be_moved(
    monkeypatch: pytest.MonkeyPatch, value: str, ladder: list[tuple[float, str]]
) -> None:
    monkeypatch.setenv("SUBMETER_TOKEN_WARNING_THRESHOLD", value)
    rule = rules_from_settings()[0]

    assert isinstance(rule, ContextWindowRule)
    assert [(rung.threshold, rung.severity) for rung in rule.rungs] == ladder


def test_the_first_warning_of_the_limits_moves_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBMETER_TOKEN_WARNING_THRESHOLD", "50")
    monkeypatch.setenv("SUBMETER_MAX_TOKENS_PER_USER_DAILY", "10000")
    (event,) = Evaluator(rules_from_settings()).observe(call(5_000))

    assert (event.threshold, event.severity) == (50, "info")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SUBMETER_MAX_TOKENS_PER_USER_DAILY", "lots"),
        ("SUBMETER_MAX_TOKENS_PER_QUERY", "-1"),
        ("SUBMETER_MAX_COST_DAILY_USD", "nan"),
        ("SUBMETER_TOKEN_WARNING_THRESHOLD", "101"),
        ("SUBMETER_TOKEN_WARNING_THRESHOLD", "0"),
        ("SUBMETER_TIME_ZONE", "Mars/Olympus"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingError, match=name):
        rules_from_settings()
