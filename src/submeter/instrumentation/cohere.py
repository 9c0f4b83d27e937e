"""Cohere: chat, embeddings and reranking of both API versions, and the older generate.

Billed units count, where Cohere gives both them and the tokens that the model saw (conventions, token metrics).
Both the plain clients and those with raw responses pass through the raw clients' methods.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter import semconv
from submeter.core.endpoint import Endpoint, fields_of
from submeter.shapes.methods import Method, Provider, Server, server_of
from submeter.usage import LARGEST
from submeter.value import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from submeter.core.call import Call
    from submeter.core.endpoint import Table

_TOKENS: Table = {"input_tokens": "input_tokens", "output_tokens": "output_tokens"}
_USAGE: Table = {
    # In this order: what was billed overrides what was seen.
    "tokens": _TOKENS,
    "billed_units": {**_TOKENS, "image_tokens": "image_input_tokens"},
    "cached_tokens": "cache_read_tokens",
}
_SAMPLING = {
    "frequency_penalty": semconv.REQUEST_FREQUENCY_PENALTY,
    "k": semconv.REQUEST_TOP_K,
    "max_tokens": semconv.REQUEST_MAX_TOKENS,
    "p": semconv.REQUEST_TOP_P,
    "presence_penalty": semconv.REQUEST_PRESENCE_PENALTY,
    "seed": semconv.REQUEST_SEED,
    "stop_sequences": semconv.REQUEST_STOP_SEQUENCES,
    "temperature": semconv.REQUEST_TEMPERATURE,
}


def _settle_units(call: Call, fields: Mapping[str, Any]) -> None:
    """Reranking is billed by searches, not by tokens."""
    units = fields_of(fields_of(fields.get("meta")).get("billed_units")).get("search_units")
    if isinstance(units, int | float) and 0 <= units <= LARGEST:
        call.fact(semconv.USAGE_SEARCH_UNITS, int(units))


CHAT = Endpoint(
    kind=semconv.KIND_CHAT,
    usage=_USAGE,
    envelopes=frozenset({"delta"}),
    finish="finish_reason",
    request=_SAMPLING,
    response={"id": semconv.RESPONSE_ID},
)

CHAT_V1 = replace(
    CHAT,
    usage_at="meta",
    envelopes=frozenset({"response"}),
    request={**_SAMPLING, "conversation_id": semconv.CONVERSATION_ID},
    response={"generation_id": semconv.RESPONSE_ID},
)

GENERATE = replace(CHAT_V1, kind=semconv.KIND_TEXT_COMPLETION, response={"id": semconv.RESPONSE_ID})

EMBEDDINGS = Endpoint(
    kind=semconv.KIND_EMBEDDINGS,
    usage=_USAGE,
    usage_at="meta",
    request={
        "embedding_types": semconv.REQUEST_ENCODING_FORMATS,
        "output_dimension": semconv.EMBEDDINGS_DIMENSION_COUNT,
    },
)


RERANKING = Endpoint(
    kind=semconv.KIND_RERANK,
    usage={"billed_units": {**_TOKENS}},
    usage_at="meta",
    response={"id": semconv.RESPONSE_ID},
    settle=_settle_units,
)


def _pairs(target: str, endpoint: Endpoint, *, is_stream: bool = False) -> Iterator[Method]:
    """The method of the raw client and that of its asynchronous twin."""
    module, _, name = target.partition(":")
    for prefix in ("", "Async"):
        yield Method(
            target=f"{module}:{prefix}{name}",
            endpoint=endpoint,
            is_stream=is_stream,
            within="_data",
            is_manager=is_stream,
        )


def _seat(owner: Any) -> tuple[str, Server]:
    return "cohere", server_of(owner._client_wrapper.get_base_url())  # noqa: SLF001  (the SDK has no public way)


PROVIDER = Provider(
    package="cohere",
    methods=(
        *_pairs("v2.raw_client:RawV2Client.chat", CHAT),
        *_pairs("v2.raw_client:RawV2Client.chat_stream", CHAT, is_stream=True),
        *_pairs("v2.raw_client:RawV2Client.embed", EMBEDDINGS),
        *_pairs("v2.raw_client:RawV2Client.rerank", RERANKING),
        *_pairs("raw_base_client:RawBaseCohere.chat", CHAT_V1),
        *_pairs("raw_base_client:RawBaseCohere.chat_stream", CHAT_V1, is_stream=True),
        *_pairs("raw_base_client:RawBaseCohere.generate", GENERATE),
        *_pairs("raw_base_client:RawBaseCohere.generate_stream", GENERATE, is_stream=True),
        *_pairs("raw_base_client:RawBaseCohere.embed", EMBEDDINGS),
        *_pairs("raw_base_client:RawBaseCohere.rerank", RERANKING),
    ),
    seat=_seat,
    roots=("cohere.",),
)
