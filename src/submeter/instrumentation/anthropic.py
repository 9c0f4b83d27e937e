"""Anthropic: messages. Its input count excludes cached tokens, so they are added in, as the conventions count."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from submeter import semconv
from submeter.core.endpoint import dig, fields_of
from submeter.core.reported import Found, Report
from submeter.shapes import messages
from submeter.shapes.stainless import Provider
from submeter.value import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from submeter.core.endpoint import Endpoint

_BESIDE = frozenset({"compaction", "advisor_message"})
"""The kinds of iterations of a message that its usage leaves out; the others are in it."""

WITHIN = replace(
    messages.MESSAGES,
    usage_at="input_tokens",
    is_flat=True,
    envelopes=frozenset(),
    parts=(),
    finish="",
    is_end_told=False,
    is_reported=True,
)


def _within(endpoint: Endpoint, iterations: Any) -> Iterator[Found]:
    """The requests within a message that summed its conversation up, or asked another model for advice."""
    for iteration in iterations if isinstance(iterations, list) else ():  # pyright: ignore[reportUnknownVariableType]
        fields = fields_of(iteration)
        if fields.get("type") in _BESIDE and fields.get("input_tokens") is not None:
            asked = {"model": fields["model"]} if fields.get("model") else {}
            yield Found(endpoint, "", fields, asked)


MESSAGES = replace(messages.MESSAGES, within=("iterations", partial(_within, WITHIN)))

BATCHED = replace(
    MESSAGES, is_batch=True, is_reported=True, within=("iterations", partial(_within, replace(WITHIN, is_batch=True)))
)

MODEL_REQUEST = replace(
    MESSAGES, usage_at="model_usage", response={"id": semconv.RESPONSE_ID}, service_tier="speed", is_reported=True
)

# What grades an agent's outcome, by as many requests as it took.
EVALUATION = replace(MODEL_REQUEST, usage_at="usage", is_sum=True)

DREAM = replace(MESSAGES, is_reported=True, is_sum=True)


def _results(line: Mapping[str, Any]) -> Iterator[Found]:
    """The message of a request in a batch that succeeded; the others took nothing."""
    message = fields_of(dig(line, ("result", "message")))
    if message:
        yield Found(BATCHED, str(message.get("id")), message)


def _requests(event: Mapping[str, Any]) -> Iterator[Found]:
    """The request to a model that an agent at the provider has made, or those that graded what it did."""
    endpoint = _SPANS.get(str(event.get("type")))
    if endpoint is not None:
        yield Found(endpoint, str(event.get("id")), event)


def _dreams(dream: Mapping[str, Any]) -> Iterator[Found]:
    """A job over memories that has ended."""
    if dream.get("ended_at") is not None:
        yield Found(DREAM, str(dream.get("id")), {**dream, "model": dig(dream, ("model", "id"))})


_SPANS = {"span.model_request_end": MODEL_REQUEST, "span.outcome_evaluation_end": EVALUATION}
_RESULTS = Report(find=_results, is_lines=True)
_EVENTS, _LISTED_EVENTS = Report(find=_requests), Report(find=_requests, listed="data")

PROVIDER = Provider(
    package="anthropic",
    name="anthropic",
    endpoints={
        "post /v1/messages": MESSAGES,
        "get /v1/messages/batches/{}/results": _RESULTS,
        "get /v1/sessions/{}/events": _LISTED_EVENTS,
        "get /v1/sessions/{}/events/stream": _EVENTS,
        "get /v1/sessions/{}/threads/{}/events": _LISTED_EVENTS,
        "get /v1/sessions/{}/threads/{}/stream": _EVENTS,
        "get /v1/dreams/{}": Report(find=_dreams),
    },
    # Not those of Claude's own platform on AWS and Google Cloud, where Anthropic answers (the SDK's own spans, 2.14).
    clients={
        "AnthropicBedrock": "aws.bedrock",
        "AsyncAnthropicBedrock": "aws.bedrock",
        "AnthropicBedrockMantle": "aws.bedrock",
        "AsyncAnthropicBedrockMantle": "aws.bedrock",
        "AnthropicVertex": "gcp.vertex_ai",
        "AsyncAnthropicVertex": "gcp.vertex_ai",
        "AnthropicFoundry": "azure.ai.inference",
        "AsyncAnthropicFoundry": "azure.ai.inference",
    },
    native_option="open_telemetry",
    decoder="_decoders.jsonl",
    request_id="request-id",
)
