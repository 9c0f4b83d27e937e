"""Forecasts: a budget that will not last is told of once, one that lasts is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.calls import DAY_NS, HOUR_NS, SECOND_NS, call
from submeter.evaluator import Evaluator, WarningEvent
from submeter.evaluator.limit import LimitRule
from submeter.evaluator.windows import Calendar, Unit

MONTH = 1_790_812_800 * SECOND_NS
"""2026-10-01 00:00 UTC."""

BUDGET = LimitRule(name="budget", measure="cost_usd", limit=310.0, window=Calendar("month"), forecast=True)


def spent(costs: list[float], every_ns: int = DAY_NS, rule: LimitRule = BUDGET) -> list[WarningEvent]:
    """Events of one call at the end of each day."""
    evaluator = Evaluator([rule])
    return [
        event
        for number, cost in enumerate(costs)
        for event in evaluator.observe(call(1, cost_usd=cost, at_ns=MONTH + (number + 1) * every_ns - SECOND_NS))
    ]


def test_a_rate_that_empties_the_budget_is_told_with_its_date() -> None:
    events = spent([16.0] * 8)

    (event,) = events
    assert (event.type, event.rule, event.window, event.severity) == (
        "budget_forecast",
        "budget.forecast",
        "2026-10",
        "warning",
    )
    assert event.message == (
        "All calls together: at the rate so far the limit of $310.00 for the month 2026-10 is reached by "
        "2026-10-20 08:59 UTC, before the month ends on 2026-11-01 00:00 UTC ($64.00 used by now; the slower of the "
        "rate since the beginning and the latest one)."
    )


def test_a_rate_that_lasts_is_not_told() -> None:
    assert [event.type for event in spent([9.9] * 30)] == ["limit_approaching"]


def test_a_burst_that_has_ebbed_away_is_not_told() -> None:
    assert spent([60.0, *[1.0] * 25]) == []


def test_a_busy_day_in_a_quiet_month_is_not_told() -> None:
    assert spent([*[1.0] * 14, 40.0, *[1.0] * 10]) == []


def test_nothing_is_told_before_a_tenth_of_the_window_has_passed() -> None:
    assert spent([25.0] * 3) == []


def test_the_thresholds_are_told_beside_the_forecast() -> None:
    assert [event.type for event in spent([16.0] * 20)] == ["budget_forecast", "limit_approaching", "limit_reached"]


def test_a_forecast_is_told_anew_in_the_next_window() -> None:
    assert [event.window for event in spent([16.0] * 70) if event.type == "budget_forecast"] == [
        "2026-10",
        "2026-11",
        "2026-12",
    ]


@pytest.mark.parametrize(("unit", "every_ns"), [("hour", 60 * SECOND_NS), ("day", HOUR_NS), ("week", 6 * HOUR_NS)])
def test_every_window_can_be_forecast(unit: Unit, every_ns: int) -> None:
    rule = LimitRule(name="r", measure="cost_usd", limit=10.0, window=Calendar(unit), forecast=True)

    assert spent([0.9] * 10, every_ns, rule)[0].type == "budget_forecast"


@given(st.lists(st.floats(0.1, 30), min_size=1, max_size=31))
def test_a_forecast_is_only_made_where_the_plain_projection_overshoots(costs: list[float]) -> None:
    evaluator = Evaluator([BUDGET])
    total = 0.0
    for number, cost in enumerate(costs):
        at_ns = MONTH + (number + 1) * DAY_NS - SECOND_NS
        total += cost
        for event in evaluator.observe(call(1, cost_usd=cost, at_ns=at_ns)):
            if event.type == "budget_forecast":
                assert total / (at_ns - MONTH) * 31 * DAY_NS >= 310.0 - 1e-6
                assert number >= 3
