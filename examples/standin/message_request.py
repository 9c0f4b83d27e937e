"""What an Anthropic messages request asks for: its checks, and its price in tokens with the prompt cache.

Cache entries are written where `cache_control` says so and read by whoever sends the same blocks again, in
the order tools, system, messages; a prefix under 1,024 tokens is not cached.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from .memory import CACHE_MINIMUM, MESSAGE_TOKENS, count
from .wire import Json, RefusalError, Request, compact, inner, objects

if TYPE_CHECKING:
    from .models import Model

_PARAMETERS = frozenset((
    "cache_control", "compaction", "container", "context_management", "diagnostics", "fallbacks",
    "inference_geo", "max_tokens", "mcp_servers", "messages", "metadata", "model", "output_config",
    "output_format", "service_tier", "speed", "stop_sequences", "stream", "system", "temperature", "thinking",
    "thread", "tool_choice", "tools", "top_k", "top_p",
))  # fmt: skip
_IMAGE_TOKENS = 1334
_MINIMUM_THINKING = 1024


def refuse(message: str, status: int = 400, kind: str = "invalid_request_error") -> RefusalError:
    """A refusal in Anthropic's words."""
    return RefusalError(status, message, kind=kind)


def checked(request: Request) -> Model:
    """The model of a messages request whose parameters the real endpoint would accept.

    Raises:
        RefusalError: 400 with the real endpoint's message, 404 for an unknown model.
    """
    body = request.body
    for name in body:
        if name not in _PARAMETERS:
            raise refuse(f"{name}: Extra inputs are not permitted")
    for name in ("model", "messages"):
        if name not in body:
            raise refuse(f"{name}: Field required")
    try:
        model = request.memory.model(body["model"])
    except RefusalError:
        raise refuse(f"model: {body['model']}", 404, "not_found_error") from None
    _check_messages(body["messages"])
    return model


def _check_messages(messages: list[Json]) -> None:
    if not messages:
        raise refuse("messages: at least one message is required")
    for index, message in enumerate(messages):
        if message.get("role") not in {"user", "assistant"}:
            raise refuse(f"messages.{index}.role: Input should be 'user' or 'assistant'")
        if not message.get("content"):
            raise refuse(f"messages.{index}: all messages must have non-empty content")


def check_output(body: Json) -> None:
    """Refuses a missing or useless `max_tokens`, or a thinking budget that does not fit into it."""
    maximum = body.get("max_tokens")
    if maximum is None:
        raise refuse("max_tokens: Field required")
    if not isinstance(maximum, int) or maximum < 1:
        raise refuse("max_tokens: Input should be greater than or equal to 1")
    thinking = inner(body, "thinking")
    if thinking.get("type") != "enabled":
        return
    budget = thinking.get("budget_tokens", 0)
    if budget < _MINIMUM_THINKING:
        raise refuse("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")
    if budget >= maximum:
        raise refuse("`max_tokens` must be greater than `thinking.budget_tokens`")


@dataclass(frozen=True)
class InputCost:
    """What the input costs in tokens; the four parts do not overlap, their sum is everything read."""

    fresh: int
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0

    @property
    def total(self) -> int:
        """Everything the model reads."""
        return self.fresh + self.cache_read + self.cache_write_5m + self.cache_write_1h


@dataclass(frozen=True)
class _Block:
    text: str
    tokens: int
    ttl: str = ""


def total_tokens(body: Json) -> int:
    """Everything the model would read: three tokens open the answer, three a message, the rest by its text."""
    return MESSAGE_TOKENS + sum(block.tokens for block in _blocks(body))


def input_cost(request: Request, model: Model) -> InputCost:
    """What the input costs; reads and writes the prompt cache.

    Raises:
        RefusalError: 400, the input does not fit into the model's context window.
    """
    blocks = _blocks(request.body)
    total = MESSAGE_TOKENS + sum(block.tokens for block in blocks)
    if total > model.window:
        raise refuse(f"prompt is too long: {total} tokens > {model.window} maximum")
    if request.fault.cached_tokens >= 0:
        read = min(total, request.fault.cached_tokens)
        return InputCost(fresh=total - read, cache_read=read)
    last = max((i for i, block in enumerate(blocks) if block.ttl), default=-1)
    read, written = 0, {"5m": 0, "1h": 0}
    reached = passed = 0
    digest = hashlib.blake2b(model.name.encode(), digest_size=16)
    for block in blocks[: last + 1]:
        digest.update(block.text.encode() + b"\0")
        reached += block.tokens
        key = digest.copy().digest()
        if reached < CACHE_MINIMUM:
            continue
        if request.memory.prefixes.has(key):
            read = passed = reached
            written = {"5m": 0, "1h": 0}
        elif block.ttl:
            request.memory.prefixes.write(key)
            written[block.ttl] += reached - passed
            passed = reached
    fresh = total - read - written["5m"] - written["1h"]
    return InputCost(fresh, read, written["5m"], written["1h"])


def _blocks(body: Json) -> list[_Block]:
    blocks = [_Block(compact(tool), count(compact(tool)), _ttl(tool)) for tool in objects(body, "tools")]
    blocks += [_block(part, 0) for part in _parts(body.get("system") or "")]
    for message in body["messages"]:
        for index, part in enumerate(_parts(message["content"])):
            blocks.append(_block(part, 0 if index else MESSAGE_TOKENS))
    if body.get("cache_control") and blocks:
        blocks[-1] = _Block(blocks[-1].text, blocks[-1].tokens, _ttl(body))
    return blocks


def _parts(content: object) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return cast("list[dict[str, Any]]", content)


def _block(part: Json, extra: int) -> _Block:
    if part.get("type") == "image":
        return _Block(compact(part), _IMAGE_TOKENS + extra, _ttl(part))
    text = part_text(part)
    return _Block(text, count(text) + extra, _ttl(part))


def part_text(part: Json) -> str:
    """The text of a content block; a tool's call or result as its JSON."""
    for key in ("text", "thinking"):
        if key in part:
            return str(part[key])
    rest = part.get("input") if part.get("type") == "tool_use" else part.get("content", "")
    return rest if isinstance(rest, str) else compact(rest)


def _ttl(holder: Json) -> str:
    control = holder.get("cache_control")
    return control.get("ttl", "5m") if control else ""


def last_user_text(body: Json) -> str:
    """The text of the last message."""
    return "".join(part_text(part) for part in _parts(body["messages"][-1]["content"]))


def is_tool_result(body: Json) -> bool:
    """Whether the last message hands a tool's result back."""
    return any(part.get("type") == "tool_result" for part in _parts(body["messages"][-1]["content"]))
