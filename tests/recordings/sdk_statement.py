"""What a provider itself says a call took, for the providers with words of their own; of nothing of submeter.

Rules are the conventions': input includes what was cached and what tools put in, output includes thoughts, the last
word on each count wins, what was billed wins over what was seen.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, cast

from recordings.exchange import fields_of
from recordings.sdk_players import is_binary
from recordings.statement import clamped

if TYPE_CHECKING:
    from collections.abc import Callable

    from recordings.exchange import Exchange
    from recordings.sdk_players import Player

Fields = dict[str, Any]
Counts = dict[str, int]

CACHE_READ, CACHE_WRITE = "cache_read.input_tokens", "cache_write.input_tokens"


def bodies(exchange: Exchange) -> list[Fields]:
    """The answer, or the events of its stream."""
    if is_binary(exchange):
        return _messages(exchange.body)
    if exchange.is_stream:
        return exchange.events()
    whole = exchange.document()
    if fields_of(whole):
        return [fields_of(whole)]
    if isinstance(whole, list):
        return [fields_of(one) for one in cast("list[object]", whole)]
    found: list[Fields] = []
    for line in exchange.body.splitlines():
        try:
            found.append(fields_of(json.loads(line)))
        except ValueError:
            continue
    return found


def _messages(data: bytes) -> list[Fields]:
    """The payloads of AWS's framing, that of a passed-through model unpacked; an agent's words are left out."""
    found: list[Fields] = []
    while len(data) > 16:
        size, headers = int.from_bytes(data[:4], "big"), int.from_bytes(data[4:8], "big")
        payload: Fields = json.loads(data[12 + headers : size - 4] or b"{}")
        passed = base64.b64decode(payload.get("bytes", ""))
        found.append(json.loads(passed) if passed.startswith(b"{") else payload)
        data = data[size:]
    return found


def stated(exchange: Exchange, player: Player) -> Counts:
    """The counts by their attributes' names without the prefix; empty where the provider states none."""
    if exchange.status >= 400:
        return {}
    if player.is_work:
        return _added(answered(exchange))
    counts = _READERS[player.provider](exchange, bodies(exchange))
    if player.kind == "embeddings":
        counts.pop("output_tokens", None)
    clamped(counts)
    return counts


def answered(exchange: Exchange) -> list[Fields]:
    """The usage of each request to a model that the trace of an agent tells of, beside the answers of others."""
    steps = [fields_of(step) for event in bodies(exchange) for step in fields_of(event.get("trace")).values()]
    made = [fields_of(fields_of(step.get("modelInvocationOutput")).get("metadata")) for step in steps]
    return [fields_of(one["usage"]) for one in made if "usage" in one]


def _added(usages: list[Fields]) -> Counts:
    names = {"inputTokens": "input_tokens", "outputTokens": "output_tokens"}
    return {count: sum(usage[name] for usage in usages) for name, count in names.items()} if usages else {}


def _last(found: list[Fields]) -> Fields:
    """The last word on each field."""
    return {name: value for one in found for name, value in one.items() if value is not None}


def _google(_exchange: Exchange, told: list[Fields]) -> Counts:
    for body in told:
        vectors = [fields_of(fields_of(one).get("embeddings")) for one in body.get("predictions") or ()]
        if vectors:
            return {"input_tokens": sum(fields_of(one.get("statistics"))["token_count"] for one in vectors)}
    usage = _last([fields_of(body.get("usageMetadata")) for body in told])
    if usage:
        return _gemini(usage, _GEMINI, "tokenCount")
    envelopes = [(body, fields_of(body.get("interaction")), fields_of(body.get("metadata"))) for body in told]
    usage = _last([fields_of(one.get("usage")) for three in envelopes for one in three])
    return _gemini(usage, _INTERACTION, "tokens")


_GEMINI = (
    ("promptTokenCount", "toolUsePromptTokenCount"),
    ("candidatesTokenCount", "thoughtsTokenCount"),
    "cachedContentTokenCount",
    "promptTokensDetails",
    "candidatesTokensDetails",
)
_INTERACTION = (
    ("total_input_tokens", "total_tool_use_tokens"),
    ("total_output_tokens", "total_thought_tokens"),
    "total_cached_tokens",
    "input_tokens_by_modality",
    "output_tokens_by_modality",
)


_NUMBERED = {1: "text", 2: "image", 4: "audio"}
"""Modalities as SDKs that speak gRPC recorded them."""


def _gemini(usage: Fields, names: tuple[Any, ...], count: str) -> Counts:
    inputs, outputs, cached, asked, answered = names
    found: Counts = {}
    for total, parts in (("input_tokens", inputs), ("output_tokens", outputs)):
        known = [usage[part] for part in parts if part in usage]
        found.update({total: sum(known)} if known else {})
    if outputs[1] in usage:
        found["reasoning.output_tokens"] = usage[outputs[1]]
    if cached in usage:
        found[CACHE_READ] = usage[cached]
    for side, details in (("input", asked), ("output", answered)):
        for detail in usage.get(details) or ():
            modality = _NUMBERED.get(detail["modality"], str(detail["modality"]).lower())
            if modality in ("text", "image", "audio") and count in detail:
                found[f"{modality}.{side}_tokens"] = detail[count]
    return found


