"""POST /v1/chat/completions: plain and streamed, choices, tools, schemas, reasoning, cached and audio tokens."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .answers import Answer, answer_to, reasoning_effort
from .chat_request import checked, prompt_cost, prompt_of
from .wire import Event, Json, Reply, Request, inner, new_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .models import Model

DONE = Event("[DONE]")
_AUDIO_TOKENS_A_WORD = 3


@dataclass(frozen=True)
class _Exchange:
    """A request with its answers and what they cost: what both the plain and the streamed form are made of."""

    request: Request
    model: Model
    answers: tuple[Answer, ...]
    usage: Json
    response_id: str
    created: int
    service_tier: str

    def head(self, kind: str) -> Json:
        return {
            "id": self.response_id,
            "object": kind,
            "created": self.created,
            "model": self.model.answers_as,
            "service_tier": self.service_tier,
            "system_fingerprint": "fp_standin",
        }


def create_chat(request: Request) -> Reply:
    """The answer to a chat request.

    Raises:
        RefusalError: what the real endpoint refuses too.
    """
    model = checked(request)
    body = request.body
    cost = prompt_cost(request, model)
    thinks = reasoning_effort(body.get("reasoning_effort"), request.fault, is_reasoning=model.is_reasoning)
    prompt = prompt_of(body, room=model.window - cost["prompt_tokens"], reasoning_tokens=thinks)
    answers = tuple(answer_to(replace(prompt, index=i), request.fault) for i in range(body.get("n") or 1))
    asked = body.get("service_tier") or "auto"
    exchange = _Exchange(
        request=request,
        model=model,
        answers=answers,
        usage=usage_of(cost, answers, is_audio=_is_audio(body)),
        response_id=new_id("chatcmpl-"),
        created=int(time.time()),
        service_tier=request.fault.service_tier or ("default" if asked == "auto" else asked),
    )
    events = tuple(_events(exchange)) if request.is_stream else None
    sent = None if request.fault.usage in {"none", "null"} or events is not None else exchange.usage
    return Reply(
        kind="chat",
        document=_document(exchange),
        events=events,
        model=model.answers_as,
        response_id=exchange.response_id,
        usage=sent,
        billed=exchange.usage,
    )


def usage_of(cost: Json, answers: tuple[Answer, ...], *, is_audio: bool = False) -> Json:
    """The `usage` object for prompt costs and the answers; choices add up on the output side only."""
    audio = sum(len(answer.pieces) for answer in answers) * _AUDIO_TOKENS_A_WORD if is_audio else 0
    output = sum(answer.output_tokens for answer in answers) + audio
    return {
        "prompt_tokens": cost["prompt_tokens"],
        "completion_tokens": output,
        "total_tokens": cost["prompt_tokens"] + output,
        "prompt_tokens_details": {
            "cached_tokens": cost["cached_tokens"],
            "audio_tokens": cost["audio_tokens"],
        },
        "completion_tokens_details": {
            "reasoning_tokens": sum(answer.reasoning_tokens for answer in answers),
            "audio_tokens": audio,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def finish_reason(answer: Answer) -> str:
    """Why an answer ended: `tool_calls`, `length` or `stop`."""
    return "tool_calls" if answer.tool_calls else "length" if answer.is_cut else "stop"


def _is_audio(body: Json) -> bool:
    return "audio" in (body.get("modalities") or ())


def _document(exchange: _Exchange) -> Json:
    choices = [
        {
            "index": index,
            "message": _message(exchange, answer),
            "logprobs": None,
            "finish_reason": finish_reason(answer),
        }
        for index, answer in enumerate(exchange.answers)
    ]
    document = {**exchange.head("chat.completion"), "choices": choices}
    if exchange.request.fault.usage != "none":
        document["usage"] = None if exchange.request.fault.usage == "null" else exchange.usage
    return document


def _message(exchange: _Exchange, answer: Answer) -> Json:
    message: Json = {"role": "assistant", "content": answer.text, "refusal": None, "annotations": []}
    if answer.tool_calls:
        message["content"] = None
        message["tool_calls"] = [
            {
                "id": new_id("call_"),
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in answer.tool_calls
        ]
    elif exchange.request.fault.refusal:
        message.update(content=None, refusal=answer.text)
    elif _is_audio(exchange.request.body):
        expires = exchange.created + 3600
        audio = {"id": new_id("audio_"), "data": "UklGRg==", "expires_at": expires, "transcript": answer.text}
        message.update(content=None, audio=audio)
    return message


def _events(exchange: _Exchange) -> Iterator[Event]:
    head = exchange.head("chat.completion.chunk")
    mode = exchange.request.fault.usage
    options = inner(exchange.request.body, "stream_options")
    includes = bool(options.get("include_usage")) and mode not in {"none", "null"}
    total = exchange.usage["completion_tokens"]
    output = 0
    for choices in _choices(exchange):
        chunk: Json = {**head, "choices": choices}
        output = min(total, output + 1)
        if mode == "every_chunk":
            usage = _running(exchange.usage, output)
            yield Event({**chunk, "usage": usage}, usage=usage)
        elif includes or mode == "null":
            yield Event({**chunk, "usage": None})
        else:
            yield Event(chunk)
    if includes:
        yield Event({**head, "choices": [], "usage": exchange.usage}, usage=exchange.usage)
    yield DONE


def _running(usage: Json, output: int) -> Json:
    return {**usage, "completion_tokens": output, "total_tokens": usage["prompt_tokens"] + output}


def _choices(exchange: _Exchange) -> Iterator[list[Json]]:
    """The `choices` of each chunk: per choice a role, then pieces in turn, then the finish reasons."""
    pending = [(i, list(_deltas(exchange, answer))) for i, answer in enumerate(exchange.answers)]
    for step in range(max(len(deltas) for _, deltas in pending)):
        for index, deltas in pending:
            if step < len(deltas):
                yield [{"index": index, "delta": deltas[step], "logprobs": None, "finish_reason": None}]
    for index, answer in enumerate(exchange.answers):
        yield [{"index": index, "delta": {}, "logprobs": None, "finish_reason": finish_reason(answer)}]


def _deltas(exchange: _Exchange, answer: Answer) -> Iterator[dict[str, Any]]:
    is_refusal = exchange.request.fault.refusal
    opening = None if answer.tool_calls or is_refusal else ""
    yield {"role": "assistant", "content": opening, "refusal": None}
    for piece in answer.pieces:
        yield {"refusal" if is_refusal else "content": piece}
    for index, call in enumerate(answer.tool_calls):
        function = {"name": call.name, "arguments": ""}
        yield {"tool_calls": [{"index": index, "id": new_id("call_"), "type": "function", "function": function}]}
        for start in range(0, len(call.arguments), 8):
            part = {"arguments": call.arguments[start : start + 8]}
            yield {"tool_calls": [{"index": index, "function": part}]}
