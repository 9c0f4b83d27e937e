"""Requests that Anthropic makes within a message: they are stated beside its usage and billed, so each is a call."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

import submeter
from instrumentation.anthropic_dialects import told
from instrumentation.played import client, drained, waited
from metering import metered, usage_of

if TYPE_CHECKING:
    from metering import Metering

pytestmark = pytest.mark.usefixtures("clean_gc")

MODES = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])

OWN = {"input_tokens": 23, "output_tokens": 10, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
ITERATIONS: list[Any] = [
    {**OWN, "type": "compaction", "input_tokens": 1_800, "output_tokens": 35, "cache_read_input_tokens": 200},
    {**OWN, "type": "message"},
    {**OWN, "type": "advisor_message", "model": "claude-opus-4-7", "input_tokens": 82, "output_tokens": 161},
    {**OWN, "type": "something_else", "model": "claude-opus-4-7"},
]
MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-4-5-20251001",
    "content": [],
    "stop_reason": "end_turn",
    "usage": {**OWN, "iterations": ITERATIONS},
}
STREAM = b"".join(
    (
        told("message_start", message={**MESSAGE, "stop_reason": None, "usage": {**OWN, "output_tokens": 1}}),
        told("message_delta", delta={"stop_reason": None}, usage={**OWN, "iterations": ITERATIONS[:1]}),
        told("message_delta", delta={"stop_reason": "end_turn"}, usage=MESSAGE["usage"]),
        told("message_stop"),
    )
)
NONE = {"cache_read.input_tokens": 0, "cache_write.input_tokens": 0}
TRUTH = [
    (
        "chat claude-haiku-4-5-20251001",
        {**NONE, "input_tokens": 2_000, "output_tokens": 35, "cache_read.input_tokens": 200},
    ),
    ("chat claude-opus-4-7", {**NONE, "input_tokens": 82, "output_tokens": 161}),
]


def played(*, is_async: bool, is_stream: bool, path: str = "beta") -> None:
    async def application() -> None:
        made = client("anthropic", {"post /v1/messages": STREAM if is_stream else MESSAGE}, is_async=is_async)
        messages = made.beta.messages if path == "beta" else made.messages
        asked: Any = {
            "model": "claude-haiku-4-5",
            "max_tokens": 64,
            "messages": [{"role": "user", "content": "Where?"}],
        }
        answer = await waited(messages.create(**asked, stream=is_stream))
        if is_stream:
            await drained(answer)

    asyncio.run(application())


@MODES
@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("path", ["messages", "beta"])
def test_each_is_a_call_beneath_the_message(is_async: bool, is_stream: bool, path: str) -> None:
    with metered() as metering:
        with submeter.session("s-1") as meter:
            played(is_async=is_async, is_stream=is_stream, path=path)
        spans = metering.ended()
        (message,) = [span for span in spans if span.parent is None]
        beneath = [span for span in spans if span.parent is not None]
        assert usage_of(message) == {**NONE, "input_tokens": 23, "output_tokens": 10}
        assert [(span.name, usage_of(span)) for span in beneath] == TRUTH
        for span in beneath:
            told: Any = span.attributes
            assert span.parent is not None and span.parent.span_id == message.context.span_id  # pyright: ignore[reportOptionalMemberAccess]  # noqa: PT018
            assert (
                (message.start_time or 0) <= (span.start_time or 0) <= (span.end_time or 0) <= (message.end_time or 0)
            )
            assert told["session.id"] == "s-1"
            assert "submeter.usage.partial" not in told
        assert (beneath[1].attributes or {})["submeter.cost.usd"] == pytest.approx((82 * 5 + 161 * 25) / 1e6)
        assert meter.usage.input_tokens == 23 + 2_000 + 82
        assert metering.total("gen_ai.client.inference.usage.input_tokens") == 23 + 2_000 + 82
        assert len(metering.points("gen_ai.client.inference.duration")) == 1


def test_those_of_a_batch_have_the_price_of_batches(metering: Metering) -> None:
    line = {"custom_id": "r1", "result": {"type": "succeeded", "message": MESSAGE}}
    batch = {
        "id": "b",
        "processing_status": "ended",
        "results_url": "https://api.anthropic.com/v1/messages/batches/b/results",
    }
    answers: Any = {"get /batches/b": batch, "get /batches/b/results": json.dumps(line).encode() + b"\n"}
    made = client("anthropic", answers)
    for _ in range(2):
        assert len(list(made.beta.messages.batches.results("b"))) == 1
    costs = [(span.attributes or {})["submeter.cost.usd"] for span in metering.ended() if span.parent is not None]
    haiku = 0.5 * (1_800 + 200 * 0.1 + 35 * 5) / 1e6
    assert costs == [pytest.approx(haiku), pytest.approx(0.5 * (82 * 5 + 161 * 25) / 1e6)]


@pytest.mark.parametrize("odd", [None, [], 5, {}, "text", [None, 3, {"type": "compaction"}]])
def test_odd_ones_cost_themselves(odd: Any, metering: Metering) -> None:
    answer = {**MESSAGE, "usage": {**OWN, "iterations": odd}}
    made = client("anthropic", {"post /v1/messages": answer})
    made.beta.messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": "x"}])
    assert [usage_of(span) for span in metering.ended() if usage_of(span)] == [
        {**NONE, "input_tokens": 23, "output_tokens": 10}
    ]


def _turn(kind: str, prompt: int, output: int, cached: int = 0) -> dict[str, Any]:
    return {**OWN, "type": kind, "input_tokens": prompt, "output_tokens": output, "cache_read_input_tokens": cached}


def _looped(*turns: dict[str, Any]) -> dict[str, Any]:
    """The usage of a message within which the provider ran tools: the sum of its turns."""
    summed = [turn for turn in turns if turn["type"] in ("message", "fallback_message")]
    return {**{name: sum(turn[name] for turn in summed) for name in OWN}, "iterations": [*turns]}


@pytest.mark.parametrize("is_stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("kind", ["message", "fallback_message"])
def test_what_fills_the_window_is_the_last_turn_of_a_loop(is_stream: bool, kind: str, metering: Metering) -> None:
    usage = _looped(
        _turn("message", 60_000, 500),
        _turn("message", 70_000, 600, 1_000),
        _turn(kind, 9_000, 1_000, 70_000),
        _turn("compaction", 180_000, 9),
    )
    with submeter.session("s-1") as meter:
        _asked_of({**MESSAGE, "usage": usage}, is_stream=is_stream)
    message = next(span for span in metering.ended() if span.parent is None)
    told: Any = message.attributes
    assert (told["gen_ai.usage.input_tokens"], told["gen_ai.usage.output_tokens"]) == (210_000, 2_100)
    assert told["submeter.context.utilization"] == 80_000 / 200_000
    assert (told["submeter.context.input_tokens"], told["submeter.context.output_tokens"]) == (79_000, 1_000)
    assert {warning.rule for warning in meter.warnings} == {"context_window"}  # of the compaction, which has its own
    assert {warning.current for warning in meter.warnings} == {180_009}
    points = metering.points("submeter.context.utilization")
    assert 80_000 / 200_000 in {point.min for point in points}


def test_a_loop_whose_last_turn_fills_the_window_warns_of_that(metering: Metering) -> None:
    with submeter.session("s-1") as meter:
        _asked_of({**MESSAGE, "usage": _looped(_turn("message", 100_000, 1), _turn("message", 170_000, 2_000))})
    (warning,) = meter.warnings
    assert (warning.threshold, warning.current, warning.limit) == (85, 172_000, 200_000)
    assert metering.total("gen_ai.client.inference.usage.input_tokens") == 270_000


@pytest.mark.parametrize(("last", "rates"), [(99_990, (0.1, 0.5)), (100_010, (0.5, 2.5))])
def test_the_price_is_that_of_the_last_turn_and_not_of_their_sum(
    last: int, rates: tuple[float, float], metering: Metering
) -> None:
    usage = _looped(_turn("message", 60_000, 500), _turn("message", last, 20))
    _asked_of({**MESSAGE, "model": "claude-haiku-5-5", "usage": usage})
    (span,) = metering.ended()
    cost = ((60_000 + last) * rates[0] + 520 * rates[1]) / 1e6
    assert (span.attributes or {})["submeter.cost.usd"] == pytest.approx(cost)


def test_a_message_of_one_turn_says_no_more_of_its_window(metering: Metering) -> None:
    _asked_of({**MESSAGE, "usage": _looped(_turn("message", 60_000, 500))})
    (span,) = metering.ended()
    assert (span.attributes or {})["submeter.context.utilization"] == 60_500 / 200_000
    assert "submeter.context.input_tokens" not in (span.attributes or {})


def _asked_of(message: dict[str, Any], *, is_stream: bool = False) -> None:
    start = {**message, "stop_reason": None, "usage": {**OWN, "output_tokens": 1}}
    stream = (
        told("message_start", message=start)
        + told("message_delta", delta={"stop_reason": "end_turn"}, usage=message["usage"])
        + told("message_stop")
    )
    made = client("anthropic", {"post /v1/messages": stream if is_stream else message})
    answer = made.beta.messages.create(model="m", max_tokens=9, messages=[], stream=is_stream)
    if is_stream:
        list(answer)
