"""What Claude does within an invoked message and bills beside its usage is a call of its own, as with its own SDK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from metering import metered, usage_of
from providers.eventstream import chunk
from providers.test_bedrock import CLAUDE, CLAUDE_ASK, CLAUDE_HEAD, METRICS, STREAM, make, read_out
from providers.wire import Wire, document, events

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

pytestmark = pytest.mark.usefixtures("clean_gc")

HEAD = {**CLAUDE_HEAD, "model": "claude-sonnet-4-5-20250929"}
USAGE: dict[str, Any] = {
    "input_tokens": 90_000,
    "output_tokens": 30,
    "iterations": [
        {"type": "compaction", "input_tokens": 180_000, "output_tokens": 900},
        {"type": "message", "input_tokens": 40_000, "output_tokens": 10},
        {"type": "message", "input_tokens": 50_000, "output_tokens": 20},
        {"type": "advisor_message", "model": "claude-opus-4-5", "input_tokens": 7, "output_tokens": 3},
    ],
}
TRUTH = [
    {"input_tokens": 180_000, "output_tokens": 900},
    {"input_tokens": 7, "output_tokens": 3},
    {"input_tokens": 90_000, "output_tokens": 30},
]
# Nobody says whether these have it all, or what the usage has.
HEADERS = {"x-amzn-bedrock-input-token-count": "270007", "x-amzn-bedrock-output-token-count": "933"}


def check(spans: list[ReadableSpan]) -> None:
    assert [usage_of(span) for span in spans] == TRUTH
    names = [f"chat {HEAD['model']}", "chat claude-opus-4-5", f"chat {CLAUDE}"]
    assert [span.name for span in spans] == names
    message = spans[-1]
    assert {span.parent.span_id for span in spans[:-1] if span.parent} == {message.context.span_id}  # pyright: ignore[reportOptionalMemberAccess]
    assert all((span.attributes or {})["submeter.cost.usd"] for span in spans)
    told: Any = message.attributes
    assert told["submeter.context.utilization"] == 50_020 / told["submeter.context.window_tokens"]


@pytest.mark.parametrize("headers", [{}, HEADERS], ids=["body", "headers"])
def test_of_a_whole_answer(headers: dict[str, str]) -> None:
    with Wire() as wire, metered() as metering:
        wire.play(document({**HEAD, "content": [], "stop_reason": "end_turn", "usage": USAGE}, **headers))
        client = make(wire.url)
        read_out(client)
        client.close()
        check(metering.ended())


def test_of_a_stream() -> None:
    pieces = [
        chunk({"type": "message_start", "message": {**HEAD, "usage": {"input_tokens": 9, "output_tokens": 1}}}),
        chunk({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": USAGE}),
        chunk({"type": "message_stop", "amazon-bedrock-invocationMetrics": {**METRICS, "inputTokenCount": 270_007}}),
    ]
    with Wire() as wire, metered() as metering:
        wire.play(events(pieces, STREAM))
        client = make(wire.url)
        list(client.invoke_model_with_response_stream(**CLAUDE_ASK)["body"])
        client.close()
        check(metering.ended())
