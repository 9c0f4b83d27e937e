"""What the stand-in's models say: deterministic words, JSON that fits a schema, tool calls, reasoning.

An answer's length is, in this order: `x-standin: output_tokens=N`; "in N words" in the last user message;
otherwise 16 to 47 tokens, decided by a checksum of that message. The request's own maximum always caps it.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from .memory import count
from .wire import Json, compact

if TYPE_CHECKING:
    from .faults import Fault

_VOCABULARY = (
    " the", " meter", " shows", " how", " many", " tokens", " each", " call", " of", " a", " session", " used",
    " and", " what", " it", " cost", " so", " that", " limit", " is", " seen", " in", " good", " time",
)  # fmt: skip
_WORDS_ASKED = re.compile(r"\bin (?:about |at most )?(\d{1,5}) words\b")
_EFFORTS = {"none": 0, "minimal": 0, "low": 64, "medium": 192, "high": 512, "xhigh": 1024}


@dataclass(frozen=True)
class ToolCall:
    """A call of a tool: its name and its arguments as JSON text."""

    name: str
    arguments: str


@dataclass(frozen=True)
class Answer:
    """What a model says: pieces of text (a token each), tool calls, how much it thought, whether it was cut."""

    pieces: tuple[str, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    reasoning_tokens: int = 0
    is_cut: bool = False

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.pieces)

    @property
    def output_tokens(self) -> int:
        """Text, tool calls and reasoning together; never 0, since ending the answer costs one."""
        called = sum(count(call.name) + count(call.arguments) + 4 for call in self.tool_calls)
        return max(1, len(self.pieces) + called + self.reasoning_tokens)


@dataclass(frozen=True)
class Prompt:
    """What decides an answer: the last user text, the schema asked for, tools to call, the cap in tokens."""

    last_text: str
    cap: int | None = None
    schema: Json | None = None
    tools: tuple[tuple[str, Json], ...] = ()
    reasoning_tokens: int = 0
    index: int = 0


def reasoning_effort(effort: object, fault: Fault, *, is_reasoning: bool) -> int:
    """The tokens a reasoning model thinks at this effort (medium when not said); 0 for other models."""
    if fault.reasoning_tokens >= 0:
        return fault.reasoning_tokens
    return _EFFORTS.get(effort if isinstance(effort, str) else "medium", 192) if is_reasoning else 0


def answer_to(prompt: Prompt, fault: Fault) -> Answer:
    """The answer to `prompt`: tool calls if there are tools to call, JSON if a schema is asked for, else words."""
    cap = prompt.cap if prompt.cap is not None else 1 << 30
    thought = min(prompt.reasoning_tokens, cap)
    room = cap - thought
    if prompt.tools:
        calls = tuple(_call(*prompt.tools[i % len(prompt.tools)]) for i in range(max(1, fault.tool_calls)))
        return Answer(tool_calls=calls, reasoning_tokens=thought)
    if prompt.schema is not None:
        text = compact(sample(prompt.schema, prompt.schema, _quoted(prompt.last_text)))
        pieces = tuple(text[i : i + 4] for i in range(0, len(text), 4))
    else:
        pieces = _words(_length(prompt, fault), prompt.index)
    return Answer(pieces[:room], reasoning_tokens=thought, is_cut=len(pieces) > room)


def _length(prompt: Prompt, fault: Fault) -> int:
    if fault.output_tokens >= 0:
        return fault.output_tokens
    asked = _WORDS_ASKED.search(prompt.last_text)
    return int(asked.group(1)) if asked else 16 + zlib.crc32(prompt.last_text.encode()) % 32


def _words(length: int, index: int) -> tuple[str, ...]:
    words = (_VOCABULARY[(5 * index + i) % len(_VOCABULARY)] for i in range(length))
    return tuple(word.strip().capitalize() if i == 0 else word for i, word in enumerate(words))


def _call(name: str, schema: Json) -> ToolCall:
    return ToolCall(name, compact(sample(schema, schema, "Lisbon")))


def _quoted(text: str) -> str:
    """What an answer in JSON quotes from the question: what stands after its last colon, at most 60 characters."""
    return text.rsplit(": ", 1)[-1][:60]


def sample(schema: Json, root: Json, text: str) -> object:
    """The smallest value that fits a JSON schema: first of an enum, one element in an array, `text` for texts."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rsplit("/", 1)[-1]
        return sample(root.get("$defs", root.get("definitions", {})).get(name, {}), root, text)
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            return sample(schema[key][0], root, text)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    return _sample_of_type(schema, root, text)


def _sample_of_type(schema: Json, root: Json, text: str) -> object:
    kind = schema.get("type", "object")
    if isinstance(kind, list):
        kind = cast("list[str]", kind)[0]
    if kind == "object":
        properties: Json = schema.get("properties", {})
        return {name: sample(inner, root, text) for name, inner in properties.items()}
    if kind == "array":
        return [sample(schema.get("items", {}), root, text)]
    return {"string": text, "integer": 3, "number": 2.5, "boolean": True}.get(kind)
