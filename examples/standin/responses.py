"""POST /v1/responses and GET /v1/responses/ID: plain answers, stream events, stored conversations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from .answers import Answer, Prompt, answer_to, reasoning_effort
from .chat_request import refuse
from .memory import MESSAGE_TOKENS, StoredResponse, count
from .response_events import Response, final_status
from .wire import Json, Reply, Request, compact, inner, objects

if TYPE_CHECKING:
    from .models import Model

_PARAMETERS = frozenset((
    "background", "context_management", "conversation", "include", "input", "instructions",
    "max_output_tokens", "max_tool_calls", "metadata", "model", "moderation", "parallel_tool_calls", "prompt",
    "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "reasoning", "safety_identifier",
    "service_tier", "store", "stream", "stream_options", "temperature", "text", "tool_choice", "tools",
    "top_logprobs", "top_p", "truncation", "user",
))  # fmt: skip


def create_response(request: Request) -> Reply:
    """The answer to a responses request; with `previous_response_id` the whole conversation is counted.

    Raises:
        RefusalError: what the real endpoint refuses too.
    """
    model = _checked(request)
    body = request.body
    transcript, items = _transcript(request)
    cost = MESSAGE_TOKENS * (1 + items) + count(transcript)
    if cost > model.window:
        message = "Your input exceeds the context window of this model. Please adjust your input and try again."
        raise refuse(message, param="input", code="context_length_exceeded")
    effort = inner(body, "reasoning").get("effort")
    thinks = reasoning_effort(effort, request.fault, is_reasoning=model.is_reasoning)
    answer = answer_to(_prompt(body, model.window - cost, thinks), request.fault)
    cached = min(cost, request.memory.prefixes.cached_tokens(model.name, transcript))
    usage = _usage(cost, cached, answer)
    response = Response(request=request, model=model, answer=answer, usage=usage)
    document = response.document(final_status(answer), usage)
    events = tuple(response.events()) if request.is_stream else None
    if body.get("store", True):
        stored = StoredResponse(document, transcript + answer.text, events or ())
        request.memory.store(response.response_id, stored)
    return Reply(
        kind="responses",
        document=document,
        events=events,
        model=model.answers_as,
        response_id=response.response_id,
        usage=document["usage"] if events is None else None,
        billed=usage,
    )


def count_input_tokens(request: Request) -> Reply:
    """How many tokens a request would cost; nothing is billed."""
    model = request.memory.model(request.body.get("model"))
    transcript, items = _transcript(request)
    document = {"object": "response.input_tokens", "input_tokens": MESSAGE_TOKENS * (1 + items) + count(transcript)}
    return Reply(kind="count_tokens", document=document, model=model.answers_as)


def fetch_response(request: Request) -> Reply:
    """A stored response, or the rest of its stream, with the usage it had when it was made; nothing is billed again."""
    response_id = request.path.rsplit("/", 1)[-1]
    stored = request.memory.response(response_id)
    document = stored.document
    start = int(request.query.get("starting_after", -1)) + 1
    return Reply(
        kind="fetch_response",
        document=document,
        events=stored.events[start:] if request.is_stream else None,
        model=document["model"],
        response_id=response_id,
        usage=document["usage"],
    )


def _checked(request: Request) -> Model:
    body = request.body
    for name in body:
        if name not in _PARAMETERS and name != "previous_response_id":
            raise refuse(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")
    for name in inner(body, "stream_options"):
        if name != "include_obfuscation":
            where = f"stream_options.{name}"
            raise refuse(f"Unknown parameter: '{where}'.", param=where, code="unknown_parameter")
    if not body.get("model"):
        raise refuse("Missing required parameter: 'model'.", param="model", code="missing_required_parameter")
    if not body.get("input"):
        raise refuse("Missing required parameter: 'input'.", param="input", code="missing_required_parameter")
    if (body.get("max_output_tokens") or 16) < 16:
        message = "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16."
        raise refuse(message, param="max_output_tokens", code="integer_below_min_value")
    return request.memory.model(body["model"])


def _transcript(request: Request) -> tuple[str, int]:
    """Everything the model reads, and in how many items."""
    body = request.body
    parts = [body.get("instructions") or "", compact(body["tools"]) if body.get("tools") else ""]
    previous = body.get("previous_response_id")
    if previous:
        parts.append(request.memory.response(previous).transcript)
    items = _items(body)
    parts += [_item_text(item) for item in items]
    return "".join(parts), len(items)


def _items(body: Json) -> list[dict[str, Any]]:
    given = body["input"]
    return [{"role": "user", "content": given}] if isinstance(given, str) else given


def _item_text(item: Json) -> str:
    content = item.get("content") or item.get("output") or item.get("arguments") or ""
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text", "")) for part in cast("list[Json]", content))


def _prompt(body: Json, room: int, reasoning_tokens: int) -> Prompt:
    last = _items(body)[-1]
    text_format = inner(inner(body, "text"), "format")
    is_result = last.get("type") == "function_call_output" or body.get("tool_choice") == "none"
    functions = [tool for tool in objects(body, "tools") if tool.get("type") == "function"]
    return Prompt(
        last_text=_item_text(last),
        cap=min(body.get("max_output_tokens") or room, room),
        schema=text_format.get("schema") if text_format.get("type") == "json_schema" else None,
        tools=() if is_result else tuple((t["name"], t.get("parameters") or {}) for t in functions),
        reasoning_tokens=reasoning_tokens,
    )


def _usage(cost: int, cached: int, answer: Answer) -> Json:
    return {
        "input_tokens": cost,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
        "output_tokens": answer.output_tokens,
        "output_tokens_details": {"reasoning_tokens": answer.reasoning_tokens},
        "total_tokens": cost + answer.output_tokens,
    }
