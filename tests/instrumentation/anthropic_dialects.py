"""The dialects of the anthropic SDK: messages, and the same under `beta`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import anthropic

from instrumentation.dialect import City, Dialect, sse

_ERROR = {"type": "error", "error": {"type": "overloaded_error", "message": "no capacity"}, "request_id": "req_7"}


def client(*, is_async: bool, **options: Any) -> Any:
    """A client of a host of its own."""
    kind: Any = anthropic.AsyncAnthropic if is_async else anthropic.Anthropic
    return kind(**{"api_key": "k", "base_url": "https://llm.example", **options})


_INPUT = {
    "input_tokens": 25,
    "cache_creation_input_tokens": 5,
    "cache_read_input_tokens": 3,
    "cache_creation": {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 0},
    "service_tier": "standard",
}
_MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-4-5-20251001",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": {**_INPUT, "output_tokens": 1},
}


def told(kind: str, **fields: object) -> bytes:
    """One event of a stream."""
    return sse({"type": kind, **fields}, kind)


MESSAGES = Dialect(
    name="anthropic-messages",
    path="messages",
    make=client,
    request={
        "model": "claude-haiku-4-5",
        "max_tokens": 64,
        "messages": [{"role": "user", "content": "Where?"}],
    },
    wanted={"output_format": City},
    given={
        "messages": [{"role": "user", "content": "Where?"}],
        "tools": [{"name": "weather", "input_schema": {"type": "object"}}],
    },
    final="get_final_message",
    answer={
        **_MESSAGE,
        "content": [{"type": "text", "text": '{"name": "Ulm"}'}],
        "stop_reason": "end_turn",
        "usage": {**_INPUT, "output_tokens": 17},
        "unheard_of": {"kept": True},
    },
    pieces=[
        told("message_start", message=_MESSAGE),
        told("content_block_start", index=0, content_block={"type": "text", "text": ""}),
        told("content_block_delta", index=0, delta={"type": "text_delta", "text": '{"name": '}),
        sse({"type": "ping"}, "ping"),
        told("content_block_delta", index=0, delta={"type": "text_delta", "text": '"Ulm"}'}),
        told("content_block_stop", index=0),
        told(
            "message_delta",
            delta={"stop_reason": "end_turn", "stop_sequence": None},
            usage={"output_tokens": 17},
        ),
        told("message_stop"),
    ],
    error_event=sse(_ERROR, "error"),
    truth={
        "input_tokens": 33,
        "output_tokens": 17,
        "cache_read.input_tokens": 3,
        "cache_write.input_tokens": 5,
    },
    started={"input_tokens": 33, "cache_read.input_tokens": 3, "cache_write.input_tokens": 5},
    provider="anthropic",
    reasons=("end_turn",),
    overload=_ERROR,
)

BETA = replace(MESSAGES, name="anthropic-beta", path="beta.messages")
