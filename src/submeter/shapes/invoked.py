"""Invoked: models that Bedrock serves answer in its words through Converse, and in their family's through InvokeModel.

Bedrock counts cached tokens beside the input. An InvokeModel stream has its counts in a last event of metrics,
whatever the family; the families' own bodies tell why they ended, and more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter import semconv
from submeter.core.endpoint import Endpoint, counts_of, fields_of, plan_of
from submeter.shapes.messages import ITERATIONS
from submeter.value import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from submeter.core.call import Call
    from submeter.core.endpoint import Table


def _cache_details(details: Any, counts: dict[str, int | None]) -> None:
    for detail in details:
        known = fields_of(detail)
        lifetime = known.get("ttl")
        if lifetime in ("5m", "1h"):
            counts[f"cache_write_{lifetime}_tokens"] = known.get("inputTokens")


_USAGE: Table = {
    "inputTokens": "input_tokens",
    "outputTokens": "output_tokens",
    "cacheReadInputTokens": "cache_read_tokens",
    "cacheWriteInputTokens": "cache_write_tokens",
    "cacheDetails": _cache_details,
    # Nova, invoked.
    "cacheReadInputTokenCount": "cache_read_tokens",
    "cacheWriteInputTokenCount": "cache_write_tokens",
    # Claude, invoked.
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_input_tokens": "cache_read_tokens",
    "cache_creation_input_tokens": "cache_write_tokens",
    "cache_creation": {
        "ephemeral_5m_input_tokens": "cache_write_5m_tokens",
        "ephemeral_1h_input_tokens": "cache_write_1h_tokens",
    },
    # Mistral, Jamba, Qwen, DeepSeek and gpt-oss, invoked.
    "prompt_tokens": "input_tokens",
    "completion_tokens": "output_tokens",
}
_OUTSIDE = plan_of(
    {
        # The metrics at the end of every invoked stream.
        "inputTokenCount": "input_tokens",
        "outputTokenCount": "output_tokens",
        "cacheReadInputTokenCount": "cache_read_tokens",
        "cacheWriteInputTokenCount": "cache_write_tokens",
        # Titan.
        "inputTextTokenCount": "input_tokens",
        "totalOutputTextTokenCount": "output_tokens",
        # Llama.
        "prompt_token_count": "input_tokens",
        "generation_token_count": "output_tokens",
    }
)
"""Counts of invoked models that stand in the answer itself."""

_ANSWERS = ("results", "outputs", "generations", "completions", "choices")
"""Lists in which families keep their answers: Titan, Mistral, Cohere, Jurassic, and the rest."""

_REASONS = ("stop_reason", "stopReason", "completionReason", "finish_reason", "finishReason")


def _reason_of(fields: Mapping[str, Any]) -> str:
    for name in _REASONS:
        reason = fields.get(name)
        reason = fields_of(reason).get("reason") if isinstance(reason, dict) else reason
        if isinstance(reason, str):
            return reason.lower()
    return ""


def _settle_tier(call: Call, fields: Mapping[str, Any]) -> None:
    tier = fields_of(fields.get("serviceTier")).get("type")
    if isinstance(tier, str):
        call.fact(semconv.SERVICE_TIER, tier)


def _settle_invoked(call: Call, fields: Mapping[str, Any]) -> None:
    if not call.within:  # else the metrics may have summed up what is a call of its own
        counts_of(fields, _OUTSIDE, call.counts)
    answers = [fields_of(one) for name in _ANSWERS for one in fields.get(name) or ()]
    lengths = [length for answer in answers if isinstance(length := answer.get("tokenCount"), int)]
    if lengths:  # Titan, where each result has its own
        call.counts["output_tokens"] = sum(lengths)
    for told in (fields, *answers):
        reason = _reason_of(told)
        if reason:
            call.ended(reason)


CONVERSE = Endpoint(
    kind=semconv.KIND_CHAT,
    usage=_USAGE,
    is_inclusive=False,
    envelopes=frozenset({"metadata", "messageStop"}),
    finish="stopReason",
    request={
        "maxTokens": semconv.REQUEST_MAX_TOKENS,
        "stopSequences": semconv.REQUEST_STOP_SEQUENCES,
        "temperature": semconv.REQUEST_TEMPERATURE,
        "topP": semconv.REQUEST_TOP_P,
    },
    settle=_settle_tier,
)

INVOKED = Endpoint(
    kind=semconv.KIND_CHAT,
    usage=_USAGE,
    within=ITERATIONS,  # Claude
    is_inclusive=False,
    envelopes=frozenset({"amazon-bedrock-invocationMetrics", "message", "metadata", "messageStop"}),
    parts=("delta",),
    # Claude's `message_start` says 1 output token before there is any.
    placeholders=frozenset({"output_tokens"}),
    finish="stop_reason",
    request={
        **CONVERSE.request,
        "max_gen_len": semconv.REQUEST_MAX_TOKENS,
        "max_new_tokens": semconv.REQUEST_MAX_TOKENS,
        "max_tokens": semconv.REQUEST_MAX_TOKENS,
        "maxTokenCount": semconv.REQUEST_MAX_TOKENS,
        "stop": semconv.REQUEST_STOP_SEQUENCES,
        "stop_sequences": semconv.REQUEST_STOP_SEQUENCES,
        "top_k": semconv.REQUEST_TOP_K,
        "top_p": semconv.REQUEST_TOP_P,
    },
    response={"id": semconv.RESPONSE_ID, "model": semconv.RESPONSE_MODEL},
    settle=_settle_invoked,
)
INVOKED_TEXT = replace(INVOKED, kind=semconv.KIND_TEXT_COMPLETION)
INVOKED_EMBEDDINGS = replace(
    INVOKED,
    kind=semconv.KIND_EMBEDDINGS,
    request={
        "dimensions": semconv.EMBEDDINGS_DIMENSION_COUNT,
        "embedding_types": semconv.REQUEST_ENCODING_FORMATS,
        "output_dimension": semconv.EMBEDDINGS_DIMENSION_COUNT,
    },
)

INVOKED_RERANKING = replace(INVOKED, kind=semconv.KIND_RERANK, request={})
