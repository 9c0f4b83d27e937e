"""Anthropic's answers in all their forms: counted as they say, snapshots never summed, placeholders never believed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from instrumentation import streams, whole
from instrumentation.anthropic_dialects import MESSAGES, told
from instrumentation.dialect import sse
from instrumentation.host import Host, watched
from instrumentation.transport import document, events
from metering import metered, usage_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from metering import Metering

pytestmark = pytest.mark.usefixtures("clean_gc")

MODES = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])

START, STOP = MESSAGES.pieces[0], told("message_stop")
STARTED = MESSAGES.started


def delta(reason: str | None = "end_turn", **usage: object) -> bytes:
    """The event that states the usage so far."""
    return told("message_delta", delta={"stop_reason": reason, "stop_sequence": None}, usage=usage)


STREAMS: dict[str, tuple[list[bytes], Mapping[str, int], tuple[str, ...]]] = {
    "usage so far, several times": (
        [START, delta(None, output_tokens=4), delta(None, output_tokens=9), delta(output_tokens=17), STOP],
        MESSAGES.truth,
        ("end_turn",),
    ),
    "the input again, and grown": (
        [
            START,
            delta(input_tokens=40, cache_read_input_tokens=3, cache_creation_input_tokens=5, output_tokens=17),
            STOP,
        ],
        {**MESSAGES.truth, "input_tokens": 48},
        ("end_turn",),
    ),
    "nulls leave what was said": (
        [START, delta(input_tokens=None, cache_read_input_tokens=None, output_tokens=17), STOP],
        MESSAGES.truth,
        ("end_turn",),
    ),
    "thinking is part of the output": (
        [START, delta(output_tokens=17, output_tokens_details={"thinking_tokens": 11}), STOP],
        {**MESSAGES.truth, "reasoning.output_tokens": 11},
        ("end_turn",),
    ),
    "no last word": ([START, STOP], STARTED, ("error",)),
    "cut off by the limit": (
        [START, delta("max_tokens", output_tokens=64), STOP],
        {**STARTED, "output_tokens": 64},
        ("max_tokens",),
    ),
    "no output at all": (
        [START, delta("refusal", output_tokens=0), STOP],
        {**STARTED, "output_tokens": 0},
        ("refusal",),
    ),
    "pings in between": (
        [sse({"type": "ping"}, "ping"), START, sse({"type": "ping"}, "ping"), delta(output_tokens=17)],
        MESSAGES.truth,
        ("end_turn",),
    ),
    "events of tomorrow": (
        [START, told("quantum_leap", usage={"qubits": 3}), delta(output_tokens=17), STOP],
        MESSAGES.truth,
        ("end_turn",),
    ),
    "an event whose delta is null": (
        [START, told("message_delta", delta=None, usage={"output_tokens": 17}), STOP],
        MESSAGES.truth,
        (),
    ),
    "a message that is null": (
        [told("message_start", message=None), delta(output_tokens=17), STOP],
        {"output_tokens": 17},
        ("end_turn",),
    ),
    "an input in text": (
        [START, delta(input_tokens="many", output_tokens=17), STOP],
        {name: count for name, count in MESSAGES.truth.items() if name != "input_tokens"},
        ("end_turn",),
    ),
    "cached input in text, and less than nothing": (
        [START, delta(cache_read_input_tokens="few", cache_creation_input_tokens=-5, output_tokens=17), STOP],
        {"input_tokens": 25, "output_tokens": 17},
        ("end_turn",),
    ),
    "nothing": ([], {}, ()),
}


@MODES
@pytest.mark.parametrize("name", STREAMS)
def test_a_stream(name: str, is_async: bool) -> None:
    pieces, counts, reasons = STREAMS[name]
    for play in (streams.drained, streams.streaming_response_stream_by_lines):
        bare = watched(play, Host(MESSAGES, [events(pieces)], is_async=is_async))
        with metered() as metering:
            assert watched(play, Host(MESSAGES, [events(pieces)], is_async=is_async)) == bare
            (span,) = metering.ended()
            attributes: Any = span.attributes
            assert usage_of(span) == counts, play.__name__
            assert tuple(attributes.get("gen_ai.response.finish_reasons", ())) == reasons


def test_cache_writes_are_told_by_lifetime(metering: Metering) -> None:
    Host(MESSAGES, [MESSAGES.document()], is_async=False).calls.create(**MESSAGES.request)
    attributes: Any = metering.ended()[0].attributes
    assert attributes["anthropic.usage.cache_creation.ephemeral_5m_input_tokens"] == 5
    assert attributes["anthropic.usage.cache_creation.ephemeral_1h_input_tokens"] == 0


def test_input_tokens_include_what_was_cached_in_metrics_too(metering: Metering) -> None:
    Host(MESSAGES, [MESSAGES.document()], is_async=False).calls.create(**MESSAGES.request)
    assert metering.total("gen_ai.client.inference.usage.input_tokens") == 33
    assert metering.total("gen_ai.client.inference.usage.cache_read.input_tokens") == 3
    assert metering.total("gen_ai.client.inference.usage.cache_write.input_tokens") == 5


def test_tools_from_a_generator_reach_the_provider(metering: Metering) -> None:
    tools = [{"name": "find", "input_schema": {"type": "object"}}]
    host = Host(MESSAGES, [MESSAGES.document()], is_async=False)
    host.calls.create(**MESSAGES.request, tools=(tool for tool in tools))
    assert json.loads(host.transport.bodies[0])["tools"] == tools


def test_an_answer_that_the_host_reads_twice_has_its_cached_input_added_once(metering: Metering) -> None:
    host = Host(MESSAGES, [MESSAGES.document()], is_async=False)
    with host.streaming_response(**MESSAGES.request) as response:
        for _ in range(3):
            response.read()
            for _ in response.iter_bytes():
                pass
    assert [usage_of(span) for span in metering.ended()] == [MESSAGES.truth]


@pytest.mark.parametrize("is_stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize(
    ("model", "billed", "tier", "usd"),
    [
        ("claude-opus-5", {"speed": "fast"}, "fast", (1000 * 10 + 200 * 50) / 1e6),
        ("claude-opus-5", {"speed": "standard"}, "standard", (1000 * 5 + 200 * 25) / 1e6),
        ("claude-opus-5", {"speed": None, "inference_geo": None}, "standard", (1000 * 5 + 200 * 25) / 1e6),
        ("claude-opus-5", {"inference_geo": "us"}, "standard-us", (1000 * 5.5 + 200 * 27.5) / 1e6),
        ("claude-opus-5", {"speed": "fast", "inference_geo": "us"}, "fast-us", (1000 * 11 + 200 * 55) / 1e6),
        ("claude-opus-5", {"inference_geo": "global"}, "standard", (1000 * 5 + 200 * 25) / 1e6),
        ("claude-opus-5", {"inference_geo": "not_available"}, "standard", (1000 * 5 + 200 * 25) / 1e6),
        ("claude-opus-5", {"inference_geo": ["us"]}, "standard", (1000 * 5 + 200 * 25) / 1e6),
        ("claude-haiku-4-5", {"inference_geo": "us"}, "standard-us", (1000 * 1 + 200 * 5) / 1e6),
        ("claude-haiku-4-5", {"speed": "fast"}, "fast", None),
    ],
)
def test_a_fast_answer_costs_what_that_costs_and_so_does_one_of_a_dearer_place(
    model: str, billed: dict[str, Any], tier: str, usd: float | None, is_stream: bool, metering: Metering
) -> None:
    """The last: a model that has no such price in the table."""
    usage = {"input_tokens": 1000, "output_tokens": 200, "service_tier": "standard", **billed}
    message = {**MESSAGES.answer, "model": model, "usage": usage}
    end = told("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 200, **billed})
    reply = events([told("message_start", message=message), end, STOP]) if is_stream else document(message)
    host = Host(MESSAGES, [reply], is_async=False)
    play = streams.drained if is_stream else whole.plain
    host.dialect = replace(MESSAGES, request={**MESSAGES.request, "model": model})
    watched(play, host)
    (span,) = metering.ended()
    attributes = dict(span.attributes or {})
    assert attributes["submeter.service_tier"] == tier
    cost = attributes.get("submeter.cost.usd")
    assert cost == (None if usd is None else pytest.approx(usd))
