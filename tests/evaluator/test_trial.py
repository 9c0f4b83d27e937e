"""The tests of a rules file: they pass when exactly the expected warnings come."""

from __future__ import annotations

import pytest

from submeter.evaluator.rulefile import RuleFileError, parsed, rules_of
from submeter.evaluator.trial import Outcome, tried

RULES = """
limits:
  - {name: user_daily, per: user, limit: 10k}
tests:
  - name: NAME
    calls: CALLS
    expect: EXPECT
"""


def outcome(calls: str, expect: str) -> Outcome:
    text = RULES.replace("NAME", "a test").replace("CALLS", calls).replace("EXPECT", expect)
    (found,) = tried(rules_of(text), parsed(text).tests)
    return found


def test_a_test_passes_when_exactly_the_expected_warnings_come() -> None:
    found = outcome(
        "[{user: u-7, input_tokens: 1000, times: 10}]",
        "[{rule: user_daily, threshold: 80, subject: u-7}, {rule: user_daily, type: limit_reached}]",
    )

    assert found == Outcome("a test", (), ())
    assert found.is_passed


def test_what_did_not_come_and_what_came_unasked_are_told() -> None:
    found = outcome("[{user: u-7, input_tokens: 9000}]", "[{rule: user_daily, threshold: 100}]")

    assert not found.is_passed
    assert found.missing == ("rule user_daily, threshold 100.0",)
    assert [text.partition(":")[0] for text in found.unexpected] == ["user_daily 80"]


def test_nothing_expected_means_nothing_may_come() -> None:
    assert outcome("[{user: u-7, input_tokens: 7000}]", "[]").is_passed
    assert not outcome("[{user: u-7, input_tokens: 8000}]", "[]").is_passed


def test_calls_may_be_set_in_time() -> None:
    calls = "[{user: u, input_tokens: 9000, at: 2026-03-01T23:59:59Z}, {user: u, input_tokens: 9000}]"

    assert outcome(calls, "[{rule: user_daily, window: 2026-03-01}, {rule: user_daily, window: 2026-03-02}]").is_passed


def test_a_wrong_test_is_an_error_of_the_file() -> None:
    with pytest.raises(RuleFileError, match=r"line 6: tests\[0\]\.calls\[0\]\.tokens: there is no such key"):
        outcome("[{tokens: 5}]", "[]")
