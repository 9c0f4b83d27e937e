"""POST /v1/messages and /v1/messages/count_tokens: Anthropic's plain and streamed answers."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from .answers import Answer, Prompt, answer_to
from .message_request import (
    InputCost,
    check_output,
    checked,
    input_cost,
    is_tool_result,
    last_user_text,
    total_tokens,
)
from .wire import Event, Json, Reply, Request, compact, inner, new_id, objects

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECES_AN_EVENT = 3
_THINKING_TOKENS = 160
_THOUGHT = "Let me think about what is asked before I answer."


def create_message(request: Request) -> Reply:
    """The answer to a messages request.

    Raises:
        RefusalError: what the real endpoint refuses too.
    """
    request = _continued(request)
    model = checked(request)
    check_output(request.body)
    cost = input_cost(request, model)
    answer = answer_to(_prompt(request, model.window - cost.total), request.fault)
    usage = _usage(request, cost, answer)
    message = _Message(request, model.answers_as, new_id("msg_01"), answer, usage)
    events = tuple(message.events()) if request.is_stream else None
    document = message.document()
    if "thread" in request.body:
        said = {"role": "assistant", "content": document["content"]}
        request.memory.store_thread(message.response_id, [*request.body["messages"], said])
    if request.fault.usage in {"none", "null"}:
        document.pop("usage")
    return Reply(
        kind="messages",
        document=document,
        events=events,
        model=model.answers_as,
        response_id=message.response_id,
        usage=document.get("usage") if events is None else None,
        billed=usage,
    )


def _continued(request: Request) -> Request:
    """A request that goes on with a conversation held here, with all of its messages: the model reads them too."""
    before = inner(request.body, "thread").get("previous_message_id")
    if before is None:
        return request
    messages = [*request.memory.thread(before), *objects(request.body, "messages")]
    return replace(request, body={**request.body, "messages": messages})


def count_message_tokens(request: Request) -> Reply:
    """How many tokens a request would cost; nothing is billed."""
    model = checked(request)
    document = {"input_tokens": total_tokens(request.body)}
    return Reply(kind="count_tokens", document=document, model=model.answers_as)


def _prompt(request: Request, room: int) -> Prompt:
    body = request.body
    output_format = inner(body, "output_config").get("format") or inner(body, "output_format")
    return Prompt(
        last_text=last_user_text(body),
        cap=min(body["max_tokens"], room),
        schema=output_format.get("schema"),
        tools=() if is_tool_result(body) else _tools(body),
        reasoning_tokens=_thinking_tokens(request),
    )


def _thinking_tokens(request: Request) -> int:
    if request.fault.reasoning_tokens >= 0:
        return request.fault.reasoning_tokens
    kind = inner(request.body, "thinking").get("type")
    return _THINKING_TOKENS if kind in {"enabled", "adaptive"} else 0


def _tools(body: Json) -> tuple[tuple[str, Json], ...]:
    choice = cast("Json", body.get("tool_choice") or {"type": "auto"})
    tools = [tool for tool in objects(body, "tools") if "input_schema" in tool]
    if choice["type"] == "none":
        return ()
    if choice["type"] == "tool":
        tools = [tool for tool in tools if tool["name"] == choice["name"]]
    return tuple((tool["name"], tool["input_schema"]) for tool in tools)


def _usage(request: Request, cost: InputCost, answer: Answer) -> Json:
    usage: Json = {
        "input_tokens": cost.fresh,
        "cache_creation_input_tokens": cost.cache_write_5m + cost.cache_write_1h,
        "cache_read_input_tokens": cost.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": cost.cache_write_5m,
            "ephemeral_1h_input_tokens": cost.cache_write_1h,
        },
        "output_tokens": answer.output_tokens,
        "service_tier": request.fault.service_tier or "standard",
        "inference_geo": "not_available",
    }
    if answer.reasoning_tokens:
        usage["output_tokens_details"] = {"thinking_tokens": answer.reasoning_tokens}
    return usage


@dataclass(frozen=True)
class _Message:
    request: Request
    model: str
    response_id: str
    answer: Answer
    usage: Json

    @property
    def stop_reason(self) -> str:
        if self.request.fault.refusal:
            return "refusal"
        return "tool_use" if self.answer.tool_calls else "max_tokens" if self.answer.is_cut else "end_turn"

    def document(self) -> Json:
        return {
            **self._head(),
            "content": list(self._content()),
            "stop_reason": self.stop_reason,
            "usage": self.usage,
        }

    def _head(self) -> Json:
        return {
            "model": self.model,
            "id": self.response_id,
            "type": "message",
            "role": "assistant",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
        }

    def _content(self) -> Iterator[dict[str, Any]]:
        if self.answer.reasoning_tokens:
            yield {"type": "thinking", "thinking": _THOUGHT, "signature": new_id("sig_")}
        if self.answer.pieces:
            yield {"type": "text", "text": self.answer.text}
        for call in self.answer.tool_calls:
            document = cast("Json", json.loads(call.arguments))
            yield {"type": "tool_use", "id": new_id("toolu_01"), "name": call.name, "input": document}

    def events(self) -> Iterator[Event]:
        """The stream: the first usage has a placeholder for the output, `message_delta` has the last word."""
        is_silent = self.request.fault.usage in {"none", "null"}
        opening = {key: value for key, value in self.usage.items() if key != "output_tokens_details"}
        opening["output_tokens"] = min(2, self.usage["output_tokens"])
        message = self._head() if is_silent else {**self._head(), "usage": opening}
        yield _event("message_start", {"message": message}, None if is_silent else opening)
        for index, block in enumerate(self._content()):
            yield from self._block_events(index, block)
            if not index:
                yield _event("ping", {})
        delta: Json = {"delta": {"stop_reason": self.stop_reason, "stop_sequence": None}}
        closing = {
            key: value
            for key, value in self.usage.items()
            if key not in {"cache_creation", "service_tier", "inference_geo"}
        }
        if not is_silent:
            delta["usage"] = closing
        yield _event("message_delta", delta, None if is_silent else closing)
        yield _event("message_stop", {})

    def _block_events(self, index: int, block: Json) -> Iterator[Event]:
        opened = {**block, **{key: "" for key in ("text", "thinking", "signature") if key in block}}
        if block["type"] == "tool_use":
            opened["input"] = {}
        yield _event("content_block_start", {"index": index, "content_block": opened})
        for delta in self._deltas(block):
            yield _event("content_block_delta", {"index": index, "delta": delta})
        yield _event("content_block_stop", {"index": index})

    def _deltas(self, block: Json) -> Iterator[Json]:
        if block["type"] == "thinking":
            yield {"type": "thinking_delta", "thinking": block["thinking"]}
            yield {"type": "signature_delta", "signature": block["signature"]}
        elif block["type"] == "tool_use":
            text = compact(block["input"])
            for start in range(0, len(text), 8):
                yield {"type": "input_json_delta", "partial_json": text[start : start + 8]}
        else:
            pieces = self.answer.pieces
            for start in range(0, len(pieces), _PIECES_AN_EVENT):
                yield {"type": "text_delta", "text": "".join(pieces[start : start + _PIECES_AN_EVENT])}


def _event(name: str, data: Json, usage: Json | None = None) -> Event:
    return Event({"type": name, **data}, name=name, usage=usage)
