"""Anomalies: spikes are found at once, ordinary noise and weekly rhythms are left alone."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from evaluator.calls import DAY_NS, HOUR_NS, NOON_NS, call
from evaluator.points import point
from submeter.evaluator import Evaluator, WarningEvent
from submeter.evaluator.anomaly import AnomalyRule
from submeter.evaluator.windows import Calendar

SPEND = AnomalyRule(name="spend")


def watched(*costs: float | None, rule: AnomalyRule = SPEND) -> list[tuple[int, float]]:
    """Day and cost of every event for one call a day with these costs."""
    evaluator = Evaluator([rule])
    return [
        (day, event.current)
        for day, cost in enumerate(costs)
        if cost is not None
        for event in evaluator.observe(call(1, cost_usd=cost, at_ns=NOON_NS + day * DAY_NS))
    ]


def test_a_spike_is_told_when_it_passes_the_line_and_once() -> None:
    evaluator = Evaluator([SPEND])
    for day in range(10):
        evaluator.observe(call(1, cost_usd=10.0, at_ns=NOON_NS + day * DAY_NS))
    events = [
        event
        for hour in range(8)
        for event in evaluator.observe(call(1, cost_usd=10.0, at_ns=NOON_NS + 10 * DAY_NS + hour * HOUR_NS))
    ]

    (event,) = events
    assert (event.type, event.current, event.limit, event.subject, event.window) == (
        "anomaly",
        40.0,
        30.0,
        "shop",
        "2026-10-19",
    )
    assert event.message == (
        "Service shop has used $40.00 in the day 2026-10-19; usual are $10.00, the most of the last 10 days was $10.00."
    )


def test_nothing_is_said_before_the_warm_up_is_over() -> None:
    assert watched(1, 1, 1, 1, 1, 1, 500) == []
    assert watched(1, 1, 1, 1, 1, 1, 1, 500) == [(7, 500)]


def test_small_sums_are_not_worth_a_message() -> None:
    assert watched(*[0.01] * 10, 0.9) == []
    assert watched(*[0.01] * 10, 1.1) == [(10, 1.1)]


def test_what_was_that_high_before_is_usual() -> None:
    assert watched(*[2, 2, 2, 2, 2, 2, 20] * 3, 2, 25) == []


def test_one_spike_does_not_hide_the_next() -> None:
    assert [day for day, _ in watched(*[2] * 10, 100, *[2] * 3, 100)] == [10, 14]


def test_what_stays_that_high_is_the_new_usual() -> None:
    assert [day for day, _ in watched(*[2] * 10, *[20] * 20)] == [10, 11]


def test_days_without_calls_count_as_nothing_used() -> None:
    assert watched(*[10] * 7, *[None] * 20, 16, rule=AnomalyRule(name="spend", history=14)) == [(27, 16)]


def test_late_calls_count_for_the_day_before() -> None:
    evaluator = Evaluator([SPEND])
    for day in (0, 1, 2, 3, 4, 5, 6, 7):
        evaluator.observe(call(1, cost_usd=10.0, at_ns=NOON_NS + day * DAY_NS))
    evaluator.observe(call(1, cost_usd=90.0, at_ns=NOON_NS + 6 * DAY_NS))

    assert evaluator.observe(call(1, cost_usd=25.0, at_ns=NOON_NS + 7 * DAY_NS)) == []


def test_points_are_judged_as_calls_are() -> None:
    evaluator = Evaluator([SPEND])
    for day in range(8):
        evaluator.observe_points([point("submeter.cost", 10.0, NOON_NS + day * DAY_NS)])
    (event,) = evaluator.observe_points([point("submeter.cost", 50.0, NOON_NS + 8 * DAY_NS)])

    assert (event.current, event.window) == (50.0, "2026-10-17")


def a_year(chance: random.Random, spikes: dict[int, float]) -> list[WarningEvent]:
    """A service with working weeks, quiet weekends, growth of half a year's doubling, and heavy-tailed days."""
    evaluator = Evaluator([SPEND])
    found: list[WarningEvent] = []
    for day in range(365):
        usual = 40.0 * (0.3 if day % 7 in {1, 2} else 1.0) * 2 ** (day / 182)
        cost = usual * math.exp(chance.gauss(0, 0.35)) * spikes.get(day, 1.0)
        found += evaluator.observe(call(1, cost_usd=cost, at_ns=NOON_NS + day * DAY_NS))
    return found


def test_false_alarms_are_fewer_than_one_in_five_years_of_a_service() -> None:
    chance = random.Random(11)  # noqa: S311  (made-up traffic)
    alarms = sum(len(a_year(chance, {})) for _ in range(40))
    assert alarms <= 8


def test_spikes_of_eightfold_working_days_are_found() -> None:
    chance = random.Random(12)  # noqa: S311  (made-up traffic)
    spikes = {35 + 28 * number: 8.0 for number in range(11)}
    found = [len({e.window for e in a_year(chance, spikes)}) for _ in range(20)]

    assert sum(found) >= 0.9 * len(spikes) * 20


@pytest.mark.parametrize(
    "wrong",
    [{"measure": "words"}, {"per": ("team",)}, {"factor": 1}, {"warm_up": 0}, {"warm_up": 30, "history": 28}],
)
def test_what_cannot_be_is_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="rule 'r'"):
        AnomalyRule(name="r", **wrong)


def test_hours_have_their_own_history() -> None:
    evaluator = Evaluator([AnomalyRule(name="r", measure="tokens", least=0, per=("user",), window=Calendar("hour"))])
    for hour in range(8):
        evaluator.observe(call(100, at_ns=NOON_NS + hour * HOUR_NS))

    (event,) = evaluator.observe(call(301, at_ns=NOON_NS + 8 * HOUR_NS))
    assert event.window == "2026-10-09T20+0000"
