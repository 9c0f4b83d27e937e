"""Snapshots, reconciliation and the exchange of rules: no event lost, none sent twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.calls import HOUR_NS, NOON_NS, call
from evaluator.points import point
from evaluator.test_intake import RULES, traffic
from submeter.evaluator import DEFAULT_RULES, Evaluator
from submeter.evaluator.anomaly import AnomalyRule
from submeter.evaluator.limit import LimitRule
from submeter.evaluator.windows import Calendar

if TYPE_CHECKING:
    from submeter.evaluator import Rule

DAILY = LimitRule(name="daily", limit=10_000, per=("user",))
ALL: list[Rule] = [
    *DEFAULT_RULES,
    *RULES,
    AnomalyRule(name="spend"),
    LimitRule(name="soon", measure="cost_usd", limit=2.0, forecast=True),
]


def moved(evaluator: Evaluator, rules: list[Rule]) -> Evaluator:
    """Another process that was handed the first one's snapshot as JSON."""
    other = Evaluator(rules)
    other.restore(json.loads(json.dumps(evaluator.snapshot())))
    return other


@given(seed=st.integers(0, 1_000), cut=st.integers(0, 120))
@settings(max_examples=20)
def test_a_restart_at_any_moment_changes_no_event(seed: int, cut: int) -> None:
    records = traffic(seed)
    steady = Evaluator(ALL)
    expected = [event.id for record in records for event in steady.observe(record)]
    first = Evaluator(ALL)
    found = [event.id for record in records[:cut] for event in first.observe(record)]
    second = moved(first, ALL)
    found += [event.id for record in records[max(cut - 5, 0) :] for event in second.observe(record)]

    assert found == expected


def test_a_conversation_goes_on_where_it_was() -> None:
    first = Evaluator()
    prompts = (72_000, 81_000, 82_000, 83_000, 10_000, 84_000, 86_000)
    expected = [(e.rule, e.window, e.threshold) for p in prompts for e in Evaluator().observe(call(p))]
    assert expected

    steady = Evaluator()
    wanted = [(e.rule, e.window, e.threshold) for p in prompts for e in steady.observe(call(p))]
    found = [(e.rule, e.window, e.threshold) for p in prompts[:5] for e in first.observe(call(p))]
    second = moved(first, list(DEFAULT_RULES))
    found += [(e.rule, e.window, e.threshold) for p in prompts[5:] for e in second.observe(call(p))]
    assert found == wanted


def test_metric_streams_go_on_where_they_were() -> None:
    tokens = "gen_ai.client.inference.usage.input_tokens"
    start = NOON_NS - HOUR_NS
    first = Evaluator([DAILY])
    first.observe_points([point(tokens, 5_000, NOON_NS, start_ns=start, is_cumulative=True, user="u-7")])
    second = moved(first, [DAILY])
    second.observe_points([point(tokens, 5_000, NOON_NS, start_ns=start, is_cumulative=True, user="u-7")])
    second.observe_points([point(tokens, 7_000, NOON_NS + 1, start_ns=start, is_cumulative=True, user="u-7")])

    assert second.total("daily", "u-7", NOON_NS) == 7_000


def test_a_call_that_is_delivered_again_after_a_restart_counts_once() -> None:
    record = call(4_000)
    first = Evaluator([DAILY])
    first.observe(record)
    second = moved(first, [DAILY])
    second.observe(record)

    assert second.total("daily", "u-7", NOON_NS) == 4_000


def test_rules_that_changed_their_meaning_begin_anew() -> None:
    first = Evaluator([DAILY])
    first.observe(call(4_000))
    changed = LimitRule(name="daily", limit=10_000, per=("user",), window=Calendar("day", "Asia/Tokyo"))

    assert moved(first, [changed]).total("daily", "u-7", NOON_NS) == 0


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"version": 99},
        {"version": 1},
        {"version": 1, "rules": [["daily", DAILY.shape, [1]]], "intake": [], "events": [], "calls": []},
        {"version": 1, "rules": [["daily"]], "intake": [], "events": [], "calls": []},
        {"version": 1, "rules": [], "intake": "x", "events": [], "calls": []},
    ],
)
def test_a_damaged_snapshot_is_refused_and_nothing_changes(broken: dict[str, Any]) -> None:
    evaluator = Evaluator([DAILY])
    evaluator.observe(call(4_000))

    with pytest.raises(ValueError, match="snapshot"):
        evaluator.restore(broken)
    assert evaluator.total("daily", "u-7", NOON_NS) == 4_000


def test_new_rules_keep_the_sums_of_those_that_mean_the_same() -> None:
    evaluator = Evaluator([DAILY])
    evaluator.observe(call(4_000))
    evaluator.replace([LimitRule(name="daily", limit=5_000, per=("user",)), LimitRule(name="new", limit=100)])

    assert evaluator.total("daily", "u-7", NOON_NS) == 4_000
    assert [(e.rule, e.current) for e in evaluator.observe(call(99))] == [("daily", 4_099), ("new", 99)]


def test_rules_that_cannot_be_leave_the_old_ones_in_force() -> None:
    evaluator = Evaluator([DAILY])
    evaluator.observe(call(4_000))

    with pytest.raises(ValueError, match="used twice: daily"):
        evaluator.replace([DAILY, DAILY])
    assert evaluator.rules == (DAILY,)
    assert evaluator.total("daily", "u-7", NOON_NS) == 4_000


def test_sums_are_raised_to_what_the_store_knows_never_lowered() -> None:
    evaluator = Evaluator([DAILY])
    evaluator.observe(call(4_000))
    events = evaluator.reconcile("daily", {"u-7": 9_000, "u-8": 100}, NOON_NS)
    evaluator.reconcile("daily", {"u-7": 10}, NOON_NS)

    assert [(e.subject, e.current) for e in events] == [("u-7", 9_000)]
    assert evaluator.total("daily", "u-7", NOON_NS) == 9_000
    assert evaluator.total("daily", "u-8", NOON_NS) == 100


def test_reconciling_does_not_send_events_again_that_others_sent() -> None:
    first = Evaluator([DAILY])
    sent = [event.id for event in first.observe(call(9_000))]
    second = Evaluator([DAILY])
    second.remember(sent)

    assert second.reconcile("daily", {"u-7": 9_000}, NOON_NS) == []
    assert [e.threshold for e in second.observe(call(1_000))] == [100]


def test_asking_for_a_limit_that_is_none_is_an_error() -> None:
    with pytest.raises(KeyError, match="nothing"):
        Evaluator().total("nothing", "u-7", NOON_NS)
