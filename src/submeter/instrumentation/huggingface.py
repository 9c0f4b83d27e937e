"""Hugging Face: chat completions and text generation of its inference client, whoever serves the model.

A stream of chat completions states usage only if `stream_options` asks for it; generated text only with `details`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter import semconv
from submeter.core.endpoint import Endpoint, fields_of
from submeter.shapes import completions
from submeter.shapes.methods import Method, Provider, Server, server_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from submeter.core.call import Call


def _settle_generation(call: Call, fields: Mapping[str, Any]) -> None:
    reason = fields_of(fields.get("details")).get("finish_reason")
    if isinstance(reason, str):
        call.ended(reason.lower())


def _prefilled(tokens: Any, counts: dict[str, int | None]) -> None:
    """The tokens of the prompt one by one, where `decoder_input_details` asked for them."""
    if tokens:
        counts["input_tokens"] = len(tokens)


GENERATION = Endpoint(
    kind=semconv.KIND_TEXT_COMPLETION,
    usage={"generated_tokens": "output_tokens", "input_length": "input_tokens", "prefill": _prefilled},
    usage_at="details",
    request={
        "frequency_penalty": semconv.REQUEST_FREQUENCY_PENALTY,
        "max_new_tokens": semconv.REQUEST_MAX_TOKENS,
        "seed": semconv.REQUEST_SEED,
        "stop": semconv.REQUEST_STOP_SEQUENCES,
        "temperature": semconv.REQUEST_TEMPERATURE,
        "top_k": semconv.REQUEST_TOP_K,
        "top_p": semconv.REQUEST_TOP_P,
    },
    settle=_settle_generation,
)


def _address(owner: Any) -> str:
    """The URL of an endpoint of one's own, which the client keeps in the place of a model's name."""
    model = owner.model
    return model if isinstance(model, str) and "://" in model else ""


def _seat(owner: Any) -> tuple[str, Server]:
    # Who else is asked, the client finds out with the request.
    return "huggingface", server_of(_address(owner))


def _request(owner: Any, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    named = None if _address(owner) else owner.model
    return {**arguments, "model": arguments.get("model") or named}


def _pairs(name: str, endpoint: Endpoint) -> Iterator[Method]:
    yield Method(target=f"_client:InferenceClient.{name}", endpoint=endpoint)
    yield Method(target=f"_generated._async_client:AsyncInferenceClient.{name}", endpoint=endpoint)


PROVIDER = Provider(
    package="huggingface_hub",
    methods=(*_pairs("chat_completion", completions.CHAT), *_pairs("text_generation", GENERATION)),
    seat=_seat,
    request=_request,
    roots=("huggingface_hub.inference.",),
)
