"""Scenarios of the openai SDK."""

from __future__ import annotations

from typing import Any

from conformance.scenario import PIXEL, SCHEMA, Scenario, drained, left_early, sse

_TOOL: dict[str, Any] = {
    "type": "function",
    "function": {"name": "weather", "description": "Of a city", "parameters": {}},
}
_CHAT_USAGE = {
    "prompt_tokens": 120,
    "completion_tokens": 45,
    "total_tokens": 165,
    "prompt_tokens_details": {"cached_tokens": 30, "text_tokens": 80, "image_tokens": 30, "audio_tokens": 10},
    "completion_tokens_details": {"reasoning_tokens": 20, "text_tokens": 35, "audio_tokens": 10},
}
_CALLED = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Ulm"}'}}


def _chat(message: dict[str, Any], reason: str = "stop", **usage: Any) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": "gpt-4o-2024-08-06",
        "service_tier": "default",
        "system_fingerprint": "fp_1",
        "choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}],
        "usage": {**_CHAT_USAGE, **usage},
    }


def _chunk(delta: dict[str, Any] | None, reason: str | None = None, usage: Any = None) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": reason}]
    head = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1_790_000_000,
        "model": "gpt-4o-2024-08-06",
    }
    return sse({**head, "choices": choices, "usage": usage})


_CHUNKS = [_chunk({"content": "U"}), _chunk({"content": "lm"}), _chunk({}, "stop"), _chunk(None, usage=_CHAT_USAGE)]
_ASKED: dict[str, Any] = {
    "model": "gpt-4o",
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Where?"}],
}
_RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1_790_000_000,
    "model": "gpt-5-2025-08-07",
    "status": "completed",
    "background": False,
    "conversation": {"id": "conv_1"},
    "output": [
        {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "Ulm", "annotations": []}],
        },
    ],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "usage": {
        "input_tokens": 210,
        "input_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 16},
        "output_tokens": 80,
        "output_tokens_details": {"reasoning_tokens": 48},
        "total_tokens": 290,
    },
}
_OPENAI_ERROR = {"error": {"message": "no such model", "type": "invalid_request_error", "code": "x", "param": None}}
_EMBEDDED = {
    "object": "list",
    "model": "text-embedding-3-small",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.1, 0.2]}],
    "usage": {"prompt_tokens": 8, "total_tokens": 8},
}
_IMAGE = {
    "role": "user",
    "content": [
        {"type": "text", "text": "What?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
    ],
}

OPENAI = [
    Scenario(
        "inference",
        "openai",
        lambda client: client.chat.completions.create(
            **_ASKED,
            frequency_penalty=0,
            max_completion_tokens=64,
            n=2,
            presence_penalty=1,
            reasoning_effort="low",
            seed=7,
            service_tier="flex",
            stop="\n",
            temperature=1,
            top_p=1,
        ),
        _chat({"content": "Ulm"}),
    ),
    Scenario(
        "inference by responses",
        "openai",
        lambda client: client.responses.create(
            model="gpt-5",
            input="Where?",
            instructions="Be brief.",
            max_output_tokens=64,
            previous_response_id="resp_0",
            reasoning={"effort": "low"},
            temperature=0,
            top_p=0.5,
        ),
        _RESPONSE,
    ),
    Scenario(
        "streaming", "openai", lambda client: drained(client.chat.completions.create(**_ASKED, stream=True)), _CHUNKS
    ),
    Scenario(
        "streaming by responses",
        "openai",
        lambda client: drained(client.responses.create(model="gpt-5", input="Where?", stream=True)),
        [
            sse(
                {
                    "type": "response.created",
                    "sequence_number": 0,
                    "response": {**_RESPONSE, "usage": None, "output": []},
                }
            ),
            sse({"type": "response.completed", "sequence_number": 1, "response": _RESPONSE}),
        ],
    ),
    Scenario(
        "structured output",
        "openai",
        lambda client: client.chat.completions.create(
            **_ASKED, response_format={"type": "json_schema", "json_schema": SCHEMA}
        ),
        _chat({"content": '{"name": "Ulm"}'}),
    ),
    Scenario(
        "multimodal",
        "openai",
        lambda client: client.chat.completions.create(model="gpt-4o", messages=[_IMAGE]),
        _chat({"content": "A pixel"}),
    ),
    Scenario(
        "tool calling",
        "openai",
        lambda client: client.chat.completions.create(
            model="gpt-4o",
            messages=[
                *_ASKED["messages"],
                {"role": "assistant", "content": None, "tool_calls": [_CALLED]},
                {"role": "tool", "tool_call_id": "call_1", "content": "Fog"},
            ],
            tools=[_TOOL],
        ),
        _chat({"content": None, "tool_calls": [_CALLED]}, "tool_calls"),
    ),
    Scenario(
        "embeddings",
        "openai",
        lambda client: client.embeddings.create(
            model="text-embedding-3-small", input="Ulm", dimensions=2, encoding_format="float"
        ),
        _EMBEDDED,
    ),
    Scenario(
        "embeddings refused",
        "openai",
        lambda client: client.embeddings.create(model="text-embedding-3-small", input="Ulm"),
        _OPENAI_ERROR,
        status=429,
    ),
    Scenario("error", "openai", lambda client: client.chat.completions.create(**_ASKED), _OPENAI_ERROR, status=404),
    Scenario(
        "early close",
        "openai",
        lambda client: left_early(client.chat.completions.create(**_ASKED, stream=True)),
        _CHUNKS,
    ),
    Scenario("fetched response", "openai", lambda client: client.responses.retrieve("resp_1"), _RESPONSE),
    Scenario(
        "response still under way",
        "openai",
        lambda client: client.responses.retrieve("resp_2"),
        {**_RESPONSE, "id": "resp_2", "background": True, "status": "in_progress", "usage": None, "output": []},
    ),
    Scenario(
        "response made in the background",
        "openai",
        lambda client: client.responses.retrieve("resp_3"),
        {**_RESPONSE, "id": "resp_3", "background": True},
    ),
]
