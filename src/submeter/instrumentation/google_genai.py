"""Google GenAI: content, live sessions, interactions and embeddings, of the Gemini API and of Vertex AI.

The methods beneath the public ones make one request each, so that automatic function calling and continuation are
counted request by request. Gemini gives thoughts and the input of its own tools beside the totals; the conventions
count them in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter import semconv
from submeter.core.endpoint import Endpoint, fields_of
from submeter.shapes.methods import Method, Provider, Server, server_of
from submeter.shapes.turns import Turns
from submeter.value import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from submeter.core.call import Call
    from submeter.core.endpoint import Reading

_MODALITIES = ("text", "image", "audio")
_ENDED = {
    "completed": "stop",
    "incomplete": "length",
    "requires_action": "tool_calls",
    "failed": "error",
    "cancelled": "error",
}
"""Status of an interaction -> why it ended."""


def _by_modality(side: str) -> Reading:
    """Reads a list of counts by modality, for `input` or `output`."""

    def read(details: Any, counts: dict[str, int | None]) -> None:
        for detail in details:
            known = fields_of(detail)
            modality = str(getattr(known.get("modality"), "value", known.get("modality"))).lower()
            if modality in _MODALITIES:
                counts[f"{modality}_{side}_tokens"] = known.get("token_count", known.get("tokens"))

    return read


def _settle_interaction(call: Call, fields: Mapping[str, Any]) -> None:
    status = fields.get("status")
    if status in _ENDED:
        call.ended(_ENDED[status])
    if isinstance(status, str):
        call.fact(semconv.RESPONSE_STATUS, status)


def _settle_embeddings(call: Call, fields: Mapping[str, Any]) -> None:
    """Vertex AI counts text by text."""
    found = [fields_of(fields_of(one).get("statistics")).get("token_count") for one in fields.get("embeddings") or ()]
    known = [int(count) for count in found if count is not None]
    if known and "input_tokens" not in call.counts:
        call.counts["input_tokens"] = sum(known)


CONTENT = Endpoint(
    kind=semconv.KIND_GENERATE_CONTENT,
    usage={
        "prompt_token_count": "input_tokens",
        "candidates_token_count": "output_tokens",
        "thoughts_token_count": "reasoning_tokens",
        "tool_use_prompt_token_count": "tool_use_tokens",
        "cached_content_token_count": "cache_read_tokens",
        "prompt_tokens_details": _by_modality("input"),
        "candidates_tokens_details": _by_modality("output"),
    },
    usage_at="usage_metadata",
    beside={"input_tokens": ("tool_use_tokens",), "output_tokens": ("reasoning_tokens",)},
    choices="candidates",
    request={
        "frequency_penalty": semconv.REQUEST_FREQUENCY_PENALTY,
        "max_output_tokens": semconv.REQUEST_MAX_TOKENS,
        "presence_penalty": semconv.REQUEST_PRESENCE_PENALTY,
        "seed": semconv.REQUEST_SEED,
        "stop_sequences": semconv.REQUEST_STOP_SEQUENCES,
        "temperature": semconv.REQUEST_TEMPERATURE,
        "top_k": semconv.REQUEST_TOP_K,
        "top_p": semconv.REQUEST_TOP_P,
    },
    choice_count="candidate_count",
    output_type=("output_type",),
    reasoning=("thinking_level",),
    response={"response_id": semconv.RESPONSE_ID, "model_version": semconv.RESPONSE_MODEL},
)


def _settle_turn(call: Call, fields: Mapping[str, Any]) -> None:
    """Why a turn ended. One that the user interrupted was cancelled, which the conventions call an error."""
    content = fields_of(fields.get("server_content"))
    reason = content.get("turn_complete_reason")
    said = str(getattr(reason, "value", reason)).lower()
    if content.get("interrupted"):
        call.ended(semconv.FINISH_ERROR)
    elif reason is not None and not said.endswith("unspecified"):
        call.ended(said)
    elif content.get("turn_complete") and not call.finish_reasons:
        call.ended("stop")


TURN = replace(
    CONTENT,
    # Usage is of its turn, not of the session so far (each turn is billed for all that it read), and comes with its end
    # in all sessions that were recorded. Were it to come more than once within a turn, the last word would count.
    # The thoughts of a spoken turn may be more than its response: they are beside it here too.
    usage={
        **CONTENT.usage,
        "response_token_count": "output_tokens",
        "response_tokens_details": _by_modality("output"),
    },
    choices="",
    settle=_settle_turn,
)

EMBEDDINGS = Endpoint(
    kind=semconv.KIND_EMBEDDINGS,
    usage={"prompt_token_count": "input_tokens"},
    usage_at="usage_metadata",
    request={"output_dimensionality": semconv.EMBEDDINGS_DIMENSION_COUNT},
    settle=_settle_embeddings,
)


INTERACTION = Endpoint(
    kind=semconv.KIND_GENERATE_CONTENT,
    usage={
        "total_input_tokens": "input_tokens",
        "total_output_tokens": "output_tokens",
        "total_thought_tokens": "reasoning_tokens",
        "total_tool_use_tokens": "tool_use_tokens",
        "total_cached_tokens": "cache_read_tokens",
        "input_tokens_by_modality": _by_modality("input"),
        "output_tokens_by_modality": _by_modality("output"),
    },
    beside=CONTENT.beside,
    envelopes=frozenset({"interaction", "metadata"}),
    request={"previous_interaction_id": semconv.REQUEST_PREVIOUS_RESPONSE_ID},
    reasoning=("generation_config", "thinking_level"),
    response={"id": semconv.RESPONSE_ID, "model": semconv.RESPONSE_MODEL},
    is_fetchable=True,
    settle=_settle_interaction,
)

FETCHED_INTERACTION = replace(
    INTERACTION, kind=semconv.KIND_FETCH_RESPONSE, counts_as=semconv.KIND_GENERATE_CONTENT, is_fetchable=False
)


def _request(_owner: Any, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """The configuration's fields beside the model, and in the words of the table what it says by other means."""
    config = fields_of(arguments.get("config"))
    asked = {**arguments, **config, "model": arguments.get("model")}
    if config.get("response_mime_type") == "application/json":
        asked["output_type"] = semconv.OUTPUT_JSON
    level = fields_of(config.get("thinking_config")).get("thinking_level")
    if level is not None:
        asked["thinking_level"] = str(getattr(level, "value", level)).lower()
    return asked


