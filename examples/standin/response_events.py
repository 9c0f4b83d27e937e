"""One response of /v1/responses as a document and as stream events."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .wire import Event, Json, Request, inner, new_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .answers import Answer
    from .models import Model


def final_status(answer: Answer) -> str:
    """The status a response ends with."""
    return "incomplete" if answer.is_cut else "completed"


class Response:
    """One response being made: its document at any status, and the events that stream it."""

    def __init__(self, *, request: Request, model: Model, answer: Answer, usage: Json) -> None:
        self.request = request
        self.model = model
        self.answer = answer
        self.usage = usage
        self.response_id = new_id("resp_")
        self.created = int(time.time())
        self.items = self._output()

    def _output(self) -> tuple[Json, ...]:
        items: list[Json] = []
        if self.answer.reasoning_tokens:
            items.append({"id": new_id("rs_"), "type": "reasoning", "summary": []})
        for call in self.answer.tool_calls:
            head = {"id": new_id("fc_"), "type": "function_call", "status": "completed", "name": call.name}
            items.append({**head, "call_id": new_id("call_"), "arguments": call.arguments})
        if self.answer.pieces or not self.answer.tool_calls:
            part: Json = {"type": "output_text", "text": self.answer.text, "annotations": [], "logprobs": []}
            head = {"id": new_id("msg_"), "type": "message", "role": "assistant"}
            items.append({**head, "status": final_status(self.answer), "content": [part]})
        return tuple(items)

    def document(self, status: str, usage: Json | None) -> Json:
        """The response object at `status`; output and resolved service tier only when it is final."""
        body = self.request.body
        is_final = status in {"completed", "incomplete"}
        tier = self.request.fault.service_tier or body.get("service_tier") or "auto"
        return {
            "id": self.response_id,
            "object": "response",
            "created_at": self.created,
            "status": status,
            "background": bool(body.get("background")),
            "completed_at": self.created if is_final else None,
            "error": None,
            "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
            "instructions": body.get("instructions"),
            "max_output_tokens": body.get("max_output_tokens"),
            "model": self.model.answers_as,
            "output": list(self.items) if is_final else [],
            "parallel_tool_calls": body.get("parallel_tool_calls", True),
            "previous_response_id": body.get("previous_response_id"),
            "reasoning": {"effort": inner(body, "reasoning").get("effort"), "summary": None},
            "service_tier": "default" if is_final and tier == "auto" else tier,
            "store": body.get("store", True),
            "temperature": body.get("temperature", 1.0),
            "text": body.get("text") or {"format": {"type": "text"}},
            "tool_choice": body.get("tool_choice", "auto"),
            "tools": body.get("tools") or [],
            "top_p": body.get("top_p", 1.0),
            "truncation": body.get("truncation") or "disabled",
            "usage": None if self.request.fault.usage in {"none", "null"} else usage,
            "user": None,
            "metadata": inner(body, "metadata"),
        }

    def events(self) -> Iterator[Event]:
        """The events of the stream; only the last one carries usage."""
        final = final_status(self.answer)
        for number, (name, data) in enumerate(self._steps(final)):
            usage = data["response"]["usage"] if name == f"response.{final}" else None
            yield Event({"type": name, "sequence_number": number, **data}, name=name, usage=usage)

    def _steps(self, final: str) -> Iterator[tuple[str, Json]]:
        yield "response.created", {"response": self.document("in_progress", None)}
        yield "response.in_progress", {"response": self.document("in_progress", None)}
        for index, item in enumerate(self.items):
            where = {"output_index": index, "item_id": item["id"]}
            opened = {k: v for k, v in item.items() if k not in {"content", "arguments", "status"}}
            if item["type"] == "message":
                opened.update(content=[], status="in_progress")
            elif item["type"] == "function_call":
                opened.update(arguments="", status="in_progress")
            yield "response.output_item.added", {"output_index": index, "item": opened}
            yield from self._inside(item, where)
            yield "response.output_item.done", {"output_index": index, "item": item}
        yield f"response.{final}", {"response": self.document(final, self.usage)}

    def _inside(self, item: Json, where: Json) -> Iterator[tuple[str, Json]]:
        if item["type"] == "function_call":
            arguments = item["arguments"]
            for start in range(0, len(arguments), 8):
                delta = arguments[start : start + 8]
                yield "response.function_call_arguments.delta", {**where, "delta": delta}
            done = {**where, "arguments": arguments, "name": item["name"]}
            yield "response.function_call_arguments.done", done
        elif item["type"] == "message":
            where = {**where, "content_index": 0}
            part = item["content"][0]
            yield "response.content_part.added", {**where, "part": {**part, "text": ""}}
            for piece in self.answer.pieces:
                yield "response.output_text.delta", {**where, "delta": piece, "logprobs": []}
            yield "response.output_text.done", {**where, "text": part["text"], "logprobs": []}
            yield "response.content_part.done", {**where, "part": part}
