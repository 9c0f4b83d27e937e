"""Transcript: the messages of one call, gathered only where content capture was asked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from opentelemetry._logs import LogRecord, SeverityNumber

from submeter import semconv
from submeter.core.content import message_of, messages_of, parts_of, plain, shortened, tools_of
from submeter.core.endpoint import fields_of
from submeter.core.telemetry import telemetry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.context import Context


_PIECES = {
    "response.output_text.delta": "text",
    "response.refusal.delta": "text",
    "response.reasoning_text.delta": "reasoning",
    "response.reasoning_summary_text.delta": "reasoning",
}
"""Events of a response's stream that hold a piece of it, and of what."""


class Transcript:
    """What one call asked and was answered.

    Args:
        body: the request's fields.
        mode: `span_only`, `event_only` or `span_and_event`; `no_content` only gathers, for an estimate.
    """

    def __init__(self, body: Mapping[str, Any], mode: str) -> None:
        self._mode = mode
        self._is_in_background = body.get("background") is True
        self._asked = messages_of(body.get("messages") or body.get("input") or body.get("prompt"))
        self._system = parts_of(body.get("system") or body.get("instructions"))
        self._tools = tools_of(body.get("tools"))
        self._answers: list[dict[str, Any]] = []
        self._texts: dict[tuple[int, str], list[str]] = {}
        self._calls: dict[tuple[int, int], dict[str, Any]] = {}

    def read(self, answer: Any) -> None:
        """Takes a whole answer: chat choices, a message, or a response's output."""
        fields = fields_of(answer)
        if fields.get("choices"):
            self._answers = [
                message_of(choice["message"], "assistant")
                if choice.get("message") is not None
                else {"role": "assistant", "parts": parts_of(choice.get("text"))}
                for choice in map(fields_of, fields["choices"])
            ]
        elif fields.get("output"):
            self._answers = messages_of(fields["output"], "assistant")
        elif isinstance(fields.get("content"), list) and fields["content"]:
            self._answers = [message_of(answer, "assistant")]

    def feed(self, chunk: Any) -> None:
        """Takes a stream's next chunk."""
        fields = fields_of(chunk)
        for choice in map(fields_of, fields.get("choices") or ()):
            # A legacy completion has its text where a chat has a delta.
            self._delta(choice.get("index") or 0, fields_of(choice.get("delta")) or {"content": choice.get("text")})
        if isinstance(fields.get("type"), str) and "output_index" in fields:
            self._event(fields["type"], fields["output_index"], fields)
        if fields.get("response") is not None:
            self.read(fields["response"])
        block = fields_of(fields.get("content_block"))
        index = fields.get("index") or 0
        if block.get("type") == "tool_use":
            self._calls[0, index] = {"id": block.get("id"), "name": block.get("name"), "arguments": ""}
        delta = fields_of(fields.get("delta"))
        if "partial_json" in delta and (0, index) in self._calls:
            self._calls[0, index]["arguments"] += str(delta["partial_json"])
        for kind, name in (("text", "text"), ("reasoning", "thinking")):
            if isinstance(delta.get(name), str):
                self._texts.setdefault((0, kind), []).append(delta[name])

    def _event(self, kind: str, place: int, fields: Mapping[str, Any]) -> None:
        if kind in _PIECES:
            self._texts.setdefault((place, _PIECES[kind]), []).append(str(fields.get("delta")))
        item = fields_of(fields.get("item"))
        if kind == "response.output_item.added" and item.get("type") == "function_call":
            self._calls[place, 0] = {"id": item.get("call_id"), "name": item.get("name"), "arguments": ""}
        if kind == "response.function_call_arguments.delta" and (place, 0) in self._calls:
            self._calls[place, 0]["arguments"] += str(fields.get("delta"))

    def _delta(self, choice: int, delta: Mapping[str, Any]) -> None:
        for name in ("content", "refusal"):
            if isinstance(delta.get(name), str):
                self._texts.setdefault((choice, "text"), []).append(delta[name])
        for called in map(fields_of, delta.get("tool_calls") or ()):
            key = choice, called.get("index") or 0
            call = self._calls.setdefault(key, {"id": None, "name": None, "arguments": ""})
            function = fields_of(called.get("function"))
            call["id"] = called.get("id") or call["id"]
            call["name"] = function.get("name") or call["name"]
            call["arguments"] += function.get("arguments") or ""

    def _streamed(self) -> list[dict[str, Any]]:
        choices = sorted({choice for choice, _ in (*self._texts, *self._calls)})
        messages = list[dict[str, Any]]()
        for choice in choices:
            parts = [
                {"type": kind, "content": "".join(self._texts[choice, kind])}
                for kind in ("reasoning", "text")
                if (choice, kind) in self._texts
            ]
            parts += [
                {"type": "tool_call", **call, "arguments": plain(call["arguments"])}
                for (owner, _), call in sorted(self._calls.items())
                if owner == choice
            ]
            messages.append({"role": "assistant", "parts": parts})
        return messages

    def _told(self) -> dict[str, Any]:
        named = {
            semconv.SYSTEM_INSTRUCTIONS: self._system,
            semconv.INPUT_MESSAGES: self._asked,
            semconv.OUTPUT_MESSAGES: self._answers or self._streamed(),
            semconv.TOOL_DEFINITIONS: self._tools,
        }
        return {name: shortened(value) for name, value in named.items() if value}

    def texts(self) -> tuple[str, str]:
        """What was asked and what was answered, as plain text; of a response in the background when it is fetched."""
        if self._is_in_background:
            return "", ""
        return _text_of(self._system, self._asked), _text_of([], self._answers or self._streamed())

    def attributes(self) -> dict[str, str]:
        """The content as span attributes, each a JSON text (conventions: until spans can hold structure)."""
        if self._mode not in {"span_only", "span_and_event"}:
            return {}
        return {name: json.dumps(value, ensure_ascii=False) for name, value in self._told().items()}

    def emit(self, attributes: Mapping[str, Any], context: Context, at_ns: int) -> None:
        """Sends the details event of the call, linked to its span, content structured."""
        if self._mode not in {"event_only", "span_and_event"}:
            return
        telemetry().logger.emit(
            LogRecord(
                timestamp=at_ns,
                context=context,
                severity_number=SeverityNumber.DEBUG,
                severity_text="DEBUG",
                event_name=semconv.EVENT_DETAILS,
                attributes={**attributes, **self._told()},
            )
        )


def _text_of(parts: list[dict[str, Any]], messages: list[dict[str, Any]]) -> str:
    every = [*parts, *(part for message in messages for part in message["parts"])]
    return "\n".join(str(part.get("content") or part.get("arguments") or part.get("response") or "") for part in every)
