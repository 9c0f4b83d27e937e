"""The conversation rule: prompts that stay long, and the forecast of when the window is full."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.calls import call
from submeter.evaluator import Evaluator
from submeter.evaluator.conversation import ConversationRule, turns_left
from submeter.usage import Usage


def told(evaluator: Evaluator, *prompts: int, output: int = 0, **fields: Any) -> list[tuple[int, str]]:
    """Index of the call and severity for every event; prompts in thousands of 100,000 tokens."""
    return [
        (number, event.severity)
        for number, prompt in enumerate(prompts, 1)
        for event in evaluator.observe(call(prompt * 1000, output, **fields))
    ]


def patient() -> Evaluator:
    """Without forecasts."""
    return Evaluator([ConversationRule(turns=0)])


def test_the_fifth_prompt_in_a_row_over_80_percent_fires_once() -> None:
    assert told(patient(), 81, 82, 83, 84, 85, 86, 87) == [(5, "warning")]


def test_a_prompt_of_exactly_80_percent_is_not_over_it() -> None:
    assert told(patient(), 80, 82, 83, 84, 85) == []


def test_a_shorter_prompt_in_between_starts_the_count_anew() -> None:
    assert told(patient(), 81, 82, 83, 84, 70, 81, 82, 83, 84, 85) == [(10, "warning")]


def test_small_calls_beside_the_conversation_do_not_break_the_row() -> None:
    assert told(patient(), 81, 1, 82, 1, 83, 1, 84, 1, 85) == [(9, "warning")]


def test_a_second_filling_is_told_again() -> None:
    row = (81, 82, 83, 84, 85)

    assert told(patient(), *row, 10, *row) == [(5, "warning"), (11, "warning")]


def test_the_smaller_of_window_and_largest_input_counts() -> None:
    evaluator = patient()

    assert told(evaluator, *(50, 51, 52, 53, 54), max_input_tokens=60_000) == [(5, "warning")]


def test_steady_growth_is_forecast_with_its_method() -> None:
    evaluator = Evaluator([ConversationRule()])
    events = [
        e
        for p in (58_000, 62_000, 66_000, 70_000, 74_000, 78_000, 82_000, 83_000)
        for e in evaluator.observe(call(p, 1000))
    ]

    assert [(e.severity, e.current, e.limit) for e in events] == [("info", 83_000, 100_000)]
    assert events[0].message == (
        "Session s-42: 83,000 of the 100,000 tokens that gpt-5-2025-08-07 holds are used; about 5 more turns fill "
        "it, at 4,000 tokens a turn (mean growth of the last 5 prompts). Plan to summarise the history or to start "
        "a new session."
    )


def test_forecast_and_row_at_once_are_one_event() -> None:
    evaluator = Evaluator([ConversationRule(turns=5)])

    assert told(evaluator, 81, 81, 81, 81, 82) == [(5, "warning")]


def test_a_session_without_growth_is_never_forecast() -> None:
    assert told(Evaluator([ConversationRule()]), 70, 70, 70, 70, 70, 70) == []


@pytest.mark.parametrize(
    "fields",
    [{"session_id": ""}, {"kind": "embeddings"}, {"context_window": None}],
    ids=["no session", "embeddings", "window unknown"],
)
def test_calls_that_are_no_conversation_are_left_alone(fields: dict[str, Any]) -> None:
    assert told(Evaluator([ConversationRule()]), 90, 91, 92, 93, 94, 95, **fields) == []


def test_events_sent_by_another_process_are_not_sent_again() -> None:
    first = patient()
    sent = [e.id for p in (81, 82, 83, 84, 85) for e in first.observe(call(p * 1000))]
    evaluator = patient()
    evaluator.remember(sent)

    assert told(evaluator, 81, 82, 83, 84, 85, 86) == []


@pytest.mark.parametrize(
    ("prompts", "current", "expected"),
    [
        ((10, 20), 20, None),
        ((10, 20, 30), 30, 7),
        ((10, 20, 30), 99, 1),
        ((10, 20, 30), 120, 1),
        ((30, 20, 10), 10, None),
        ((10, 10, 10), 10, None),
    ],
)
def test_turns_left_follow_the_mean_growth(prompts: list[int], current: int, expected: int | None) -> None:
    assert turns_left(prompts, current, 100) == expected


@given(st.lists(st.integers(1, 10_000), min_size=3, max_size=8), st.integers(1, 100_000))
def test_the_forecast_is_the_first_turn_at_which_a_straight_line_is_full(prompts: list[int], limit: int) -> None:
    left = turns_left(prompts, prompts[-1], limit)
    growth = (prompts[-1] - prompts[0]) / (len(prompts) - 1)

    if left is None:
        assert growth <= 0
    elif prompts[-1] < limit:
        assert prompts[-1] + (left - 1) * growth < limit + 1e-6
        assert prompts[-1] + left * growth >= limit - 1e-6


@pytest.mark.parametrize("wrong", [{"prompts": 0}, {"percentage": 0}, {"percentage": 101}, {"turns": -1}])
def test_impossible_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="rule 'conversation_too_long'"):
        ConversationRule(**wrong)


def test_calls_of_several_requests_count_by_the_last_of_each() -> None:
    evaluator = Evaluator([ConversationRule(turns=2)])
    events = [
        event
        for prompt in (60_000, 70_000, 80_000)
        for event in evaluator.observe(call(9 * prompt, in_window=Usage(input_tokens=prompt, output_tokens=1_000)))
    ]
    assert [(event.severity, event.current) for event in events] == [("info", 81_000)]
    assert "81,000 of the 100,000 tokens" in events[0].message
