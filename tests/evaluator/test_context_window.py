"""The context window rule: which calls fire, which do not, and what the event says."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.calls import DAY_NS, NOON_NS, call
from submeter.evaluator import Evaluator, WarningEvent
from submeter.evaluator.context_window import RUNGS, ContextWindowRule
from submeter.evaluator.ladder import Rung
from submeter.usage import Usage


def watcher() -> Evaluator:
    return Evaluator([ContextWindowRule()])


def fired(evaluator: Evaluator, *prompts: int) -> list[tuple[float, str]]:
    """Threshold and window of every event of a session with these prompts, in thousands of 100,000 tokens."""
    return [(event.threshold, event.window) for prompt in prompts for event in evaluator.observe(call(prompt * 1000))]


LANE = "gpt-5-2025-08-07"


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (69_999, None),
        (70_000, (70, "info", "approaching_limit", "consider_new_session")),
        (84_999, (70, "info", "approaching_limit", "consider_new_session")),
        (85_000, (85, "warning", "approaching_limit", "summarise_history")),
        (95_000, (95, "critical", "at_limit", "start_new_session")),
        (130_000, (95, "critical", "at_limit", "start_new_session")),
    ],
)
def test_a_call_fires_the_highest_threshold_it_reaches(tokens: int, expected: object) -> None:
    events = watcher().observe(call(tokens))

    assert [(e.threshold, e.severity, e.type, e.suggested_action) for e in events] == ([expected] if expected else [])


def test_input_and_output_fill_the_window_together() -> None:
    (event,) = watcher().observe(call(60_000, 12_345))

    assert (event.current, event.limit, event.remaining, event.percentage) == (72_345, 100_000, 27_655, 72.34)


def test_each_threshold_fires_once_in_a_session() -> None:
    assert fired(watcher(), 70, 71, 84, 86, 87, 96, 99) == [
        (70, f"{LANE}#1"),
        (85, f"{LANE}#1"),
        (95, f"{LANE}#1"),
    ]


def test_thresholds_that_were_jumped_over_count_as_fired() -> None:
    evaluator = watcher()

    assert [t for t, _ in fired(evaluator, 90)] == [85]
    assert fired(evaluator, 75, 80) == []


def test_the_same_threshold_in_another_session_fires_again() -> None:
    evaluator = watcher()
    evaluator.observe(call(75_000, session_id="a"))

    assert [e.subject for e in evaluator.observe(call(75_000, session_id="b"))] == ["b"]


def test_a_filling_after_a_compaction_warns_again_under_its_own_number() -> None:
    assert fired(watcher(), 72, 88, 10, 30, 60, 75, 90) == [
        (70, f"{LANE}#1"),
        (85, f"{LANE}#1"),
        (70, f"{LANE}#2"),
        (85, f"{LANE}#2"),
    ]


def test_a_filling_straight_after_a_compaction_warns_again() -> None:
    assert fired(watcher(), 96, 5, 75) == [(95, f"{LANE}#1"), (70, f"{LANE}#2")]


def test_swinging_around_a_threshold_does_not_warn_again() -> None:
    assert fired(watcher(), 71, 69, 71, 60, 72, 50, 73) == [(70, f"{LANE}#1")]


def test_small_calls_between_the_turns_of_a_conversation_do_not_rearm() -> None:
    assert fired(watcher(), 72, 1, 73, 2, 1, 1, 74, 1, 76) == [(70, f"{LANE}#1")]


def test_a_second_model_in_the_session_has_its_own_window() -> None:
    evaluator = watcher()
    evaluator.observe(call(75_000))

    (event,) = evaluator.observe(call(30_000, response_model="small", context_window=40_000))

    assert (event.window, event.percentage) == ("small#1", 75)


def test_an_agents_own_history_is_a_window_of_its_own() -> None:
    evaluator = watcher()
    evaluator.observe(call(75_000, agent="planner"))

    (event,) = evaluator.observe(call(75_000, agent="writer"))

    assert event.window == f"writer/{LANE}#1"


def test_the_largest_input_speaks_when_it_is_the_fuller_limit() -> None:
    (event,) = watcher().observe(call(240_000, 5_000, context_window=400_000, max_input_tokens=272_000))

    assert (event.threshold, event.current, event.limit) == (85, 240_000, 272_000)
    assert "largest input" in event.message


def test_the_total_window_speaks_when_the_output_fills_it() -> None:
    (event,) = watcher().observe(call(170_000, 120_000, context_window=400_000, max_input_tokens=272_000))

    assert (event.threshold, event.limit) == (70, 400_000)


def test_a_model_with_a_known_largest_input_alone_is_watched_by_it() -> None:
    (event,) = watcher().observe(call(80_000, 50_000, context_window=None, max_input_tokens=100_000))

    assert (event.current, event.limit) == (80_000, 100_000)


def test_an_unknown_window_fires_nothing_and_is_counted() -> None:
    evaluator = watcher()

    assert evaluator.observe(call(999_999, context_window=None)) == []
    assert evaluator.observe(call(999_999, context_window=None)) == []
    assert evaluator.unknown_windows == 2


def test_a_failed_call_without_usage_fires_nothing_and_is_not_counted() -> None:
    evaluator = watcher()

    assert evaluator.observe(call(None, None, error_type="APITimeoutError")) == []
    assert evaluator.unknown_windows == 0


def test_embeddings_have_no_conversation_to_fill() -> None:
    assert watcher().observe(call(99_000, kind="embeddings")) == []


@pytest.mark.parametrize(
    ("usage", "sentence"),
    [
        (Usage(input_tokens=80_000, estimated="tiktoken:o200k_base"), "The count is estimated (tiktoken:o200k_base)."),
        (Usage(input_tokens=80_000, is_partial=True), "The count is partial: the answer broke off."),
    ],
)
def test_doubtful_counts_are_said_to_be_doubtful(usage: Usage, sentence: str) -> None:
    (event,) = watcher().observe(call(usage=usage))

    assert event.message.endswith(sentence)


def test_the_message_reads_as_a_sentence() -> None:
    (event,) = watcher().observe(call(80_000, 6_000))

    assert event.message == (
        "Session s-42: 86 % of the context window of gpt-5-2025-08-07 is full (86,000 of 100,000 tokens, "
        "14,000 left). Summarise or drop old messages soon."
    )


def test_the_event_carries_the_calls_ids() -> None:
    record = call(80_000)
    (event,) = watcher().observe(record)

    assert (event.trace_id, event.span_id, event.at_ns) == (record.trace_id, record.span_id, record.ended_ns)
    assert (event.session_id, event.user_id, event.provider, event.model, event.service) == (
        "s-42",
        "u-7",
        "openai",
        "gpt-5-2025-08-07",
        "shop",
    )


def test_calls_without_a_session_warn_once_per_service_model_and_day() -> None:
    evaluator = watcher()
    days = [NOON_NS, NOON_NS, NOON_NS + DAY_NS]
    events = [e for at in days for e in evaluator.observe(call(75_000, session_id="", at_ns=at))]

    assert [(e.subject_kind, e.subject, e.window) for e in events] == [
        ("model", f"shop/{LANE}", "2026-10-09"),
        ("model", f"shop/{LANE}", "2026-10-10"),
    ]


def test_the_providers_conversation_stands_in_for_a_session() -> None:
    (event,) = watcher().observe(call(75_000, session_id="", conversation_id="conv_1"))

    assert (event.subject_kind, event.subject, event.session_id) == ("session", "conv_1", "conv_1")


def test_events_sent_by_another_process_are_not_sent_again_nor_are_those_below() -> None:
    (sent,) = watcher().observe(call(90_000))
    evaluator = watcher()
    evaluator.remember([sent.id])

    assert fired(evaluator, 72, 86) == []
    assert fired(evaluator, 96) == [(95, f"{LANE}#1")]


def test_numbers_of_fillings_go_on_after_a_restart() -> None:
    first = watcher()
    sent = [e.id for p in (75, 5, 74) for e in first.observe(call(p * 1000))]
    evaluator = watcher()
    evaluator.remember(sent)

    assert fired(evaluator, 76) == []
    assert fired(evaluator, 5, 72) == [(70, f"{LANE}#3")]


def test_own_thresholds_replace_the_defaults() -> None:
    rule = ContextWindowRule(rungs=(Rung(50.0, "approaching_limit", "warning", "trim"),))
    (event,) = Evaluator([rule]).observe(call(51_000))

    assert (event.threshold, event.suggested_action) == (50, "trim")


@pytest.mark.parametrize("thresholds", [(), (0,), (-1,), (80, 70), (70, 70)])
def test_thresholds_that_do_not_ascend_are_refused(thresholds: tuple[float, ...]) -> None:
    rungs = tuple(Rung(t, "approaching_limit", "info", "") for t in thresholds)

    with pytest.raises(ValueError, match="rule 'mine': thresholds must be"):
        ContextWindowRule(name="mine", rungs=rungs)


@given(st.lists(st.integers(0, 130), max_size=60))
def test_whatever_the_prompts_no_threshold_fires_twice_in_a_filling(prompts: list[int]) -> None:
    events = fired(watcher(), *prompts)

    assert len(events) == len(set(events))
    assert bool(events) == any(p >= RUNGS[0].threshold for p in prompts)
    numbers = [int(re.split("#", window)[1]) for _, window in events]
    assert numbers == sorted(numbers)
    for number in set(numbers):
        thresholds = [t for t, window in events if window == f"{LANE}#{number}"]
        assert thresholds == sorted(thresholds)


@given(st.lists(st.integers(0, 130), max_size=30))
def test_a_growing_conversation_never_restarts(growth: list[int]) -> None:
    prompts = sorted(growth)

    assert {window for _, window in fired(watcher(), *prompts)} <= {f"{LANE}#1"}


@given(st.integers(1, 2_000_000), st.integers(0, 2_000_000), st.integers(0, 100_000))
def test_current_and_remaining_always_make_the_limit_or_overshoot(window: int, prompt: int, answer: int) -> None:
    for event in watcher().observe(call(prompt, answer, context_window=window)):
        assert isinstance(event, WarningEvent)
        assert event.remaining == max(window - prompt - answer, 0)
        assert event.percentage >= event.threshold - 0.01


def test_a_call_of_several_requests_fills_the_window_by_its_last() -> None:
    evaluator = watcher()
    assert evaluator.observe(call(300_000, 9_000, in_window=Usage(input_tokens=40_000, output_tokens=900))) == []
    (event,) = evaluator.observe(call(300_000, 9_000, in_window=Usage(input_tokens=85_000, output_tokens=900)))
    assert (event.threshold, event.current) == (85, 85_900)
    # After a small call in between, the next is larger than that one, and so of the same filling.
    assert [event.window for size in (1_000, 96_000) for event in evaluator.observe(call(size))] == [f"{LANE}#1"]
