"""The responses dialect: responses, and everything newer of the protocol that counts usage in the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter import semconv
from submeter.core.endpoint import Endpoint, fields_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from submeter.core.call import Call
    from submeter.core.endpoint import Table

INPUT_PARTS: Table = {
    "cached_tokens": "cache_read_tokens",
    "cache_write_tokens": "cache_write_tokens",
    "text_tokens": "text_input_tokens",
    "image_tokens": "image_input_tokens",
    "audio_tokens": "audio_input_tokens",
}
OUTPUT_PARTS: Table = {
    "reasoning_tokens": "reasoning_tokens",
    "text_tokens": "text_output_tokens",
    "image_tokens": "image_output_tokens",
    "audio_tokens": "audio_output_tokens",
}
INPUT: Table = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "input_tokens_details": INPUT_PARTS,
    # Transcriptions and realtime sessions leave out an s.
    "input_token_details": INPUT_PARTS,
    "output_tokens_details": OUTPUT_PARTS,
    "output_token_details": OUTPUT_PARTS,
}
"""Counts of the usage object."""

SAMPLING = {
    "frequency_penalty": semconv.REQUEST_FREQUENCY_PENALTY,
    "presence_penalty": semconv.REQUEST_PRESENCE_PENALTY,
    "seed": semconv.REQUEST_SEED,
    "service_tier": semconv.OPENAI_REQUEST_SERVICE_TIER,
    "stop": semconv.REQUEST_STOP_SEQUENCES,
    "temperature": semconv.REQUEST_TEMPERATURE,
    "top_p": semconv.REQUEST_TOP_P,
}
"""What a request says of the sampling, and of the tier it wants."""

ANSWERED = {
    "id": semconv.RESPONSE_ID,
    "model": semconv.RESPONSE_MODEL,
    "service_tier": semconv.OPENAI_RESPONSE_SERVICE_TIER,
    "system_fingerprint": semconv.OPENAI_SYSTEM_FINGERPRINT,
}
"""What an answer says of itself."""

# Looked through and not hashed: what a server states may be anything.
FINAL = ("completed", "failed", "cancelled", "canceled", "expired", "incomplete")
"""States of a job from which on its usage grows no more."""

_ENDED = {"completed": "stop", "failed": "error", "cancelled": "error", "expired": "error"}
_STATUSES = ("queued", "in_progress", "completed", "incomplete", "failed", "cancelled")
_CUT_OFF = {"max_output_tokens": "length", "max_prompt_tokens": "length", "max_completion_tokens": "length"}


def settle(call: Call, fields: Mapping[str, Any]) -> None:
    """A response says why it ended in two fields, and whose it is in a third."""
    status = str(fields.get("status"))
    if status in _ENDED:
        call.ended(_ENDED[status])
    elif status == "incomplete":
        details = fields.get("incomplete_details") or fields.get("status_details")
        reason = str(fields_of(details).get("reason") or status)
        call.ended(_CUT_OFF.get(reason, reason))
    conversation = fields_of(fields.get("conversation")).get("id") or fields.get("conversation_id")
    if isinstance(conversation, str):
        call.fact(semconv.CONVERSATION_ID, conversation)


def _settle_fetched(call: Call, fields: Mapping[str, Any]) -> None:
    """A response that was not made in the background was counted when it was made, wherever that was."""
    settle(call, fields)
    if fields.get("status") in _STATUSES:
        call.fact(semconv.RESPONSE_STATUS, fields["status"])
    if fields.get("status") is not None and fields.get("background") is not True:
        call.forget_usage()


RESPONSE = Endpoint(
    kind=semconv.KIND_CHAT,
    usage=INPUT,
    envelopes=frozenset({"response"}),
    is_end_told=True,
    request={
        **SAMPLING,
        "conversation": semconv.CONVERSATION_ID,
        "max_output_tokens": semconv.REQUEST_MAX_TOKENS,
        "previous_response_id": semconv.REQUEST_PREVIOUS_RESPONSE_ID,
    },
    reasoning=("reasoning", "effort"),
    output_type=("text", "format", "type"),
    response=ANSWERED,
    attributes={semconv.OPENAI_API_TYPE: "responses"},
    is_fetchable=True,
    settle=settle,
)

FETCHED_RESPONSE = Endpoint(
    kind=semconv.KIND_FETCH_RESPONSE,
    counts_as=semconv.KIND_CHAT,
    usage=INPUT,
    envelopes=frozenset({"response"}),
    response=ANSWERED,
    attributes={semconv.OPENAI_API_TYPE: "responses"},
    settle=_settle_fetched,
)
