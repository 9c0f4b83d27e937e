"""Still: what is said to be nothing to the rules is nothing to them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.calls import call
from submeter.evaluator import DEFAULT_RULES, Evaluator
from submeter.evaluator.per_call import CallRule
from submeter.evaluator.still import Still

WHOLE = ("stop",)
tokens = st.none() | st.integers(-5, 150_000)
limits = st.none() | st.sampled_from([0, 8_000, 100_000, 128_000])
reasons = st.lists(
    st.sampled_from(["stop", "length", "end_turn", "content_filter", "context_length_exceeded"]), max_size=2
)


@given(
    calls=st.lists(
        st.tuples(st.sampled_from(["chat", "embeddings"]), tokens, tokens, limits, limits, reasons, st.booleans()),
        max_size=8,
    )
)
def test_a_call_that_is_nothing_changes_nothing(
    calls: list[tuple[str, int | None, int | None, int | None, int | None, list[str], bool]],
) -> None:
    evaluator = Evaluator()
    for kind, prompt, output, window, largest, why, is_session in calls:
        is_still = evaluator.still.is_met(kind, (prompt, output), (window, largest), why)
        before = evaluator.snapshot()["rules"], evaluator.unknown_windows
        record = call(
            prompt if prompt is None else max(prompt, 0),
            output if output is None else max(output, 0),
            kind=kind,
            context_window=window,
            max_input_tokens=largest,
            finish_reasons=tuple(why),
            session_id="s-42" if is_session else "",
        )
        found = evaluator.observe(record)
        if is_still:
            assert found == []
            assert (evaluator.snapshot()["rules"], evaluator.unknown_windows) == before


def test_most_calls_are_nothing() -> None:
    still = Evaluator().still
    assert still.is_met("chat", (40_000, 8_999), (100_000, None), WHOLE)
    assert still.is_met("embeddings", (8, None), (None, None), ())
    assert not still.is_met("chat", (40_000, 9_000), (100_000, None), WHOLE)
    assert not still.is_met("chat", (40_000, 8_999), (100_000, 90_000), WHOLE)
    assert not still.is_met("chat", (1, 1), (None, None), WHOLE)
    assert not still.is_met("chat", (1, 1), (100_000, None), ("length",))
    assert not still.is_met("chat", (1.0, "1"), (100_000, None), WHOLE)


def test_a_small_call_is_something_where_a_full_one_came_before() -> None:
    evaluator = Evaluator()
    evaluator.observe(call(90_000, 10))
    assert not evaluator.still.is_met("chat", (1, 1), (100_000, None), WHOLE)


@pytest.mark.parametrize("kind", ["chat", "embeddings"])
def test_a_rule_that_is_not_one_of_the_defaults_sees_every_call(kind: str) -> None:
    still = Evaluator([*DEFAULT_RULES, CallRule(name="large", limit=10)]).still
    assert not still.is_met(kind, (1, 1), (100_000, None), WHOLE)
    assert Still([]).is_met(kind, (1, 1), (100_000, None), WHOLE)
