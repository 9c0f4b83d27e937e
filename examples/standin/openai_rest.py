"""OpenAI's other endpoints: text completions, embeddings, moderations, images, the model list."""

from __future__ import annotations

import base64
import hashlib
import struct
import time
from typing import TYPE_CHECKING, Any, cast

from .answers import Prompt, answer_to
from .chat import DONE, finish_reason, usage_of
from .chat_request import refuse
from .memory import count
from .models import known_models
from .wire import Event, Json, Reply, Request, inner, new_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .answers import Answer

_EMBEDDING_PARAMETERS = frozenset({"input", "model", "dimensions", "encoding_format", "user"})
_DIMENSIONS = {"text-embedding-3-large": 3072}
_CATEGORIES = (
    "harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent",
    "self-harm", "self-harm/instructions", "self-harm/intent", "sexual", "sexual/minors", "violence",
    "violence/graphic",
)  # fmt: skip
_IMAGE_TOKENS = {"low": 272, "medium": 1056, "high": 4160}
_PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()


def create_completion(request: Request) -> Reply:
    """The answer to a text completion; every prompt of a list is counted and answered."""
    body = request.body
    model = request.memory.model(body.get("model"))
    prompts = body.get("prompt", "")
    texts = cast("list[str]", prompts) if isinstance(prompts, list) else [str(prompts)]
    cost = {"prompt_tokens": sum(map(count, texts)), "cached_tokens": 0, "audio_tokens": 0}
    cap = min(body.get("max_tokens") or 16, model.window - cost["prompt_tokens"])
    if cap < 1:
        message = f"This model's maximum context length is {model.window} tokens. Please reduce your prompt."
        raise refuse(message, param="prompt", code="context_length_exceeded")
    answers = tuple(
        answer_to(Prompt(last_text=text, cap=cap, index=index), request.fault)
        for text in texts
        for index in range(body.get("n") or 1)
    )
    usage = usage_of(cost, answers)
    head: Json = {
        "id": new_id("cmpl-"),
        "object": "text_completion",
        "created": int(time.time()),
        "model": model.answers_as,
    }
    events = tuple(_completion_events(request, head, answers, usage)) if request.is_stream else None
    choices = [_choice(index, answer.text, finish_reason(answer)) for index, answer in enumerate(answers)]
    is_silent = request.fault.usage in {"none", "null"}
    document: Json = {**head, "choices": choices}
    if not is_silent:
        document["usage"] = usage
    return Reply(
        kind="text_completion",
        document=document,
        events=events,
        model=model.answers_as,
        response_id=head["id"],
        usage=document.get("usage") if events is None else None,
        billed=usage,
    )


def _choice(index: int, text: str, reason: str | None) -> Json:
    return {"index": index, "text": text, "logprobs": None, "finish_reason": reason}


def _completion_events(request: Request, head: Json, answers: tuple[Answer, ...], usage: Json) -> Iterator[Event]:
    includes = bool(inner(request.body, "stream_options").get("include_usage"))
    includes = includes and request.fault.usage not in {"none", "null"}
    rest: Json = {"usage": None} if includes else {}
    for index, answer in enumerate(answers):
        for piece in answer.pieces:
            yield Event({**head, "choices": [_choice(index, piece, None)], **rest})
        yield Event({**head, "choices": [_choice(index, "", finish_reason(answer))], **rest})
    if includes:
        yield Event({**head, "choices": [], "usage": usage}, usage=usage)
    yield DONE


