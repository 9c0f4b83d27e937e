"""Limits: sums equal to brute force, once per window and threshold, whatever the order and repetition."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.calls import DAY_NS, HOUR_NS, NOON_NS, SECOND_NS, call
from submeter.evaluator import Bounds, Evaluator, WarningEvent
from submeter.evaluator.announcement import rungs_of
from submeter.evaluator.limit import LimitRule
from submeter.evaluator.windows import Calendar, Rolling
from submeter.usage import Usage

if TYPE_CHECKING:
    from submeter.record import CallRecord

PER_USER = LimitRule(name="daily", limit=10_000, per=("user",))


def told(rule: LimitRule, *records: CallRecord) -> list[tuple[str, str, float]]:
    """Subject, window and threshold of every event."""
    evaluator = Evaluator([rule])
    return [(e.subject, e.window, e.threshold) for record in records for e in evaluator.observe(record)]


def test_each_threshold_fires_once_per_user_and_day() -> None:
    calls = [call(1_000, user_id=user) for _ in range(12) for user in ("a", "b")]

    assert told(PER_USER, *calls) == [
        ("a", "2026-10-09", 80),
        ("b", "2026-10-09", 80),
        ("a", "2026-10-09", 100),
        ("b", "2026-10-09", 100),
    ]


def test_a_new_day_begins_at_zero() -> None:
    calls = [call(9_000), call(9_000, at_ns=NOON_NS + DAY_NS)]

    assert told(PER_USER, *calls) == [("u-7", "2026-10-09", 80), ("u-7", "2026-10-10", 80)]


def test_exactly_the_threshold_is_reached() -> None:
    assert told(PER_USER, call(7_999)) == []
    assert told(PER_USER, call(8_000)) == [("u-7", "2026-10-09", 80)]


def test_money_is_summed_without_rounding_errors() -> None:
    rule = LimitRule(name="cost", measure="cost_usd", limit=1.0, rungs=rungs_of([100]))

    assert told(rule, *[call(1, cost_usd=0.1) for _ in range(10)]) == [("all", "2026-10-09", 100)]
    assert told(rule, *[call(1, cost_usd=0.1) for _ in range(9)], call(1, cost_usd=0.099999999)) == []


def test_calls_without_a_user_belong_to_nobody() -> None:
    assert told(PER_USER, call(99_999, user_id="")) == []


def test_calls_count_whether_they_failed_or_not() -> None:
    rule = LimitRule(name="calls", measure="calls", limit=3, per=("session",), rungs=rungs_of([100]))

    assert told(rule, call(1), call(None, None, error_type="Timeout"), call(1)) == [("s-42", "2026-10-09", 100)]


def test_subjects_may_have_limits_of_their_own() -> None:
    rule = LimitRule(name="daily", limit=10_000, per=("user",), limits={"big": 100_000, "free": 0, "boss": None})
    calls = [call(9_000, user_id=user) for user in ("u-7", "big", "free", "boss")]

    assert told(rule, *calls) == [("u-7", "2026-10-09", 80), ("free", "2026-10-09", 100)]


def test_without_a_default_only_named_subjects_are_limited() -> None:
    rule = LimitRule(name="daily", per=("user",), limits={"u-7": 10_000})

    assert told(rule, call(9_000), call(9_000, user_id="u-8")) == [("u-7", "2026-10-09", 80)]


def test_subjects_without_a_limit_cost_no_memory() -> None:
    evaluator = Evaluator([LimitRule(name="daily", per=("user",), limits={"u-7": 10_000, "boss": None})])
    for number in range(100):
        evaluator.observe(call(9_000, user_id=f"x-{number}"))
    evaluator.observe(call(9_000, user_id="boss"))
    evaluator.observe(call(1_000))

    assert evaluator.sizes()["daily"] == 1


def test_a_combination_of_labels_is_one_subject() -> None:
    rule = LimitRule(name="daily", limit=10_000, per=("user", "model"))
    calls = [call(9_000, response_model="m1"), call(5_000, response_model="m2"), call(9_000, response_model="a,b=c%")]

    assert told(rule, *calls) == [
        ("user=u-7,model=m1", "2026-10-09", 80),
        ("user=u-7,model=a%2Cb%3Dc%25", "2026-10-09", 80),
    ]


@pytest.mark.parametrize(
    ("label", "fields"),
    [
        ("session", {"session_id": "x"}),
        ("session", {"session_id": "", "conversation_id": "x"}),
        ("operation", {"operation": "x"}),
        ("step", {"step": "x"}),
        ("service", {"service": "x"}),
        ("provider", {"provider": "x"}),
        ("model", {"response_model": "", "request_model": "x"}),
        ("agent", {"agent": "x"}),
        ("tag.collection", {"tags": {"collection": "x"}}),
    ],
)
def test_every_label_can_be_counted_per(label: str, fields: dict[str, Any]) -> None:
    assert told(LimitRule(name="r", limit=10, per=(label,)), call(8, **fields)) == [("x", "2026-10-09", 80)]


@pytest.mark.parametrize(
    ("measure", "usage"),
    [
        ("tokens", Usage(input_tokens=5, output_tokens=3)),
        ("input_tokens", Usage(input_tokens=8, output_tokens=3)),
        ("output_tokens", Usage(input_tokens=3, output_tokens=8)),
        ("cache_read_tokens", Usage(input_tokens=9, cache_read_tokens=8)),
        ("cache_write_tokens", Usage(input_tokens=9, cache_write_tokens=8)),
        ("reasoning_tokens", Usage(output_tokens=9, reasoning_tokens=8)),
    ],
)
def test_every_kind_of_token_can_be_limited(measure: str, usage: Usage) -> None:
    (event,) = Evaluator([LimitRule(name="r", measure=measure, limit=10)]).observe(call(usage=usage))

    assert (event.current, event.unit) == (8, "tokens")


def test_where_restricts_a_limit_to_some_calls() -> None:
    rule = LimitRule(name="r", limit=10, where={"provider": ("openai", "azure"), "tag.env": ("prod",)})
    calls = [
        call(100, provider="openai"),
        call(100, provider="cohere", tags={"env": "prod"}),
        call(8, provider="azure", tags={"env": "prod"}),
    ]

    assert told(rule, *calls) == [("all", "2026-10-09", 80)]


def test_late_calls_count_for_yesterday_but_warn_only_for_ten_minutes() -> None:
    midnight = NOON_NS + 12 * HOUR_NS
    before, soon, later = midnight - SECOND_NS, midnight + 599 * SECOND_NS, midnight + 601 * SECOND_NS

    assert told(PER_USER, call(5_000, at_ns=before), call(1, at_ns=soon), call(4_000, at_ns=before)) == [
        ("u-7", "2026-10-09", 80)
    ]
    assert told(PER_USER, call(5_000, at_ns=before), call(1, at_ns=later), call(4_000, at_ns=before)) == []


def test_a_wrong_clock_cannot_close_everybodys_window() -> None:
    evaluator = Evaluator([PER_USER])
    evaluator.observe(call(5_000), received_ns=NOON_NS)
    evaluator.observe(call(5_000, user_id="other", at_ns=NOON_NS + 900 * DAY_NS), received_ns=NOON_NS)

    (event,) = evaluator.observe(call(4_000), received_ns=NOON_NS)
    assert event.window == "2026-10-09"


def test_events_sent_by_another_process_are_not_sent_again_nor_are_those_below() -> None:
    (sent,) = Evaluator([PER_USER]).observe(call(10_000))
    evaluator = Evaluator([PER_USER])
    evaluator.remember([sent.id])

    assert [e for n in (8_500, 2_000) for e in evaluator.observe(call(n))] == []


def test_a_day_with_a_moved_clock_sums_all_its_25_hours() -> None:
    rule = LimitRule(
        name="r", limit=2_500, per=("user",), window=Calendar("day", "Europe/Berlin"), rungs=rungs_of([100])
    )
    start = 1_792_879_200 * SECOND_NS  # 2026-10-25 00:00 CEST
    calls = [call(100, at_ns=start + hour * HOUR_NS) for hour in range(25)]

    assert told(rule, *calls) == [("u-7", "2026-10-25[Europe/Berlin]", 100)]
    assert told(rule, *calls[:24], call(100, at_ns=start + 25 * HOUR_NS)) == []


TRAFFIC = st.lists(
    st.tuples(
        st.integers(0, 3 * 24 * 60),  # minute
        st.sampled_from(["a", "b", "c"]),
        st.integers(0, 400),
    ),
    max_size=80,
)


@given(TRAFFIC, st.randoms(use_true_random=False))
def test_sums_equal_brute_force_in_any_order_within_two_windows(
    traffic: list[tuple[int, str, int]], random: Any
) -> None:
    window = Calendar("day", "America/New_York")
    rule = LimitRule(name="r", limit=1_000, per=("user",), window=window, rungs=rungs_of([50, 80, 100]))
    records = [call(n, user_id=user, at_ns=NOON_NS + minute * 60 * SECOND_NS // 3) for minute, user, n in traffic]
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for record in records:
        sums[(record.user_id, window.at(record.ended_ns).key)] += record.usage.total_tokens
    days = {key for _, key in sums}
    if len(days) > 2:
        records.sort(key=lambda record: record.ended_ns)
    else:
        random.shuffle(records)
    evaluator = Evaluator([rule])
    events = [e for record in [*records, *records] for e in evaluator.observe(record)]
    reached: dict[tuple[str, str], float] = {}
    for event in events:
        key = (event.subject, event.window)
        assert event.threshold > reached.get(key, 0)
        reached[key] = event.threshold
    last = max((record.ended_ns for record in records), default=0)
    for (user, day), total in sums.items():
        expected = max((t for t in (50, 80, 100) if total * 100 >= t * 1_000), default=0)
        is_open = window.at(last).key == day
        if is_open or len(days) > 2:
            assert reached.get((user, day), 0) == expected
        else:
            assert reached.get((user, day), 0) <= expected


@given(TRAFFIC)
def test_rolling_sums_equal_brute_force(traffic: list[tuple[int, str, int]]) -> None:
    rule = LimitRule(name="r", limit=10**9, per=("user",), window=Rolling(6 * 3600), rungs=rungs_of([100]))
    evaluator = Evaluator([rule])
    step = rule.window.part_ns if isinstance(rule.window, Rolling) else 0
    seen: list[tuple[int, str, int]] = []
    for minute, user, n in sorted(traffic):
        at = NOON_NS + minute * 60 * SECOND_NS
        evaluator.observe(call(n, user_id=user, at_ns=at))
        seen.append((at, user, n))
        expected = sum(n for t, u, n in seen if u == user and t // step > at // step - 60)
        assert evaluator.total("r", user, at) == expected


def test_a_rolling_limit_fires_again_after_a_lull() -> None:
    rule = LimitRule(name="r", limit=100, per=("user",), window=Rolling(3600), rungs=rungs_of([100]))
    minutes = [(0, 60), (10, 60), (30, 1), (150, 100), (151, 1)]
    calls = [call(n, at_ns=NOON_NS + minute * 60 * SECOND_NS) for minute, n in minutes]

    assert told(rule, *calls) == [("u-7", "1h@2026-10-09T12:00:00Z", 100), ("u-7", "1h@2026-10-09T14:00:00Z", 100)]


def test_a_rolling_limit_that_stays_reached_is_told_once() -> None:
    rule = LimitRule(name="r", limit=100, per=("user",), window=Rolling(3600), rungs=rungs_of([100]))
    calls = [call(10, at_ns=NOON_NS + minute * 300 * SECOND_NS) for minute in range(100)]

    assert len(told(rule, *calls)) == 1


def test_a_page_that_is_full_forgets_the_smallest_sums() -> None:
    evaluator = Evaluator([PER_USER], bounds=Bounds(subjects=10))
    evaluator.observe(call(7_000, user_id="heavy"))
    for number in range(100):
        evaluator.observe(call(number % 7, user_id=f"light-{number}"))

    (event,) = evaluator.observe(call(1_500, user_id="heavy"))
    assert event.current == 8_500


def test_the_message_of_a_rolling_limit_speaks_of_its_length() -> None:
    rule = LimitRule(name="r", measure="cost_usd", limit=2.0, per=("user", "model"), window=Rolling(86_400))
    (event,) = Evaluator([rule]).observe(call(1, cost_usd=1.75, response_model="m"))

    assert event.message == "User u-7, model m has used $1.75 of $2.00 (87.5 %) in the last 24h; $0.25 left."


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"measure": "words", "limit": 1}, "unknown measure 'words', there are tokens"),
        ({"per": ("team",), "limit": 1}, "unknown label 'team', there are user"),
        ({"per": ("tag.",), "limit": 1}, "unknown label 'tag.'"),
        ({"per": ("user", "user"), "limit": 1}, "named twice"),
        ({"where": {"team": ("x",)}, "limit": 1}, "unknown label 'team'"),
        ({"limit": -1}, "0 or more"),
        ({"limit": float("nan")}, "0 or more"),
        ({}, "give `limit`, `limits` or both"),
        ({"limit": 1, "window": Rolling(3600), "forecast": True}, "rolling window has no end"),
    ],
)
def test_what_cannot_be_is_refused_by_name(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"rule 'r': .*{message}"):
        LimitRule(name="r", **wrong)


def an_event(rule: LimitRule, *records: CallRecord) -> WarningEvent:
    evaluator = Evaluator([rule])
    return [event for record in records for event in evaluator.observe(record)][-1]


def test_the_event_carries_the_call_that_crossed_the_line() -> None:
    last = call(5_000)
    event = an_event(PER_USER, call(4_000), last)

    assert (event.span_id, event.session_id, event.user_id, event.service) == (last.span_id, "s-42", "u-7", "shop")
