"""IBM watsonx.ai: chat, generation, embeddings and reranking, by model and by deployment.

A stream of generated text counts its output from the start at every event, and its input at the first event alone:
the later ones say 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter import semconv
from submeter.core.endpoint import Endpoint, fields_of
from submeter.shapes import completions
from submeter.shapes.methods import Method, Provider, Server, server_of
from submeter.shapes.overheard import speaking, telling
from submeter.value import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from submeter.core.call import Call

_ANSWERED = {"id": semconv.RESPONSE_ID, "model_id": semconv.RESPONSE_MODEL, "model": semconv.RESPONSE_MODEL}

CHAT = replace(completions.CHAT, response=_ANSWERED)


def _settle_results(call: Call, fields: Mapping[str, Any]) -> None:
    for result in map(fields_of, fields.get("results") or ()):
        for name, count in (("input_token_count", "input_tokens"), ("generated_token_count", "output_tokens")):
            told = result.get(name)
            if isinstance(told, int) and told >= (call.counts.get(count) or 0):
                call.counts[count] = told
        reason = result.get("stop_reason")
        if isinstance(reason, str) and reason != "not_finished":
            call.ended(reason.lower())


GENERATION = Endpoint(
    kind=semconv.KIND_TEXT_COMPLETION,
    usage_at="results",
    request={
        "max_new_tokens": semconv.REQUEST_MAX_TOKENS,
        "random_seed": semconv.REQUEST_SEED,
        "stop_sequences": semconv.REQUEST_STOP_SEQUENCES,
        "temperature": semconv.REQUEST_TEMPERATURE,
        "top_k": semconv.REQUEST_TOP_K,
        "top_p": semconv.REQUEST_TOP_P,
    },
    response=_ANSWERED,
    settle=_settle_results,
)

EMBEDDINGS = Endpoint(
    kind=semconv.KIND_EMBEDDINGS,
    usage={"input_token_count": "input_tokens"},
    usage_at="input_token_count",
    is_flat=True,
    response=_ANSWERED,
)

RERANKING = replace(EMBEDDINGS, kind=semconv.KIND_RERANK)


def _seat(owner: Any) -> tuple[str, Server]:
    return "ibm.watsonx.ai", server_of(owner._client.credentials.url)  # noqa: SLF001  (the SDK has no public way)


def _request(owner: Any, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parameters of the call, else those of the model, beside the model; ibm-watsonx-ai 1.8 has a ready payload."""
    payload = fields_of(arguments.get("payload"))
    given = payload.get("parameters") or arguments.get("params")
    asked = fields_of(owner.params if given is None else given)
    model = payload.get("model_id") or fields_of(owner).get("model_id")
    return {**arguments, **asked, "model": getattr(model, "value", model)}


def _chats(owner: str) -> Iterator[Method]:
    for name in ("chat", "achat"):
        yield Method(target=f"{owner}.{name}", endpoint=CHAT)
        yield Method(target=f"{owner}.{name}_stream", endpoint=CHAT, is_stream=True, is_lazy=True)


_OWNER = "inference.base_model_inference:BaseModelInference"

PROVIDER = Provider(
    package="ibm_watsonx_ai",
    methods=(
        *_chats("inference.fm_model_inference:FMModelInference"),
        *_chats("inference.deployment_model_inference:DeploymentModelInference"),
        Method(target=f"{_OWNER}._send_inference_payload", endpoint=GENERATION),
        Method(target=f"{_OWNER}._asend_inference_payload", endpoint=GENERATION),
        # One prompt of many, beside others; since 1.3.
        Method(target=f"{_OWNER}._BaseModelInference__make_request", endpoint=GENERATION, is_optional=True),
        Method(target=f"{_OWNER}._generate_stream_with_url", endpoint=GENERATION, is_stream=True, wrap=speaking),
        Method(target=f"{_OWNER}._return_guardrails_stats", endpoint=GENERATION, wrap=telling),
        Method(target=f"{_OWNER}._agenerate_stream_with_url", endpoint=GENERATION, is_stream=True),
        Method(target="embeddings.embeddings:Embeddings.generate", endpoint=EMBEDDINGS),
        Method(target="embeddings.embeddings:Embeddings.agenerate", endpoint=EMBEDDINGS, is_optional=True),
        Method(target="rerank.rerank:Rerank.generate", endpoint=RERANKING),
    ),
    seat=_seat,
    request=_request,
    roots=("ibm_watsonx_ai.foundation_models.",),
)
