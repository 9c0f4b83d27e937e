"""Messages: Anthropic's kind of call, as its SDK and its agent state it.

Its input count excludes cached tokens, so they are added in, as the conventions count.
"""

from __future__ import annotations

from submeter import semconv
from submeter.core.endpoint import Endpoint

MESSAGES = Endpoint(
    kind=semconv.KIND_CHAT,
    usage={
        "input_tokens": "input_tokens",
        "output_tokens": "output_tokens",
        "cache_read_input_tokens": "cache_read_tokens",
        "cache_creation_input_tokens": "cache_write_tokens",
        "cache_creation": {
            "ephemeral_5m_input_tokens": "cache_write_5m_tokens",
            "ephemeral_1h_input_tokens": "cache_write_1h_tokens",
        },
        "output_tokens_details": {"thinking_tokens": "reasoning_tokens"},
    },
    is_inclusive=False,
    envelopes=frozenset({"message"}),
    parts=("delta",),
    # `message_start` says 1 output token before there is any (seen with every model up to 2026-11).
    placeholders=frozenset({"output_tokens"}),
    finish="stop_reason",
    is_end_told=True,
    request={
        "max_tokens": semconv.REQUEST_MAX_TOKENS,
        "stop_sequences": semconv.REQUEST_STOP_SEQUENCES,
        "temperature": semconv.REQUEST_TEMPERATURE,
        "top_k": semconv.REQUEST_TOP_K,
        "top_p": semconv.REQUEST_TOP_P,
    },
    reasoning=("output_config", "effort"),
    output_type=("output_config", "format", "type"),
    response={"id": semconv.RESPONSE_ID, "model": semconv.RESPONSE_MODEL},
)
