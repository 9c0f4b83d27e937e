"""The chat completions dialect, which many providers speak each with a few words of their own.

A table module takes the endpoints as they are, or `dataclasses.replace`s what its provider says differently.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from submeter import semconv
from submeter.core.endpoint import Endpoint

if TYPE_CHECKING:
    from submeter.core.endpoint import Table

PROMPT: Table = {
    "prompt_tokens": "input_tokens",
    "completion_tokens": "output_tokens",
    "prompt_tokens_details": {"cached_tokens": "cache_read_tokens", "audio_tokens": "audio_input_tokens"},
    "completion_tokens_details": {"reasoning_tokens": "reasoning_tokens", "audio_tokens": "audio_output_tokens"},
}
"""Counts of the usage object."""

SAMPLING = {
    "frequency_penalty": semconv.REQUEST_FREQUENCY_PENALTY,
    "max_tokens": semconv.REQUEST_MAX_TOKENS,
    "presence_penalty": semconv.REQUEST_PRESENCE_PENALTY,
    "seed": semconv.REQUEST_SEED,
    "stop": semconv.REQUEST_STOP_SEQUENCES,
    "temperature": semconv.REQUEST_TEMPERATURE,
    "top_k": semconv.REQUEST_TOP_K,
    "top_p": semconv.REQUEST_TOP_P,
}
"""What a request says of the sampling."""

ANSWERED = {"id": semconv.RESPONSE_ID, "model": semconv.RESPONSE_MODEL}
"""What an answer says of itself."""

CHAT = Endpoint(
    kind=semconv.KIND_CHAT,
    usage=PROMPT,
    choices="choices",
    is_end_told=True,
    request={
        **SAMPLING,
        "max_completion_tokens": semconv.REQUEST_MAX_TOKENS,
        "reasoning_effort": semconv.REQUEST_REASONING_LEVEL,
    },
    choice_count="n",
    output_type=("response_format", "type"),
    response=ANSWERED,
)

COMPLETION = Endpoint(
    kind=semconv.KIND_TEXT_COMPLETION,
    usage=PROMPT,
    choices="choices",
    is_end_told=True,
    request=SAMPLING,
    choice_count="n",
    response=ANSWERED,
)

EMBEDDINGS = Endpoint(
    kind=semconv.KIND_EMBEDDINGS,
    usage={"prompt_tokens": "input_tokens"},
    request={
        "dimensions": semconv.EMBEDDINGS_DIMENSION_COUNT,
        "encoding_format": semconv.REQUEST_ENCODING_FORMATS,
    },
    response=ANSWERED,
)
