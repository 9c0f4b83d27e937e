"""OpenAI and the hosts that speak its protocol: every endpoint whose answer states usage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter import semconv
from submeter.core.counted import left_of
from submeter.core.endpoint import Endpoint, dig, fields_of, reasoned_apart
from submeter.core.reported import Found, Report
from submeter.shapes.hosts import HOSTS, USAGE_ON_REQUEST
from submeter.shapes.responses import (
    ANSWERED,
    FETCHED_RESPONSE,
    FINAL,
    INPUT,
    INPUT_PARTS,
    OUTPUT_PARTS,
    RESPONSE,
    SAMPLING,
    settle,
)
from submeter.shapes.route import Provider
from submeter.shapes.sockets import Events
from submeter.value import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from submeter.core.call import Call
    from submeter.core.endpoint import Table

_PROMPT: Table = {
    "prompt_tokens": "input_tokens",
    "completion_tokens": "output_tokens",
    "prompt_tokens_details": INPUT_PARTS,
    # Runs of assistants leave out an s.
    "prompt_token_details": INPUT_PARTS,
    "completion_tokens_details": OUTPUT_PARTS,
    # Cached input in the words of DeepSeek, Mistral and Moonshot.
    "prompt_cache_hit_tokens": "cache_read_tokens",
    "num_cached_tokens": "cache_read_tokens",
    "cached_tokens": "cache_read_tokens",
    "reasoning_tokens": reasoned_apart,  # Perplexity
}


def _settle_job(call: Call, fields: Mapping[str, Any]) -> None:
    """The usage of a job counts once nothing can be added to it."""
    settle(call, fields)
    if fields.get("status") not in FINAL:
        call.forget_usage()


def _settle_batch(call: Call, fields: Mapping[str, Any]) -> None:
    """A batch counts by its sum or by its file of results, whichever is read first."""
    _settle_job(call, fields)
    if fields.get("endpoint") == "/v1/embeddings":
        call.endpoint = EMBEDDINGS_BATCH
    for name in ("output_file_id", "error_file_id"):
        if call.counts and isinstance(fields.get(name), str):
            call.counts = left_of(f"/files/{fields[name]}/content", call.counts)


CHAT = Endpoint(
    kind=semconv.KIND_CHAT,
    usage=_PROMPT,
    total="total_tokens",
    # Groq puts the usage of a stream that was not asked for any into an object of its own.
    envelopes=frozenset({"x_groq"}),
    choices="choices",
    is_end_told=True,
    request={
        **SAMPLING,
        "max_completion_tokens": semconv.REQUEST_MAX_TOKENS,
        "max_tokens": semconv.REQUEST_MAX_TOKENS,
        "reasoning_effort": semconv.REQUEST_REASONING_LEVEL,
    },
    choice_count="n",
    output_type=("response_format", "type"),
    response=ANSWERED,
    attributes={semconv.OPENAI_API_TYPE: "chat_completions"},
    asks_usage=True,
)

COMPLETION = Endpoint(
    kind=semconv.KIND_TEXT_COMPLETION,
    usage=_PROMPT,
    choices="choices",
    is_end_told=True,
    request={**SAMPLING, "max_tokens": semconv.REQUEST_MAX_TOKENS},
    choice_count="n",
    response=ANSWERED,
    asks_usage=True,
)

EMBEDDINGS = Endpoint(
    kind=semconv.KIND_EMBEDDINGS,
    usage={"total_tokens": "input_tokens", **_PROMPT},  # all are input, and Voyage states no other count
    request={
        "dimensions": semconv.EMBEDDINGS_DIMENSION_COUNT,
        "encoding_format": semconv.REQUEST_ENCODING_FORMATS,
    },
    response={"model": semconv.RESPONSE_MODEL},
)

IMAGE = Endpoint(
    kind=semconv.KIND_GENERATE_CONTENT,
    usage=INPUT,
    choice_count="n",
    attributes={semconv.OUTPUT_TYPE: semconv.OUTPUT_IMAGE},
)

TRANSCRIPTION = Endpoint(
    kind=semconv.KIND_GENERATE_CONTENT,
    usage=INPUT,
    attributes={semconv.OUTPUT_TYPE: semconv.OUTPUT_TEXT},
)

SPEECH = Endpoint(
    kind=semconv.KIND_GENERATE_CONTENT,
    usage=INPUT,
    attributes={semconv.OUTPUT_TYPE: semconv.OUTPUT_SPEECH},
)

MODERATION = Endpoint(
    kind=semconv.KIND_MODERATION,
    response={"id": semconv.RESPONSE_ID, "model": semconv.RESPONSE_MODEL},
)


def _settle_run(call: Call, fields: Mapping[str, Any]) -> None:
    """Messages and steps in a run's stream have ids of their own, and a step's tokens are the run's."""
    settle(call, fields)
    kind = fields.get("object")
    if kind == "thread.run" and isinstance(fields.get("id"), str):
        call.fact(semconv.RESPONSE_ID, fields["id"])
    elif kind == "thread.run.step":
        call.forget_usage()


RUN = Endpoint(
    kind=semconv.KIND_FETCH_RESPONSE,
    counts_as=semconv.KIND_CHAT,
    usage=_PROMPT,
    envelopes=frozenset({"data"}),
    response={"model": semconv.RESPONSE_MODEL},
    is_sum=True,
    settle=_settle_run,
)

BATCH = Endpoint(
    kind=semconv.KIND_FETCH_RESPONSE,
    counts_as=semconv.KIND_CHAT,
    usage=INPUT,
    response={"id": semconv.RESPONSE_ID, "model": semconv.RESPONSE_MODEL},
    is_batch=True,
    is_sum=True,
    settle=_settle_batch,
)

