"""Messages: Anthropic's kind of call, as its SDK and its agent state it.

Its input count excludes cached tokens, so they are added in, as the conventions count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter import semconv
from submeter.core.endpoint import Endpoint, Within, fields_of
from submeter.core.reported import Found
from submeter.value import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MESSAGES = Endpoint(
    kind=semconv.KIND_CHAT,
    usage={
        "input_tokens": "input_tokens",
        "output_tokens": "output_tokens",
        "cache_read_input_tokens": "cache_read_tokens",
        "cache_creation_input_tokens": "cache_write_tokens",
        "cache_creation": {
            "ephemeral_5m_input_tokens": "cache_write_5m_tokens",
            "ephemeral_1h_input_tokens": "cache_write_1h_tokens",
        },
        "output_tokens_details": {"thinking_tokens": "reasoning_tokens"},
    },
    is_inclusive=False,
    envelopes=frozenset({"message"}),
    parts=("delta",),
    # `message_start` says 1 output token before there is any (seen with every model up to 2026-11).
    placeholders=frozenset({"output_tokens"}),
    finish="stop_reason",
    is_end_told=True,
    speed="speed",
    place="inference_geo",
    request={
        "max_tokens": semconv.REQUEST_MAX_TOKENS,
        "stop_sequences": semconv.REQUEST_STOP_SEQUENCES,
        "temperature": semconv.REQUEST_TEMPERATURE,
        "top_k": semconv.REQUEST_TOP_K,
        "top_p": semconv.REQUEST_TOP_P,
    },
    reasoning=("output_config", "effort"),
    output_type=("output_config", "format", "type"),
    response={"id": semconv.RESPONSE_ID, "model": semconv.RESPONSE_MODEL},
)

_BESIDE = frozenset({"compaction", "advisor_message"})
"""The kinds of iterations of a message that its usage leaves out; the others are in it."""

_ANSWERS = frozenset({"message", "fallback_message"})
"""The kinds of iterations that have the conversation in the window of the model that answers."""

ITERATION = replace(
    MESSAGES,
    usage_at="input_tokens",
    is_flat=True,
    envelopes=frozenset(),
    parts=(),
    finish="",
    is_end_told=False,
    is_reported=True,
)


def _told(iterations: Any, kinds: frozenset[str]) -> Iterator[Mapping[str, Any]]:
    for iteration in iterations if isinstance(iterations, list) else ():  # pyright: ignore[reportUnknownVariableType]
        fields = fields_of(iteration)
        if fields.get("type") in kinds and fields.get("input_tokens") is not None:
            yield fields


def _beside(iterations: Any) -> Iterator[Found]:
    """The requests within a message that summed its conversation up, or asked another model for advice."""
    for fields in _told(iterations, _BESIDE):
        yield Found(ITERATION, "", fields, {"model": fields["model"]} if fields.get("model") else {})


def _last(iterations: Any) -> Mapping[str, Any]:
    """The last turn of the loop in which the provider ran tools of its own."""
    found: Mapping[str, Any] = {}
    for found in _told(iterations, _ANSWERS):  # noqa: B007  (the last one stays)
        pass
    return found


ITERATIONS = Within(at="iterations", beside=_beside, last=_last)
