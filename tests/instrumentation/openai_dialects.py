"""The dialects of the openai SDK: chat completions, responses, and what else states usage."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import openai

from instrumentation.dialect import City, Dialect, sse
from instrumentation.transport import events

if TYPE_CHECKING:
    from instrumentation.transport import Reply

URL = "https://llm.example/v1"

_ERROR = {"error": {"message": "no capacity", "type": "server_error", "code": "overloaded", "param": None}}


def client(*, is_async: bool, **options: Any) -> Any:
    """A client of a host that is not known to accept a request for usage."""
    kind: Any = openai.AsyncOpenAI if is_async else openai.OpenAI
    return kind(**{"api_key": "k", "base_url": URL, **options})


CHAT_USAGE = {
    "prompt_tokens": 120,
    "completion_tokens": 45,
    "total_tokens": 165,
    "prompt_tokens_details": {"cached_tokens": 30},
    "completion_tokens_details": {"reasoning_tokens": 20},
}


def chunk(choices: object, **more: object) -> bytes:
    """One chunk of a chat stream."""
    return sse(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1_790_000_000,
            "model": "gpt-4o-2024-08-06",
            "choices": choices,
            **more,
        }
    )


def delta(content: str | None, reason: str | None = None, index: int = 0) -> dict[str, Any]:
    """One choice of a chunk."""
    return {"index": index, "delta": {"content": content} if content else {}, "finish_reason": reason}


CHAT = Dialect(
    name="openai-chat",
    path="chat.completions",
    make=client,
    request={"model": "gpt-4o", "messages": [{"role": "user", "content": "Where?"}]},
    wanted={"response_format": City},
    given={
        "messages": [{"role": "user", "content": "Where?"}],
        "tools": [{"type": "function", "function": {"name": "weather", "parameters": {}}}],
    },
    final="get_final_completion",
    answer={
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": "gpt-4o-2024-08-06",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": '{"name": "Ulm"}'},
                "finish_reason": "stop",
                "unheard_of": {"kept": True},
            }
        ],
        "usage": CHAT_USAGE,
        "service_tier": "default",
    },
    pieces=[
        chunk([{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]),
        chunk([delta('{"name": ')]),
        chunk([delta('"Ulm"}')]),
        chunk([delta(None, "stop")]),
        chunk([], usage=CHAT_USAGE),
        sse("[DONE]"),
    ],
    error_event=sse(_ERROR),
    truth={
        "input_tokens": 120,
        "output_tokens": 45,
        "cache_read.input_tokens": 30,
        "reasoning.output_tokens": 20,
    },
    provider="openai",
    reasons=("stop",),
    overload=_ERROR,
)

_RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1_790_000_000,
    "model": "gpt-5-2025-08-07",
    "status": "in_progress",
    "background": False,
    "output": [],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "usage": None,
}
_TEXT: dict[str, Any] = {"type": "output_text", "text": '{"name": "Ulm"}', "annotations": []}
_MESSAGE: dict[str, Any] = {
    "id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [_TEXT],
}  # fmt: skip
_COMPLETED = {
    **_RESPONSE,
    "status": "completed",
    "output": [_MESSAGE],
    "usage": {
        "input_tokens": 210,
        "input_tokens_details": {"cached_tokens": 64},
        "output_tokens": 80,
        "output_tokens_details": {"reasoning_tokens": 48},
        "total_tokens": 290,
    },
}
_PLACE = {"output_index": 0, "content_index": 0, "item_id": "msg_1"}


def told(kind: str, number: int, **fields: object) -> bytes:
    """One event of a response's stream."""
    return sse({"type": kind, "sequence_number": number, **fields}, kind)


RESPONSES = Dialect(
    name="openai-responses",
    path="responses",
    make=client,
    request={"model": "gpt-5", "input": "Where?"},
    wanted={"text_format": City},
    given={"tools": [{"type": "function", "name": "weather", "parameters": {}, "strict": False}]},
    final="get_final_response",
    answer=_COMPLETED,
    pieces=[
        told("response.created", 0, response=_RESPONSE),
        told("response.output_item.added", 1, output_index=0, item={**_MESSAGE, "content": []}),
        told("response.content_part.added", 2, part={**_TEXT, "text": ""}, **_PLACE),
        told("response.output_text.delta", 3, delta='{"name": "Ulm"}', logprobs=[], **_PLACE),
        told("response.output_text.done", 4, text=_TEXT["text"], logprobs=[], **_PLACE),
        told("response.output_item.done", 5, output_index=0, item=_MESSAGE),
        told("response.completed", 6, response=_COMPLETED),
    ],
    error_event=sse(_ERROR),
    truth={
        "input_tokens": 210,
        "output_tokens": 80,
        "cache_read.input_tokens": 64,
        "reasoning.output_tokens": 48,
    },
    provider="openai",
    reasons=("stop",),
    overload=_ERROR,
)


COMPACTION = replace(
    RESPONSES,
    name="openai-compaction",
    method="compact",
    can=frozenset({"document"}),
    request={"model": "gpt-5", "input": "Where?"},
    answer={**RESPONSES.answer, "object": "response.compaction"},
    pieces=[],
    given={},
)

_COUNTED = {
    "input_tokens": 30,
    "input_tokens_details": {"text_tokens": 10, "image_tokens": 20},
    "output_tokens": 272,
    "total_tokens": 302,
}
_NOTHING_MORE: dict[str, Any] = {"make": client, "error_event": sse(_ERROR), "provider": "openai", "overload": _ERROR}

