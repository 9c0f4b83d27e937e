"""Decisions: refused from the limit on, for the subject alone, until its window ends."""

from __future__ import annotations

from evaluator.calls import DAY_NS, NOON_NS, SECOND_NS, call
from submeter.evaluator import Evaluator
from submeter.evaluator.limit import LimitRule
from submeter.evaluator.windows import Rolling

DAILY = LimitRule(name="daily", limit=10_000, per=("user",), enforce=True)


def test_a_subject_is_refused_from_its_limit_on() -> None:
    evaluator = Evaluator([DAILY])
    evaluator.observe(call(9_999))
    assert evaluator.decide({"user": "u-7"}, NOON_NS).is_allowed

    evaluator.observe(call(1))
    decision = evaluator.decide({"user": "u-7"}, NOON_NS)

    assert (decision.is_allowed, decision.rule, decision.subject, decision.current, decision.limit) == (
        False,
        "daily",
        "u-7",
        10_000,
        10_000,
    )
    assert decision.until_ns == NOON_NS + DAY_NS // 2
    assert decision.message == (
        "User u-7 has used 10,000 of 10,000 tokens (day (UTC)); further calls are refused until 2026-10-10 00:00 UTC."
    )


def test_other_subjects_unknown_ones_and_nobody_are_allowed() -> None:
    evaluator = Evaluator([DAILY])
    evaluator.observe(call(20_000))

    assert evaluator.decide({"user": "u-8"}, NOON_NS).is_allowed
    assert evaluator.decide({}, NOON_NS).is_allowed


def test_the_next_window_allows_again() -> None:
    evaluator = Evaluator([DAILY])
    evaluator.observe(call(20_000))

    assert not evaluator.decide({"user": "u-7"}, NOON_NS + DAY_NS // 2 - 1).is_allowed
    assert evaluator.decide({"user": "u-7"}, NOON_NS + DAY_NS // 2).is_allowed


def test_a_limit_that_only_warns_refuses_nothing() -> None:
    evaluator = Evaluator([LimitRule(name="daily", limit=10, per=("user",))])
    evaluator.observe(call(20))

    assert evaluator.decide({"user": "u-7"}, NOON_NS).is_allowed


def test_a_limit_of_nothing_refuses_the_first_call() -> None:
    evaluator = Evaluator([LimitRule(name="daily", limits={"blocked": 0}, per=("user",), enforce=True)])

    assert not evaluator.decide({"user": "blocked"}, NOON_NS).is_allowed
    assert evaluator.decide({"user": "u-7"}, NOON_NS).is_allowed


def test_combinations_and_filters_are_asked_by_label() -> None:
    rule = LimitRule(name="r", limit=10, per=("user", "model"), where={"service": ("shop",)}, enforce=True)
    evaluator = Evaluator([rule])
    evaluator.observe(call(20, response_model="m"))

    assert not evaluator.decide({"user": "u-7", "model": "m", "service": "shop"}, NOON_NS).is_allowed
    assert evaluator.decide({"user": "u-7", "model": "m", "service": "other"}, NOON_NS).is_allowed
    assert evaluator.decide({"user": "u-7", "service": "shop"}, NOON_NS).is_allowed


def test_a_rolling_limit_allows_again_when_enough_has_left_it() -> None:
    evaluator = Evaluator([LimitRule(name="r", limit=10, per=("user",), window=Rolling(3600), enforce=True)])
    evaluator.observe(call(20))

    refused = evaluator.decide({"user": "u-7"}, NOON_NS + 3000 * SECOND_NS)
    assert not refused.is_allowed
    assert refused.until_ns == 0
    assert evaluator.decide({"user": "u-7"}, NOON_NS + 3700 * SECOND_NS).is_allowed


def test_asking_changes_nothing() -> None:
    evaluator = Evaluator([DAILY])
    evaluator.observe(call(5_000))
    for day in range(100):
        evaluator.decide({"user": f"u-{day}"}, NOON_NS + day * DAY_NS)

    assert evaluator.total("daily", "u-7", NOON_NS) == 5_000
    assert evaluator.sizes()["daily"] == 1