EMBEDDINGS_BATCH = replace(BATCH, counts_as=semconv.KIND_EMBEDDINGS)

DECISION = Endpoint(
    kind=semconv.KIND_CHAT,
    usage=INPUT,
    request={"reasoning_effort": semconv.REQUEST_REASONING_LEVEL},
    response=ANSWERED,
    attributes={semconv.OUTPUT_TYPE: semconv.OUTPUT_JSON},
)

TURN = Endpoint(
    kind=semconv.KIND_CHAT,
    usage=INPUT,
    response={"id": semconv.RESPONSE_ID, "model": semconv.RESPONSE_MODEL, "session_id": semconv.CONVERSATION_ID},
    is_sum=True,
    is_reported=True,
    settle=settle,
)

_RESULTS = {
    name: replace(endpoint, is_batch=True, is_reported=True, is_fetchable=False)
    for name, endpoint in (
        ("chat.completion", CHAT),
        ("text_completion", COMPLETION),
        ("response", RESPONSE),
        ("list", EMBEDDINGS),
    )
}
"""The `object` of a batch's result -> how it is read."""


def _results(line: Mapping[str, Any]) -> Iterator[Found]:
    """The result of a request in a file that a batch wrote; other files have no such lines."""
    answer = fields_of(dig(line, ("response", "body")))
    endpoint = _RESULTS.get(str(answer.get("object")))
    if "custom_id" in line and endpoint is not None:
        yield Found(endpoint, str(answer.get("id") or line.get("id") or ""), answer)


def _turns(event: Mapping[str, Any]) -> Iterator[Found]:
    """The turn of an agent that an event says has ended, or a turn itself."""
    turn = fields_of(event.get("turn")) or event
    usage = event.get("usage") or turn.get("usage")
    if turn.get("object") == "agent.session.turn" and turn.get("status") in FINAL and usage is not None:
        yield Found(TURN, str(turn.get("id")), {**turn, "usage": usage})


REALTIME = replace(
    RESPONSE,
    request={"conversation_id": semconv.CONVERSATION_ID, "max_output_tokens": semconv.REQUEST_MAX_TOKENS},
    attributes={semconv.OPENAI_API_TYPE: "realtime"},
    is_fetchable=False,
)

_SPOKEN = {"conversation.item.input_audio_transcription.completed": replace(TRANSCRIPTION, is_reported=True)}
_SPEECH = Events(
    REALTIME,
    "response.created",
    frozenset({"response.done"}),
    _SPOKEN,
    dict.fromkeys(
        ("session.created", "session.updated"),
        (("session", "model"), ("session", "audio", "input", "transcription", "model")),
    ),
)
_BETA_SPEECH = replace(
    _SPEECH,
    model=dict.fromkeys(_SPEECH.model, (("session", "model"), ("session", "input_audio_transcription", "model"))),
)
_RESPONSES = Events(
    RESPONSE,
    "response.created",
    frozenset({"response.completed", "response.incomplete", "response.failed"}),
    fails="error",
    lane="stream_id",
)
_LIVE = replace(
    _RESPONSES,
    inside="event",
    fails="",
    lane="delegation_id",
    further={"decision.completed": replace(DECISION, envelopes=frozenset({"decision"}))},
)


def _both_kinds(module: str, name: str, events: Events) -> dict[str, Events]:
    return {f"openai.resources.{module}:{kind}{name}Connection": events for kind in ("", "Async")}


PROVIDER = Provider(
    package="openai",
    name="openai",
    endpoints={
        "post /chat/completions": CHAT,
        "post /completions": COMPLETION,
        "post /responses": RESPONSE,
        "post /responses/compact": RESPONSE,
        "get /responses/{}": FETCHED_RESPONSE,
        "post /responses/{}/cancel": FETCHED_RESPONSE,
        "post /embeddings": EMBEDDINGS,
        "post /images/generations": IMAGE,
        "post /images/edits": IMAGE,
        "post /images/variations": IMAGE,
        "post /audio/transcriptions": TRANSCRIPTION,
        "post /audio/translations": TRANSCRIPTION,
        "post /audio/speech": SPEECH,
        "post /moderations": MODERATION,
        "post /threads/runs": RUN,
        "post /threads/{}/runs": RUN,
        "get /threads/{}/runs/{}": RUN,
        "post /threads/{}/runs/{}/submit_tool_outputs": RUN,
        "post /threads/{}/runs/{}/cancel": RUN,
        "get /batches/{}": BATCH,
        "post /batches/{}/cancel": BATCH,
        "get /files/{}/content": Report(find=_results, is_lines=True),
        "post /decisions": DECISION,
        "post /agents/sessions": Report(find=_turns),
        "get /agents/sessions/{}/events": Report(find=_turns),
        "get /agents/sessions/{}/turns/{}": Report(find=_turns),
    },
    clients={
        "AzureOpenAI": "azure.ai.openai",
        "AsyncAzureOpenAI": "azure.ai.openai",
        "BedrockOpenAI": "aws.bedrock",
        "AsyncBedrockOpenAI": "aws.bedrock",
    },
    runtimes={"bedrock": "aws.bedrock"},
    sockets={
        **_both_kinds("realtime.realtime", "Realtime", _SPEECH),
        **_both_kinds("beta.realtime.realtime", "Realtime", _BETA_SPEECH),
        **_both_kinds("responses.responses", "Responses", _RESPONSES),
        **_both_kinds("beta.responses.responses", "Responses", _RESPONSES),
        **_both_kinds("live.live", "Live", _LIVE),
        **_both_kinds("live.sideband", "Sideband", _LIVE),
        **_both_kinds("live.forks", "Forks", _LIVE),
    },
    hosts=HOSTS,
    usage_on_request=USAGE_ON_REQUEST,
)
