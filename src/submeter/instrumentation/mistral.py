"""Mistral: chat, fill in the middle, agents, conversations, embeddings and transcriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter import semconv
from submeter.core.endpoint import Endpoint, fields_of
from submeter.shapes import completions
from submeter.shapes.methods import Method, Provider, Server, server_of
from submeter.value import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from submeter.core.call import Call

CHAT = replace(
    completions.CHAT,
    usage={**completions.PROMPT, "num_cached_tokens": "cache_read_tokens"},
    inside="data",
    request={**completions.CHAT.request, "random_seed": semconv.REQUEST_SEED},
)


def _settle_conversation(call: Call, fields: Mapping[str, Any]) -> None:
    """Only the entries of a conversation's answer name the model."""
    for entry in fields.get("outputs") or ():
        model = fields_of(entry).get("model")
        if isinstance(model, str):
            call.fact(semconv.RESPONSE_MODEL, model)


CONVERSATION = Endpoint(
    kind=semconv.KIND_CHAT,
    usage={
        "prompt_tokens": "input_tokens",
        "completion_tokens": "output_tokens",
        "connector_tokens": "connector_tokens",
    },
    # What connectors such as web search read is billed as input.
    beside={"input_tokens": ("connector_tokens",)},
    inside="data",
    # Not an envelope, but the events that name the model are to be read.
    envelopes=frozenset({"model"}),
    request={"conversation_id": semconv.CONVERSATION_ID},
    response={"conversation_id": semconv.CONVERSATION_ID, "model": semconv.RESPONSE_MODEL},
    settle=_settle_conversation,
)

TRANSCRIPTION = Endpoint(
    kind=semconv.KIND_GENERATE_CONTENT,
    usage=completions.PROMPT,
    inside="data",
    request={"temperature": semconv.REQUEST_TEMPERATURE},
    response={"model": semconv.RESPONSE_MODEL},
    attributes={semconv.OUTPUT_TYPE: semconv.OUTPUT_TEXT},
)


def _pairs(target: str, endpoint: Endpoint, *, is_stream: bool = False) -> Iterator[Method]:
    """The method and its asynchronous twin."""
    within = "generator" if is_stream else ""
    for name in (target, f"{target}_async"):
        yield Method(target=name, endpoint=endpoint, is_stream=is_stream, within=within)


def _seat(owner: Any) -> tuple[str, Server]:
    url, _ = owner.sdk_configuration.get_server_details()
    return "mistral_ai", server_of(url)


PROVIDER = Provider(
    package="mistralai",
    methods=(
        *_pairs("chat:Chat.complete", CHAT),
        *_pairs("chat:Chat.stream", CHAT, is_stream=True),
        *_pairs("fim:Fim.complete", CHAT),
        *_pairs("fim:Fim.stream", CHAT, is_stream=True),
        *_pairs("agents:Agents.complete", CHAT),
        *_pairs("agents:Agents.stream", CHAT, is_stream=True),
        *_pairs("embeddings:Embeddings.create", completions.EMBEDDINGS),
        *_pairs("conversations:Conversations.start", CONVERSATION),
        *_pairs("conversations:Conversations.append", CONVERSATION),
        *_pairs("conversations:Conversations.restart", CONVERSATION),
        *_pairs("conversations:Conversations.start_stream", CONVERSATION, is_stream=True),
        *_pairs("conversations:Conversations.append_stream", CONVERSATION, is_stream=True),
        *_pairs("conversations:Conversations.restart_stream", CONVERSATION, is_stream=True),
        *_pairs("transcriptions:Transcriptions.complete", TRANSCRIPTION),
        *_pairs("transcriptions:Transcriptions.stream", TRANSCRIPTION, is_stream=True),
    ),
    seat=_seat,
    roots=("mistralai.client.", "mistralai."),
    # Of releases from 1.10 on; some open spans as soon as there is a tracer provider, later ones when they are told to.
    native="_hooks.tracing:get_traced_request_and_span",
)
