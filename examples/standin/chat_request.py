"""What a chat request asks for: its checks, its price in tokens, and the prompt an answer is made from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from .answers import Prompt
from .memory import MESSAGE_TOKENS, count
from .wire import Json, RefusalError, Request, compact, inner, objects

if TYPE_CHECKING:
    from .models import Model

_PARAMETERS = frozenset((
    "audio", "frequency_penalty", "function_call", "functions", "logit_bias", "logprobs",
    "max_completion_tokens", "max_tokens", "messages", "metadata", "modalities", "model", "moderation", "n",
    "parallel_tool_calls", "prediction", "presence_penalty", "prompt_cache_key", "prompt_cache_options",
    "prompt_cache_retention", "reasoning_effort", "response_format", "safety_identifier", "seed",
    "service_tier", "stop", "store", "stream", "stream_options", "temperature", "tool_choice", "tools",
    "top_logprobs", "top_p", "user", "verbosity", "web_search_options",
))  # fmt: skip
_ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
_IMAGE_TOKENS = {"low": 85, "auto": 765, "high": 765}
_AUDIO_CHARACTERS_A_TOKEN = 1000


def refuse(message: str, *, param: str | None = None, code: str | None = None) -> RefusalError:
    """A 400 in OpenAI's words."""
    return RefusalError(400, message, kind="invalid_request_error", code=code, param=param)


def checked(request: Request) -> Model:
    """The model of a chat request whose parameters the real endpoint would accept.

    Raises:
        RefusalError: 400 with the real endpoint's message, 404 for an unknown model.
    """
    body = request.body
    for name in body:
        if name not in _PARAMETERS:
            raise refuse(f"Unrecognized request argument supplied: {name}")
    if not body.get("model"):
        raise refuse("you must provide a model parameter")
    model = request.memory.model(body["model"])
    _check_messages(body.get("messages"))
    _check_numbers(body, model)
    if body.get("stream_options") is not None and not request.is_stream:
        message = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        raise refuse(message, param="stream_options")
    return model


def _check_messages(messages: object) -> None:
    if messages is None:
        raise refuse("Missing required parameter: 'messages'.", param="messages", code="missing_required_parameter")
    if not isinstance(messages, list) or not messages:
        message = "Invalid 'messages': empty array. Expected an array with minimum length 1."
        raise refuse(message, param="messages", code="empty_array")
    for index, message in enumerate(cast("list[Json]", messages)):
        if message.get("role") not in _ROLES:
            where = f"messages[{index}].role"
            raise refuse(f"Invalid value: '{message.get('role')}' for '{where}'.", param=where, code="invalid_value")


def _check_numbers(body: Json, model: Model) -> None:
    if model.is_reasoning and body.get("max_tokens") is not None:
        message = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        )
        raise refuse(message, param="max_tokens", code="unsupported_parameter")
    if model.is_reasoning and body.get("temperature") not in {None, 1}:
        message = "Unsupported value: 'temperature' does not support this value with this model. Only 1 is supported."
        raise refuse(message, param="temperature", code="unsupported_value")
    for name, low, high in (("n", 1, 128), ("temperature", 0, 2), ("max_tokens", 1, 1 << 20)):
        value = body.get(name)
        if value is not None and not (isinstance(value, int | float) and low <= value <= high):
            raise refuse(f"Invalid '{name}': expected a value from {low} to {high}.", param=name)


def prompt_cost(request: Request, model: Model) -> dict[str, int]:
    """What the prompt costs: `prompt_tokens` with `cached_tokens` and `audio_tokens` among them.

    Three tokens open the answer; each message costs three and its text; a tool costs its JSON; an image 85
    (low detail) or 765; audio one token per 1,000 characters of base64, ten at least.

    Raises:
        RefusalError: 400, the prompt does not fit into the model's context window.
    """
    body = request.body
    tools = compact(body["tools"]) if body.get("tools") else ""
    texts = [text_of(message) for message in body["messages"]]
    parts = [part for message in body["messages"] for part in _parts(message.get("content"))]
    images = sum(_image_tokens(part) for part in parts)
    audio = sum(_audio_tokens(part) for part in parts)
    tokens = MESSAGE_TOKENS + count(tools) + images + audio + sum(MESSAGE_TOKENS + count(t) for t in texts)
    _check_window(tokens, body, model)
    cached = request.fault.cached_tokens
    if cached < 0:
        cached = request.memory.prefixes.cached_tokens(model.name, tools + "".join(texts))
    return {"prompt_tokens": tokens, "cached_tokens": min(cached, tokens), "audio_tokens": audio}


def _check_window(tokens: int, body: Json, model: Model) -> None:
    asked = body.get("max_completion_tokens") or body.get("max_tokens") or 0
    if tokens + asked <= model.window:
        return
    spent = f"your messages resulted in {tokens} tokens"
    if asked:
        spent = f"you requested {tokens + asked} tokens ({tokens} in the messages, {asked} in the completion)"
    message = (
        f"This model's maximum context length is {model.window} tokens. However, {spent}. "
        "Please reduce the length of the messages or completion."
    )
    raise refuse(message, param="messages", code="context_length_exceeded")


def text_of(message: Json) -> str:
    """The text of a message, tool calls included as their JSON."""
    content = message.get("content")
    text = content if isinstance(content, str) else "".join(str(p.get("text", "")) for p in _parts(content))
    return text + (compact(message["tool_calls"]) if message.get("tool_calls") else "")


def _parts(content: object) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", content) if isinstance(content, list) else []


def _image_tokens(part: Json) -> int:
    if part.get("type") != "image_url":
        return 0
    return _IMAGE_TOKENS.get(part.get("image_url", {}).get("detail", "auto"), 765)


def _audio_tokens(part: Json) -> int:
    if part.get("type") != "input_audio":
        return 0
    return max(10, len(part.get("input_audio", {}).get("data", "")) // _AUDIO_CHARACTERS_A_TOKEN)


def prompt_of(body: Json, *, room: int, reasoning_tokens: int) -> Prompt:
    """What decides the answer. Tools are called until the last message is a tool's result."""
    last = body["messages"][-1]
    asked = body.get("max_completion_tokens") or body.get("max_tokens") or room
    response_format = inner(body, "response_format")
    schema: Json | None = None
    if response_format.get("type") == "json_schema":
        schema = response_format["json_schema"].get("schema", {})
    elif response_format.get("type") == "json_object":
        schema = {"type": "object", "properties": {"answer": {"type": "string"}}}
    return Prompt(
        last_text=text_of(last),
        cap=min(asked, room),
        schema=schema,
        tools=() if last.get("role") == "tool" else _tools(body),
        reasoning_tokens=reasoning_tokens,
    )


def _tools(body: Json) -> tuple[tuple[str, Json], ...]:
    choice = body.get("tool_choice", "auto")
    tools = [tool.get("function", {}) for tool in objects(body, "tools") if tool.get("type") == "function"]
    if choice == "none":
        return ()
    if isinstance(choice, dict):
        wanted = cast("Json", choice).get("function", {}).get("name")
        tools = [tool for tool in tools if tool.get("name") == wanted]
    return tuple((tool["name"], tool.get("parameters") or {}) for tool in tools)
