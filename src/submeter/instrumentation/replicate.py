"""Replicate: predictions of models and deployments, made, waited for and fetched.

A prediction states tokens if its model is a language model of Replicate's own list, and once it has ended. Where the
answer to its creation comes before that, the fetch that finds it ended counts, once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter import semconv
from submeter.core.endpoint import Endpoint, fields_of
from submeter.core.reported import Found, Report
from submeter.shapes.methods import Method, Provider, Server, server_of
from submeter.value import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from submeter.core.call import Call

_ENDED = {"succeeded": "stop", "failed": "error", "canceled": "error"}
"""Status of a prediction -> why it ended."""


def _settle(call: Call, fields: Mapping[str, Any]) -> None:
    """What is stated before the end is not the last word."""
    status = fields.get("status")
    if status in _ENDED:
        call.ended(_ENDED[status])
    else:
        call.forget_usage()


PREDICTION = Endpoint(
    kind=semconv.KIND_GENERATE_CONTENT,
    usage={
        "input_token_count": "input_tokens",
        "output_token_count": "output_tokens",
        # The same of OpenAI's models, in October 2026.
        "token_input_count": "input_tokens",
        "token_output_count": "output_tokens",
    },
    usage_at="metrics",
    request={
        "frequency_penalty": semconv.REQUEST_FREQUENCY_PENALTY,
        "max_new_tokens": semconv.REQUEST_MAX_TOKENS,
        "max_tokens": semconv.REQUEST_MAX_TOKENS,
        "presence_penalty": semconv.REQUEST_PRESENCE_PENALTY,
        "seed": semconv.REQUEST_SEED,
        "temperature": semconv.REQUEST_TEMPERATURE,
        "top_k": semconv.REQUEST_TOP_K,
        "top_p": semconv.REQUEST_TOP_P,
    },
    response={"id": semconv.RESPONSE_ID, "model": semconv.RESPONSE_MODEL},
    is_fetchable=True,
    settle=_settle,
)

_FETCHED = replace(PREDICTION, is_fetchable=False, is_reported=True)


def _found(fields: Mapping[str, Any]) -> Iterator[Found]:
    """The prediction itself, once it has ended and states tokens: the SDK asks for it twice a second until then."""
    if fields.get("status") in _ENDED and not PREDICTION.usage.keys().isdisjoint(fields_of(fields.get("metrics"))):
        yield Found(_FETCHED, str(fields.get("id") or ""), fields)


def _made(arguments: Mapping[str, Any]) -> Endpoint | None:
    """Of a version; those of a model or deployment go on to the methods below."""
    return None if arguments.get("model") or arguments.get("deployment") else PREDICTION


def _seat(owner: Any) -> tuple[str, Server]:
    return "replicate", server_of(owner._client._base_url or "https://api.replicate.com")  # noqa: SLF001  (the SDK has no public way)


def _request(owner: Any, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """The model's own input beside its name, which may be a text, a pair or the SDK's object."""
    # The older way to call: version and input by place.
    version, given, *_ = (*arguments.get("args", ()), None, None)
    asked = (
        arguments.get("model")
        or arguments.get("deployment")
        or arguments.get("version")
        or version
        or fields_of(owner).get("_deployment")
    )
    known = fields_of(asked)
    if isinstance(asked, tuple):
        asked = "/".join(asked)  # pyright: ignore[reportUnknownArgumentType]
    elif "owner" in known:
        asked = f"{known['owner']}/{known['name']}"
    elif "id" in known:
        asked = known["id"]
    return {**fields_of(arguments.get("input") or given), "model": asked}


def _pairs(owner: str, name: str, endpoint: Any) -> Iterator[Method]:
    """The method and its asynchronous twin."""
    for prefix in ("", "async_"):
        yield Method(target=f"{owner}.{prefix}{name}", endpoint=endpoint)


PROVIDER = Provider(
    package="replicate",
    methods=(
        *_pairs("prediction:Predictions", "create", _made),
        *_pairs("prediction:Predictions", "get", Report(find=_found)),
        *_pairs("model:ModelsPredictions", "create", PREDICTION),
        *_pairs("deployment:DeploymentPredictions", "create", PREDICTION),
        *_pairs("deployment:DeploymentsPredictions", "create", PREDICTION),
    ),
    seat=_seat,
    request=_request,
    roots=("replicate.",),
)