def create_embeddings(request: Request) -> Reply:
    """Vectors for texts or lists of token ids, as floats or base64; the same text gives the same vector."""
    body = request.body
    for name in body:
        if name not in _EMBEDDING_PARAMETERS:
            raise refuse(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")
    model = request.memory.model(body.get("model"))
    given = body.get("input")
    if not given:
        raise refuse("'$.input' is invalid. Please check the API reference: input is required.", param="input")
    inputs = _embedding_inputs(given)
    size = body.get("dimensions") or _DIMENSIONS.get(model.name, 1536)
    tokens = sum(count(item) if isinstance(item, str) else len(item) for item in inputs)
    data = [
        {"object": "embedding", "index": index, "embedding": _vector(str(item), size, body)}
        for index, item in enumerate(inputs)
    ]
    usage: Json = {"prompt_tokens": tokens, "total_tokens": tokens}
    document: Json = {"object": "list", "data": data, "model": model.answers_as}
    if request.fault.usage != "none":
        document["usage"] = None if request.fault.usage == "null" else usage
    return Reply(
        kind="embeddings",
        document=document,
        model=model.answers_as,
        usage=document.get("usage"),
        billed=usage,
    )


def _embedding_inputs(given: object) -> list[str | list[int]]:
    if isinstance(given, str):
        return [given]
    items = cast("list[Any]", given)
    return [cast("list[int]", items)] if isinstance(items[0], int) else items


def _vector(text: str, size: int, body: Json) -> str | list[float]:
    seed = hashlib.blake2b(text.encode(), digest_size=64).digest()
    numbers = [(seed[i % 64] - 127.5) / 127.5 / size**0.5 for i in range(size)]
    if body.get("encoding_format") == "base64":
        return base64.b64encode(struct.pack(f"<{size}f", *numbers)).decode()
    return numbers


def create_moderation(request: Request) -> Reply:
    """Nothing is ever flagged; moderations have no usage."""
    given = request.body.get("input")
    if not given:
        raise refuse("Missing required parameter: 'input'.", param="input", code="missing_required_parameter")
    many = len(cast("list[Any]", given)) if isinstance(given, list) else 1
    name = request.body.get("model") or "omni-moderation-latest"
    result = {
        "flagged": False,
        "categories": dict.fromkeys(_CATEGORIES, False),
        "category_scores": dict.fromkeys(_CATEGORIES, 0.0001),
        "category_applied_input_types": {category: ["text"] for category in _CATEGORIES},
    }
    document: Json = {"id": new_id("modr-"), "model": name, "results": [result] * many}
    return Reply(kind="moderations", document=document, model=name, response_id=document["id"])


def create_image(request: Request) -> Reply:
    """`n` images of one pixel; gpt-image models report tokens by quality, dall-e models none."""
    body = request.body
    model = request.memory.model(body.get("model") or "gpt-image-1")
    prompt = body.get("prompt")
    if not prompt:
        raise refuse("Missing required parameter: 'prompt'.", param="prompt", code="missing_required_parameter")
    many = body.get("n") or 1
    document: Json = {"created": int(time.time()), "data": [{"b64_json": _PIXEL}] * many}
    usage: Json | None = None
    if model.name.startswith("gpt-image"):
        text = count(prompt)
        image = many * _IMAGE_TOKENS.get(body.get("quality", "high"), _IMAGE_TOKENS["high"])
        usage = {
            "input_tokens": text,
            "input_tokens_details": {"text_tokens": text, "image_tokens": 0},
            "output_tokens": image,
            "output_tokens_details": {"text_tokens": 0, "image_tokens": image},
            "total_tokens": text + image,
        }
        document["usage"] = usage
    events = tuple(_image_events(body, usage)) if request.is_stream else None
    sent = usage if events is None else None
    return Reply(kind="images", document=document, events=events, model=model.answers_as, usage=sent, billed=usage)


def _image_events(body: Json, usage: Json | None) -> Iterator[Event]:
    picture: Json = {"b64_json": _PIXEL, "created_at": int(time.time()), "output_format": "png", "background": "auto"}
    picture |= {"size": body.get("size", "1024x1024"), "quality": body.get("quality", "high")}
    for index in range(body.get("partial_images") or 0):
        name = "image_generation.partial_image"
        yield Event({"type": name, **picture, "partial_image_index": index}, name=name)
    name = "image_generation.completed"
    yield Event({"type": name, **picture, "usage": usage}, name=name, usage=usage)


def list_models(request: Request) -> Reply:
    """The models with a name of their own, in OpenAI's form; nothing is billed."""
    names = [*known_models(), *request.memory.models]
    data = [{"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "standin"} for name in names]
    return Reply(kind="models", document={"object": "list", "data": data})
