"""Ollama: chat, generation and embeddings of a model server of one's own. Durations aside, counts are its usage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter import semconv
from submeter.core.endpoint import Endpoint, fields_of
from submeter.shapes.methods import Method, Provider, Server, server_of
from submeter.value import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

CHAT = Endpoint(
    kind=semconv.KIND_CHAT,
    usage={"prompt_eval_count": "input_tokens", "eval_count": "output_tokens"},
    usage_at="eval_count",
    is_flat=True,
    finish="done_reason",
    request={
        "frequency_penalty": semconv.REQUEST_FREQUENCY_PENALTY,
        "num_predict": semconv.REQUEST_MAX_TOKENS,
        "presence_penalty": semconv.REQUEST_PRESENCE_PENALTY,
        "seed": semconv.REQUEST_SEED,
        "stop": semconv.REQUEST_STOP_SEQUENCES,
        "temperature": semconv.REQUEST_TEMPERATURE,
        "top_k": semconv.REQUEST_TOP_K,
        "top_p": semconv.REQUEST_TOP_P,
    },
    output_type=("output_type",),
    reasoning=("think",),
    response={"model": semconv.RESPONSE_MODEL},
)
GENERATION = replace(CHAT, kind=semconv.KIND_TEXT_COMPLETION)
EMBEDDINGS = Endpoint(
    kind=semconv.KIND_EMBEDDINGS,
    usage={"prompt_eval_count": "input_tokens"},
    usage_at="prompt_eval_count",
    is_flat=True,
    request={"dimensions": semconv.EMBEDDINGS_DIMENSION_COUNT},
    response=CHAT.response,
)

_ENDPOINTS = {
    "/api/chat": CHAT,
    "/api/generate": GENERATION,
    "/api/embed": EMBEDDINGS,
    "/api/embeddings": EMBEDDINGS,  # the older one, which states no usage
}


def _endpoint(arguments: Mapping[str, Any]) -> Endpoint | None:
    """By the path, which is the second of the arguments that go on to the HTTP client."""
    return _ENDPOINTS.get(arguments["args"][1])


def _seat(owner: Any) -> tuple[str, Server]:
    return "ollama", server_of(owner._client.base_url)  # noqa: SLF001  (the SDK has no public way)


def _request(_owner: Any, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    sent = fields_of(arguments.get("json"))
    asked = {**fields_of(sent.get("options")), **sent}
    if sent.get("format"):
        asked["output_type"] = semconv.OUTPUT_JSON
    return asked


PROVIDER = Provider(
    package="ollama",
    methods=tuple(
        Method(target=f"_client:{owner}._request", endpoint=_endpoint, is_lazy=True)
        for owner in ("Client", "AsyncClient")
    ),
    seat=_seat,
    request=_request,
    roots=("ollama.",),
)
