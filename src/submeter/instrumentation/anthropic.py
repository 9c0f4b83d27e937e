"""Anthropic: messages. Its input count excludes cached tokens, so they are added in, as the conventions count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter import semconv
from submeter.core.endpoint import dig, fields_of
from submeter.core.reported import Found, Report
from submeter.shapes import messages
from submeter.shapes.hosts import AZURE, HOSTS
from submeter.shapes.route import Provider
from submeter.value import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MESSAGES = replace(messages.MESSAGES, within=messages.ITERATIONS)

BATCHED = replace(MESSAGES, is_batch=True, is_reported=True)

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
    clients={
        # Claude's own platform on AWS and Google Cloud, where Anthropic answers (the SDK's own spans, 2.14).
        "AnthropicAWS": "anthropic",
        "AsyncAnthropicAWS": "anthropic",
        "AnthropicGoogleCloud": "anthropic",
        "AsyncAnthropicGoogleCloud": "anthropic",
        "AnthropicBedrock": "aws.bedrock",
        "AsyncAnthropicBedrock": "aws.bedrock",
        "AnthropicBedrockMantle": "aws.bedrock",
        "AsyncAnthropicBedrockMantle": "aws.bedrock",
        "AnthropicVertex": "gcp.vertex_ai",
        "AsyncAnthropicVertex": "gcp.vertex_ai",
        "AnthropicFoundry": "azure.ai.inference",
        "AsyncAnthropicFoundry": "azure.ai.inference",
    },
    # Other hosts speak the protocol too, some of them models of their own under Claude's names (DeepSeek).
    hosts={**HOSTS, **dict.fromkeys(AZURE, "azure.ai.inference")},
    request_id="request-id",
)
