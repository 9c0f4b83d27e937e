"""Scenarios of the anthropic SDK."""

from __future__ import annotations

from typing import Any

from conformance.scenario import PIXEL, SCHEMA, Scenario, drained, left_early, sse

_INPUT = {
    "input_tokens": 25,
    "cache_creation_input_tokens": 5,
    "cache_read_input_tokens": 3,
    "cache_creation": {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 0},
    "service_tier": "standard",
}


def _message(*content: dict[str, Any], reason: str | None = "end_turn") -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5-20251001",
        "content": list(content),
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {**_INPUT, "output_tokens": 17, "output_tokens_details": {"thinking_tokens": 6}},
    }


_TOLD: dict[str, Any] = {
    "model": "claude-haiku-4-5",
    "max_tokens": 64,
    "system": "Be brief.",
    "messages": [{"role": "user", "content": "Where?"}],
}
_EVENTS = [
    sse({"type": "message_start", "message": {**_message(reason=None), "usage": {**_INPUT, "output_tokens": 1}}}),
    sse({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
    sse({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Ulm"}}),
    sse({"type": "content_block_stop", "index": 0}),
    sse(
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 17, "output_tokens_details": {"thinking_tokens": 6}},
        }
    ),
    sse({"type": "message_stop"}),
]
_CLAUDE_ERROR = {
    "type": "error",
    "error": {"type": "not_found_error", "message": "no such model"},
    "request_id": "req_7",
}
_PICTURE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
_USED = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Ulm"}}

ANTHROPIC = [
    Scenario(
        "inference",
        "anthropic",
        lambda client: client.messages.create(
            **_TOLD,
            stop_sequences=["\n"],
            output_config={"effort": "low"},
            extra_body={"temperature": 1, "top_p": 1, "top_k": 40},
        ),
        _message({"type": "thinking", "thinking": "Hm.", "signature": "s"}, {"type": "text", "text": "Ulm"}),
    ),
    Scenario("streaming", "anthropic", lambda client: drained(client.messages.create(**_TOLD, stream=True)), _EVENTS),
    Scenario(
        "structured output",
        "anthropic",
        lambda client: client.messages.create(
            **_TOLD, output_config={"format": {"type": "json_schema", "schema": SCHEMA["schema"]}}
        ),
        _message({"type": "text", "text": '{"name": "Ulm"}'}),
    ),
    Scenario(
        "multimodal",
        "anthropic",
        lambda client: client.messages.create(**{**_TOLD, "messages": [{"role": "user", "content": [_PICTURE]}]}),
        _message({"type": "text", "text": "A pixel"}),
    ),
    Scenario(
        "tool calling",
        "anthropic",
        lambda client: client.messages.create(
            **{
                **_TOLD,
                "messages": [
                    *_TOLD["messages"],
                    {"role": "assistant", "content": [_USED]},
                    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "Fog"}]},
                ],
            },
            tools=[{"name": "weather", "description": "Of a city", "input_schema": {"type": "object"}}],
        ),
        _message(_USED, reason="tool_use"),
    ),
    Scenario("error", "anthropic", lambda client: client.messages.create(**_TOLD), _CLAUDE_ERROR, status=404),
    Scenario(
        "early close", "anthropic", lambda client: left_early(client.messages.create(**_TOLD, stream=True)), _EVENTS
    ),
]