_BEDROCK = {
    "inputTokens": "input_tokens",
    "inputTokenCount": "input_tokens",
    "input_tokens": "input_tokens",
    "prompt_tokens": "input_tokens",
    "inputTextTokenCount": "input_tokens",
    "prompt_token_count": "input_tokens",
    "outputTokens": "output_tokens",
    "outputTokenCount": "output_tokens",
    "output_tokens": "output_tokens",
    "completion_tokens": "output_tokens",
    "totalOutputTextTokenCount": "output_tokens",
    "generation_token_count": "output_tokens",
    "cacheReadInputTokens": CACHE_READ,
    "cacheReadInputTokenCount": CACHE_READ,
    "cache_read_input_tokens": CACHE_READ,
    "cacheWriteInputTokens": CACHE_WRITE,
    "cacheWriteInputTokenCount": CACHE_WRITE,
    "cache_creation_input_tokens": CACHE_WRITE,
}
_HEADERS = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cache-read-input": CACHE_READ,
    "cache-write-input": CACHE_WRITE,
}
_LIFETIMES = {"ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"}


def _bedrock(exchange: Exchange, told: list[Fields]) -> Counts:
    found: Counts = {}
    for body in told:
        nested = (fields_of(body.get(name)) for name in ("metadata", "message", "amazon-bedrock-invocationMetrics"))
        for place in (body, *nested):
            for usage in (place, fields_of(place.get("usage"))):
                found.update({_BEDROCK[name]: usage[name] for name in _BEDROCK if usage.get(name) is not None})
                for one in usage.get("cacheDetails") or ():
                    found[f"cache_creation.ephemeral_{one['ttl']}_input_tokens"] = one["inputTokens"]
                written = fields_of(usage.get("cache_creation"))
                found.update({f"cache_creation.{name}": written[name] for name in _LIFETIMES if name in written})
        lengths = [one["tokenCount"] for one in body.get("results") or () if "tokenCount" in one]
        found.update({"output_tokens": sum(lengths)} if lengths else {})
    for name, count in _HEADERS.items():
        counted = exchange.headers.get(f"x-amzn-bedrock-{name}-token-count", "")
        found.update({count: int(counted)} if counted.isdigit() else {})
    if "input_tokens" in found:
        found["input_tokens"] += found.get(CACHE_READ, 0) + found.get(CACHE_WRITE, 0)
    return found


def _completions(_exchange: Exchange, told: list[Fields]) -> Counts:
    usages = [fields_of(body.get("usage")) or fields_of(fields_of(body.get("x_groq")).get("usage")) for body in told]
    usage = _last(usages)
    found = {"input_tokens": usage.get("prompt_tokens"), "output_tokens": usage.get("completion_tokens")}
    given, made = fields_of(usage.get("prompt_tokens_details")), fields_of(usage.get("completion_tokens_details"))
    found[CACHE_READ] = given.get("cached_tokens", usage.get("num_cached_tokens"))
    found["reasoning.output_tokens"] = made.get("reasoning_tokens")
    found["audio.input_tokens"] = given.get("audio_tokens")
    return {name: count for name, count in found.items() if count is not None}


def _cohere(_exchange: Exchange, told: list[Fields]) -> Counts:
    found: Counts = {}
    for body in told:
        for holder in (body, fields_of(body.get("response")), fields_of(body.get("delta"))):
            usage = fields_of(holder.get("usage")) or fields_of(holder.get("meta"))
            for kind in ("tokens", "billed_units"):
                for name in ("input_tokens", "output_tokens"):
                    count = fields_of(usage.get(kind)).get(name)
                    found.update({name: int(count)} if count is not None else {})
            images = fields_of(usage.get("billed_units")).get("image_tokens")
            found.update({"image.input_tokens": int(images)} if images is not None else {})
            if usage.get("cached_tokens") is not None:
                found[CACHE_READ] = int(usage["cached_tokens"])
    return found


def _watsonx(_exchange: Exchange, told: list[Fields]) -> Counts:
    results = [result for body in told for result in body["results"]]
    return {
        "input_tokens": max(result["input_token_count"] for result in results),
        "output_tokens": max(result["generated_token_count"] for result in results),
    }


_READERS: dict[str, Callable[[Exchange, list[Fields]], Counts]] = {
    "gcp.gemini": _google,
    "gcp.vertex_ai": _google,
    "aws.bedrock": _bedrock,
    "mistral_ai": _completions,
    "groq": _completions,
    "cohere": _cohere,
    "ibm.watsonx.ai": _watsonx,
}