EMBEDDINGS = Dialect(
    name="openai-embeddings",
    path="embeddings",
    kind="embeddings",
    can=frozenset({"document"}),
    request={"model": "text-embedding-3-small", "input": "Where?", "encoding_format": "float"},
    answer={
        "object": "list",
        "model": "text-embedding-3-small",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 1.0]}],
        "usage": {"prompt_tokens": 8, "total_tokens": 8},
        "unheard_of": {"kept": True},
    },
    truth={"input_tokens": 8},
    reasons=(),
    **_NOTHING_MORE,
)


def _text(text: str, reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "text": text, "logprobs": None, "finish_reason": reason}


_COMPLETION: dict[str, Any] = {
    "id": "cmpl-1", "object": "text_completion", "created": 1_790_000_000, "model": "gpt-3.5-turbo-instruct",
}  # fmt: skip

COMPLETIONS = Dialect(
    name="openai-completions",
    path="completions",
    kind="text_completion",
    can=frozenset({"document", "stream"}),
    request={"model": "gpt-3.5-turbo-instruct", "prompt": "Where?"},
    answer={**_COMPLETION, "choices": [_text("Ulm", "stop")], "usage": CHAT_USAGE},
    pieces=[
        sse({**_COMPLETION, "choices": [_text("U")]}),
        sse({**_COMPLETION, "choices": [_text("l")]}),
        sse({**_COMPLETION, "choices": [_text("m", "stop")]}),
        sse({**_COMPLETION, "choices": [], "usage": CHAT_USAGE}),
        sse("[DONE]"),
    ],
    truth=CHAT.truth,
    reasons=("stop",),
    **_NOTHING_MORE,
)


def _partial(number: int) -> bytes:
    kind = "image_generation.partial_image"
    return sse({"type": kind, "b64_json": "iVBORw0KGgo=", "partial_image_index": number, **_PICTURE}, kind)


_PICTURE: dict[str, Any] = {
    "created_at": 1_790_000_000, "size": "1024x1024", "quality": "low", "background": "opaque", "output_format": "png",
}  # fmt: skip
_DRAWN = {"type": "image_generation.completed", "b64_json": "iVBORw0KGgo=", "usage": _COUNTED, **_PICTURE}

IMAGES = Dialect(
    name="openai-images",
    path="images",
    method="generate",
    kind="generate_content",
    can=frozenset({"document", "stream"}),
    request={"model": "gpt-image-1", "prompt": "A cathedral"},
    answer={"created": 1_790_000_000, "data": [{"b64_json": "iVBORw0KGgo="}], "usage": _COUNTED},
    pieces=[_partial(0), _partial(1), sse(_DRAWN, "image_generation.completed")],
    truth={"input_tokens": 30, "output_tokens": 272, "text.input_tokens": 10, "image.input_tokens": 20},
    reasons=(),
    **_NOTHING_MORE,
)


def _edited(event: bytes) -> bytes:
    return event.replace(b"image_generation", b"image_edit")


EDITS = replace(
    IMAGES,
    name="openai-image-edits",
    method="edit",
    request={"model": "gpt-image-1", "prompt": "A cathedral by night", "image": ("a.png", b"PNG")},
    pieces=[_edited(piece) for piece in IMAGES.pieces],
)

_HEARD: dict[str, Any] = {
    "type": "tokens",
    "input_tokens": 14,
    "input_token_details": {"text_tokens": 0, "audio_tokens": 14},
    "output_tokens": 45,
    "total_tokens": 59,
}

TRANSCRIPTIONS = Dialect(
    name="openai-transcriptions",
    path="audio.transcriptions",
    kind="generate_content",
    can=frozenset({"document", "stream"}),
    request={"model": "gpt-4o-transcribe", "file": ("a.wav", b"RIFF")},
    answer={"text": "Where?", "usage": _HEARD},
    pieces=[
        told("transcript.text.delta", 0, delta="Wh"),
        told("transcript.text.delta", 1, delta="ere?"),
        told("transcript.text.done", 2, text="Where?", usage=_HEARD),
    ],
    truth={"input_tokens": 14, "output_tokens": 45, "text.input_tokens": 0, "audio.input_tokens": 14},
    reasons=(),
    **_NOTHING_MORE,
)

SPEECH = Dialect(
    name="openai-speech",
    path="audio.speech",
    kind="generate_content",
    can=frozenset(),
    request={"model": "gpt-4o-mini-tts", "input": "Where?", "voice": "alloy"},
    answer={"any": "bytes"},
    truth={},
    reasons=(),
    **_NOTHING_MORE,
)

MODERATIONS = Dialect(
    name="openai-moderations",
    path="moderations",
    kind="moderation",
    can=frozenset({"document"}),
    request={"model": "omni-moderation-latest", "input": "Where?"},
    answer={"id": "modr-1", "model": "omni-moderation-latest", "results": []},
    truth={},
    reasons=(),
    **_NOTHING_MORE,
)

OTHERS = (COMPACTION, EMBEDDINGS, COMPLETIONS, IMAGES, EDITS, TRANSCRIPTIONS, SPEECH, MODERATIONS)


def on_request(body: bytes) -> Reply:
    """A stream with usage for who asks, null before it is known, and without for who does not, as OpenAI answers."""
    is_asked = json.loads(body).get("stream_options", {}).get("include_usage")
    if not is_asked:
        return events([piece for piece in CHAT.pieces if b'"usage"' not in piece])
    unknown = [piece.replace(b"}\n\n", b', "usage": null}\n\n') for piece in CHAT.pieces if b'"usage"' not in piece]
    return events([*unknown[:-1], *CHAT.pieces[-2:]])


def known_client(*, is_async: bool, **options: Any) -> Any:
    """A client of a host that is known to accept a request for usage."""
    return client(is_async=is_async, **{"base_url": "https://api.openai.com/v1", **options})


KNOWN = replace(CHAT, name="openai-known", make=known_client)