def _seat(owner: Any) -> tuple[str, Server]:
    client = owner._api_client  # noqa: SLF001  (the SDK has no public way)
    return "gcp.vertex_ai" if client.vertexai else "gcp.gemini", server_of(client._http_options.base_url)  # noqa: SLF001


def _elsewhere(asked: Mapping[str, Any]) -> Server | None:
    """The address that one request's or one session's own options name."""
    options = fields_of(asked.get("http_options", asked.get("httpOptions")))
    url = options.get("base_url") or options.get("baseUrl")
    return server_of(str(url)) if url else None


def _pairs(name: str, endpoint: Endpoint, *, is_stream: bool = False, formerly: str = "") -> Iterator[Method]:
    """The method and that of the asynchronous class."""
    for owner in ("Models", "AsyncModels"):
        yield Method(target=f"models:{owner}.{name}", endpoint=endpoint, is_stream=is_stream, formerly=formerly)


def _interactions(name: str, endpoint: Endpoint) -> Iterator[Method]:
    for owner in ("Interactions", "AsyncInteractions"):
        yield Method(target=f"_gaos.interactions:{owner}.{name}", endpoint=endpoint, within="generator")


PROVIDER = Provider(
    package="google.genai",
    methods=(
        *_pairs("_generate_content", CONTENT),
        *_pairs("_generate_content_stream", CONTENT, is_stream=True),
        *_pairs("_embed_content", EMBEDDINGS, formerly="embed_content"),
        *_interactions("create", INTERACTION),
        *_interactions("get", FETCHED_INTERACTION),
    ),
    seat=_seat,
    request=_request,
    roots=("google.genai.",),
    turns=Turns(
        package="google.genai",
        connect="google.genai.live:AsyncLive.connect",
        receive="google.genai.live:AsyncSession._receive",
        endpoint=TURN,
        begins=(
            ("server_content", "model_turn"),
            ("server_content", "output_transcription"),
            ("tool_call",),
        ),
        ends=("server_content", "turn_complete"),
        tells=("server_content", "interrupted"),
        seat=_seat,
        request=_request,
        elsewhere=_elsewhere,
    ),
)
