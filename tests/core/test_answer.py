"""Answers: usage in a stream is a snapshot. The last word on each count holds, whatever came how often."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submeter.core.answer import Answer
from submeter.core.endpoint import counts_of, dig, fields_of, included, summed
from submeter.instrumentation.anthropic import MESSAGES
from submeter.instrumentation.openai import CHAT, FETCHED_RESPONSE, RESPONSE
from submeter.usage import usage_of

COUNT = st.one_of(st.none(), st.integers(0, 999))
CHAT_USAGE = st.fixed_dictionaries(
    {},
    optional={
        "prompt_tokens": COUNT,
        "completion_tokens": COUNT,
        "prompt_tokens_details": st.none() | st.fixed_dictionaries({}, optional={"cached_tokens": COUNT}),
        "completion_tokens_details": st.none() | st.fixed_dictionaries({}, optional={"reasoning_tokens": COUNT}),
    },
)
MESSAGE_USAGE = st.fixed_dictionaries(
    {},
    optional={
        "input_tokens": COUNT,
        "output_tokens": COUNT,
        "cache_read_input_tokens": COUNT,
        "cache_creation_input_tokens": COUNT,
    },
)
PATHS = {
    "input_tokens": ("prompt_tokens",),
    "output_tokens": ("completion_tokens",),
    "cache_read_tokens": ("prompt_tokens_details", "cached_tokens"),
    "reasoning_tokens": ("completion_tokens_details", "reasoning_tokens"),
}
MESSAGE_PATHS = {
    "input_tokens": ("input_tokens",),
    "output_tokens": ("output_tokens",),
    "cache_read_tokens": ("cache_read_input_tokens",),
    "cache_write_tokens": ("cache_creation_input_tokens",),
}


def last_words(usages: list[dict[str, Any]], paths: dict[str, tuple[str, ...]]) -> dict[str, int]:
    found = dict[str, int]()
    for usage in usages:
        for name, path in paths.items():
            if dig(usage, path) is not None:
                found[name] = dig(usage, path)
    return found


class Model:
    """A chunk as an SDK gives it: fields in `__dict__`."""

    def __init__(self, fields: dict[str, Any]) -> None:
        for name, value in fields.items():
            self.__dict__[name] = Model(cast("Any", value)) if isinstance(value, dict) else value


@given(st.lists(CHAT_USAGE, max_size=6), st.lists(st.booleans(), max_size=6), st.booleans())
def test_the_last_word_on_each_count_of_a_chat_stream_holds(
    usages: list[dict[str, Any]], blanks: list[bool], is_model: bool
) -> None:
    answer = Answer(CHAT)
    chunks: list[dict[str, Any]] = [{"id": "c", "choices": [], "usage": usage} for usage in usages]
    for place, is_before in enumerate(blanks):
        chunks.insert(0 if is_before else place, {"id": "c", "choices": [], "usage": None})
    for chunk in chunks:
        answer.observe(Model(chunk) if is_model else chunk)
    assert answer.counts == last_words(usages, PATHS)


@given(MESSAGE_USAGE, st.lists(MESSAGE_USAGE, max_size=5), st.integers(1, 3))
def test_the_last_word_on_each_count_of_a_message_holds_and_the_placeholder_is_none(
    start: dict[str, Any], later: list[dict[str, Any]], times: int
) -> None:
    answer = Answer(MESSAGES)
    answer.observe({"type": "message_start", "message": {"id": "m", "usage": start}})
    for usage in later:
        for _ in range(times):
            answer.observe({"type": "message_delta", "delta": {"stop_reason": None}, "usage": usage})
            answer.observe({"type": "content_block_delta", "index": 0, "delta": {"text": "x"}})
    believed = {name: count for name, count in start.items() if name != "output_tokens"}
    assert answer.counts == last_words([believed, *later], MESSAGE_PATHS)


@given(st.integers(0, 999), st.integers(0, 999))
def test_a_response_counts_its_last_envelope(asked: int, answered: int) -> None:
    answer = Answer(RESPONSE)
    usage = {"input_tokens": asked, "output_tokens": answered}
    answer.observe({"type": "response.created", "response": {"id": "r", "status": "in_progress", "usage": None}})
    answer.observe({"type": "response.output_text.delta", "delta": "x"})
    answer.observe({"type": "response.completed", "response": {"id": "r", "status": "completed", "usage": usage}})
    assert answer.counts == usage
    assert answer.reasons() == ("stop",)


@pytest.mark.parametrize(
    ("details", "reason"),
    [
        ({"reason": "max_output_tokens"}, "length"),
        ({"reason": "content_filter"}, "content_filter"),
        ({"reason": None}, "incomplete"),
        (None, "incomplete"),
        ("a text", "incomplete"),
    ],
)
def test_a_response_that_is_incomplete_says_why_where_it_is_told(details: object, reason: str) -> None:
    answer = Answer(RESPONSE)
    answer.read({"id": "r", "status": "incomplete", "incomplete_details": details})
    assert answer.reasons() == (reason,)


@pytest.mark.parametrize("status", [None, 7, ["completed"], {"completed": 1}])
def test_a_response_counts_whatever_stands_for_its_status(status: Any) -> None:
    usage = {"input_tokens": 3, "output_tokens": 2}
    for endpoint in (RESPONSE, FETCHED_RESPONSE):
        answer = Answer(endpoint)
        answer.read({"id": "r", "status": status, "background": True, "usage": usage})
        assert answer.counts == usage
        assert answer.reasons() == ()


def test_finish_reasons_are_in_the_order_of_the_choices() -> None:
    answer = Answer(CHAT)
    for index, reason in ((2, "stop"), (0, "length"), (1, "tool_calls")):
        answer.observe({"choices": [{"index": index, "finish_reason": None}]})
        answer.observe({"choices": [{"index": index, "finish_reason": reason}]})
    assert answer.reasons() == ("length", "tool_calls", "stop")


def test_time_between_chunks_needs_two() -> None:
    answer = Answer(CHAT)
    assert answer.seconds_per_chunk() is None
    answer.observe({})
    assert answer.seconds_per_chunk() is None
    answer.observe({})
    answer.observe({})
    answer.first_ns, answer.last_ns = 0, 3_000_000_000
    assert answer.seconds_per_chunk() == 1.5


@given(COUNT, COUNT, COUNT)
def test_an_input_count_that_leaves_out_the_cache_gets_it_added(
    plain: int | None, read: int | None, written: int | None
) -> None:
    counts: dict[str, int | None] = {"input_tokens": plain, "cache_read_tokens": read, "cache_write_tokens": written}
    included(counts)
    assert counts["input_tokens"] == (None if plain is None else plain + (read or 0) + (written or 0))


@given(st.integers(0, 999), COUNT, COUNT, COUNT)
def test_what_was_written_for_five_minutes_and_for_an_hour_are_parts_of_what_was_written(
    plain: int, read: int | None, short: int | None, long: int | None
) -> None:
    written = (short or 0) + (long or 0)
    answer = Answer(MESSAGES)
    said = {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long}
    counted = {"input_tokens": plain, "output_tokens": 1, "cache_read_input_tokens": read}
    answer.read({"usage": {**counted, "cache_creation_input_tokens": written, "cache_creation": said}})
    included(answer.counts)
    usage = usage_of(answer.counts)
    assert usage.input_tokens == plain + (read or 0) + written
    assert (usage.cache_write_5m_tokens, usage.cache_write_1h_tokens) == (short, long)
    assert not usage.is_inconsistent


def test_fields_are_read_alike_from_models_dictionaries_and_whatever_has_attributes() -> None:
    class Slotted:
        __slots__ = ()

    class Named(dict[str, Any]):
        pass

    assert fields_of({"a": 1}) == fields_of(Model({"a": 1})) == fields_of(Named(a=1)) == {"a": 1}
    for other in (None, 5, "text", [1], Slotted()):
        assert fields_of(other) == {}
    assert dig({"a": Model({"b": {"c": 7}})}, ("a", "b", "c")) == 7
    assert dig({"a": None}, ("a", "b", "c")) is None


def test_whole_floats_are_counts_and_others_are_left_to_be_refused() -> None:
    counts = dict[str, int | None]()
    counts_of({"prompt_tokens": 7.0, "completion_tokens": 1.5}, CHAT.plan, counts)
    assert counts == {"input_tokens": 7, "output_tokens": 1.5}


def test_counts_beside_a_total_are_added_to_it_and_nothing_stays_nothing() -> None:
    counts: dict[str, int | None] = {
        "output_tokens": 4,
        "reasoning_tokens": 3,
        "thoughts": 2,
        "cache_read_tokens": None,
    }
    summed(counts, {"output_tokens": ("reasoning_tokens", "thoughts"), "input_tokens": ("cache_read_tokens",)})
    assert counts == {"output_tokens": 9, "reasoning_tokens": 3, "cache_read_tokens": None}
