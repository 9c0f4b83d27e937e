"""The truncation rule tells a full window from a limit that the caller set."""

from __future__ import annotations

from typing import Any

import pytest

from evaluator.calls import DAY_NS, NOON_NS, call
from submeter.evaluator import Evaluator
from submeter.evaluator.truncation import TruncationRule
from submeter.usage import Usage


def truncated(*args: int | None, **fields: Any) -> bool:
    return bool(Evaluator([TruncationRule()]).observe(call(*args, **fields)))


@pytest.mark.parametrize("reason", ["length", "max_tokens", "MAX_TOKENS", "max_output_tokens"])
def test_an_answer_cut_where_the_window_ends_is_truncated(reason: str) -> None:
    assert truncated(90_000, 10_000, finish_reasons=(reason,))
    assert truncated(90_000, 9_995, finish_reasons=(reason,))


def test_an_answer_cut_by_the_callers_own_limit_is_not() -> None:
    assert not truncated(90_000, 4_096, finish_reasons=("length",))
    assert not truncated(90_000, 9_900, finish_reasons=("max_tokens",))


def test_an_answer_that_ended_by_itself_is_not_even_in_a_full_window() -> None:
    assert not truncated(90_000, 10_000, finish_reasons=("stop",))


def test_a_reason_that_names_the_window_needs_no_known_window() -> None:
    assert truncated(90_000, 10, finish_reasons=("model_context_window_exceeded",), context_window=None)


def test_a_cut_answer_of_an_unknown_window_proves_nothing() -> None:
    assert not truncated(90_000, 10_000, finish_reasons=("length",), context_window=None)


def test_a_failed_call_without_usage_fires_nothing() -> None:
    assert not truncated(None, None, finish_reasons=("length",))


def test_it_fires_once_per_session_model_and_day() -> None:
    evaluator = Evaluator([TruncationRule()])

    def again(**fields: Any) -> int:
        return len(evaluator.observe(call(90_000, 10_000, finish_reasons=("length",), **fields)))

    assert [again(), again(), again(session_id="other"), again(at_ns=NOON_NS + DAY_NS)] == [1, 0, 1, 1]


def test_the_event_is_critical_and_says_what_to_do() -> None:
    (event,) = Evaluator([TruncationRule()]).observe(call(90_000, 10_000, finish_reasons=("length",)))

    assert (event.type, event.severity, event.suggested_action) == (
        "context_truncated",
        "critical",
        "start_new_session",
    )
    assert event.message == (
        "Session s-42: the answer of gpt-5-2025-08-07 broke off because its context window of 100,000 tokens was "
        "full (90,000 in, 10,000 out). Start a new session or summarise the history."
    )


def test_the_last_of_several_requests_is_what_fills_the_window() -> None:
    small, full = Usage(input_tokens=20_000, output_tokens=4_096), Usage(input_tokens=95_000, output_tokens=5_000)
    assert not truncated(300_000, 9_000, finish_reasons=("max_tokens",), in_window=small)
    assert truncated(300_000, 9_000, finish_reasons=("max_tokens",), in_window=full)
