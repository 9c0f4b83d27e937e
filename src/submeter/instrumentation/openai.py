"""OpenAI and the hosts that speak its protocol: every endpoint whose answer states usage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter import semconv
from submeter.core.endpoint import Endpoint, fields_of
from submeter.shapes.stainless import Provider

if TYPE_CHECKING:
    from collections.abc import Mapping

    from submeter.core.call import Call
    from submeter.core.endpoint import Table

_INPUT_PARTS: Table = {
    "cached_tokens": "cache_read_tokens",
    "cache_write_tokens": "cache_write_tokens",
    "text_tokens": "text_input_tokens",
    "image_tokens": "image_input_tokens",
    "audio_tokens": "audio_input_tokens",
}
_OUTPUT_PARTS: Table = {
    "reasoning_tokens": "reasoning_tokens",
    "text_tokens": "text_output_tokens",
    "image_tokens": "image_output_tokens",
    "audio_tokens": "audio_output_tokens",
}
_PROMPT: Table = {
    "prompt_tokens": "input_tokens",
    "completion_tokens": "output_tokens",
    "prompt_tokens_details": _INPUT_PARTS,
    # Runs of assistants leave out an s.
    "prompt_token_details": _INPUT_PARTS,
    "completion_tokens_details": _OUTPUT_PARTS,
    # Cached input in DeepSeek's own words, and in Mistral's.
    "prompt_cache_hit_tokens": "cache_read_tokens",
    "num_cached_tokens": "cache_read_tokens",
}
_INPUT: Table = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "input_tokens_details": _INPUT_PARTS,
    # Transcriptions leave out an s.
    "input_token_details": _INPUT_PARTS,
    "output_tokens_details": _OUTPUT_PARTS,
    "output_token_details": _OUTPUT_PARTS,
}
_SAMPLING = {
    "frequency_penalty": semconv.REQUEST_FREQUENCY_PENALTY,
    "presence_penalty": semconv.REQUEST_PRESENCE_PENALTY,
    "seed": semconv.REQUEST_SEED,
    "service_tier": semconv.OPENAI_REQUEST_SERVICE_TIER,
    "stop": semconv.REQUEST_STOP_SEQUENCES,
    "temperature": semconv.REQUEST_TEMPERATURE,
    "top_p": semconv.REQUEST_TOP_P,
}
_ANSWERED = {
    "id": semconv.RESPONSE_ID,
    "model": semconv.RESPONSE_MODEL,
    "service_tier": semconv.OPENAI_RESPONSE_SERVICE_TIER,
    "system_fingerprint": semconv.OPENAI_SYSTEM_FINGERPRINT,
}
_ENDED = {"completed": "stop", "failed": "error", "cancelled": "error", "expired": "error"}
_STATUSES = frozenset({"queued", "in_progress", "completed", "incomplete", "failed", "cancelled"})
_CUT_OFF = {"max_output_tokens": "length", "max_prompt_tokens": "length", "max_completion_tokens": "length"}


def _settle_response(call: Call, fields: Mapping[str, Any]) -> None:
    """A response says why it ended in two fields, and whose it is in a third."""
    status = fields.get("status")
    if status in _ENDED:
        call.ended(_ENDED[status])
    elif status == "incomplete":
        reason = fields_of(fields.get("incomplete_details")).get("reason")
        call.ended(_CUT_OFF.get(str(reason), str(reason)))
    conversation = fields_of(fields.get("conversation")).get("id")
    if isinstance(conversation, str):
        call.fact(semconv.CONVERSATION_ID, conversation)


def _settle_fetched(call: Call, fields: Mapping[str, Any]) -> None:
    """A response that was not made in the background was counted when it was made, wherever that was."""
    _settle_response(call, fields)
    if fields.get("status") in _STATUSES:
        call.fact(semconv.RESPONSE_STATUS, fields["status"])
    if fields.get("status") is not None and fields.get("background") is not True:
        call.forget_usage()


CHAT = Endpoint(
    kind=semconv.KIND_CHAT,
    usage=_PROMPT,
    # Groq puts the usage of a stream that was not asked for any into an object of its own.
    envelopes=frozenset({"x_groq"}),
    choices="choices",
    request={
        **_SAMPLING,
        "max_completion_tokens": semconv.REQUEST_MAX_TOKENS,
        "max_tokens": semconv.REQUEST_MAX_TOKENS,
        "reasoning_effort": semconv.REQUEST_REASONING_LEVEL,
    },
    choice_count="n",
    output_type=("response_format", "type"),
    response=_ANSWERED,
    attributes={semconv.OPENAI_API_TYPE: "chat_completions"},
    asks_usage=True,
)

COMPLETION = Endpoint(
    kind=semconv.KIND_TEXT_COMPLETION,
    usage=_PROMPT,
    choices="choices",
    request={**_SAMPLING, "max_tokens": semconv.REQUEST_MAX_TOKENS},
    choice_count="n",
    response=_ANSWERED,
    asks_usage=True,
)

RESPONSE = Endpoint(
    kind=semconv.KIND_CHAT,
    usage=_INPUT,
    envelopes=frozenset({"response"}),
    request={
        **_SAMPLING,
        "conversation": semconv.CONVERSATION_ID,
        "max_output_tokens": semconv.REQUEST_MAX_TOKENS,
        "previous_response_id": semconv.REQUEST_PREVIOUS_RESPONSE_ID,
    },
    reasoning=("reasoning", "effort"),
    output_type=("text", "format", "type"),
    response=_ANSWERED,
    attributes={semconv.OPENAI_API_TYPE: "responses"},
    is_fetchable=True,
    settle=_settle_response,
)

FETCHED_RESPONSE = Endpoint(
    kind=semconv.KIND_FETCH_RESPONSE,
    counts_as=semconv.KIND_CHAT,
    usage=_INPUT,
    envelopes=frozenset({"response"}),
    response=_ANSWERED,
    attributes={semconv.OPENAI_API_TYPE: "responses"},
    settle=_settle_fetched,
)

EMBEDDINGS = Endpoint(
    kind=semconv.KIND_EMBEDDINGS,
    usage=_PROMPT,
    request={
        "dimensions": semconv.EMBEDDINGS_DIMENSION_COUNT,
        "encoding_format": semconv.REQUEST_ENCODING_FORMATS,
    },
    response={"model": semconv.RESPONSE_MODEL},
)

IMAGE = Endpoint(
    kind=semconv.KIND_GENERATE_CONTENT,
    usage=_INPUT,
    choice_count="n",
    attributes={semconv.OUTPUT_TYPE: semconv.OUTPUT_IMAGE},
)

TRANSCRIPTION = Endpoint(
    kind=semconv.KIND_GENERATE_CONTENT,
    usage=_INPUT,
    attributes={semconv.OUTPUT_TYPE: semconv.OUTPUT_TEXT},
)

SPEECH = Endpoint(
    kind=semconv.KIND_GENERATE_CONTENT,
    usage=_INPUT,
    attributes={semconv.OUTPUT_TYPE: semconv.OUTPUT_SPEECH},
)

MODERATION = Endpoint(
    kind=semconv.KIND_MODERATION,
    response={"id": semconv.RESPONSE_ID, "model": semconv.RESPONSE_MODEL},
)

RUN = Endpoint(
    kind=semconv.KIND_FETCH_RESPONSE,
    counts_as=semconv.KIND_CHAT,
    usage=_PROMPT,
    envelopes=frozenset({"data"}),
    response={"id": semconv.RESPONSE_ID, "model": semconv.RESPONSE_MODEL},
    settle=_settle_response,
)

BATCH = Endpoint(
    kind=semconv.KIND_FETCH_RESPONSE,
    counts_as=semconv.KIND_CHAT,
    usage=_INPUT,
    response={"id": semconv.RESPONSE_ID, "model": semconv.RESPONSE_MODEL},
    is_batch=True,
    settle=_settle_response,
)

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
    },
    clients={"AzureOpenAI": "azure.ai.openai", "AsyncAzureOpenAI": "azure.ai.openai"},
    hosts={
        "openai.azure.com": "azure.ai.openai",
        "services.ai.azure.com": "azure.ai.openai",
        "cognitiveservices.azure.com": "azure.ai.openai",
        "amazonaws.com": "aws.bedrock",
        "api.aws": "aws.bedrock",
        "aiplatform.googleapis.com": "gcp.vertex_ai",
        "generativelanguage.googleapis.com": "gcp.gemini",
        "api.cohere.ai": "cohere",
        "api.cohere.com": "cohere",
        "api.deepseek.com": "deepseek",
        "api.fireworks.ai": "fireworks_ai",
        "api.groq.com": "groq",
        "api.mistral.ai": "mistral_ai",
        "api.moonshot.ai": "moonshot_ai",
        "api.moonshot.cn": "moonshot_ai",
        "api.perplexity.ai": "perplexity",
        "api.together.ai": "together_ai",
        "api.together.xyz": "together_ai",
        "api.x.ai": "x_ai",
        "openrouter.ai": "openrouter",
    },
    usage_on_request=(
        "api.openai.com",
        "openai.azure.com",
        "api.deepseek.com",
        "api.fireworks.ai",
        "api.groq.com",
        "api.moonshot.ai",
        "api.moonshot.cn",
        "api.together.ai",
        "api.together.xyz",
        "api.x.ai",
        "openrouter.ai",
        # Servers of models on one's own machine: Ollama, vLLM, llama.cpp, LM Studio and LiteLLM all take the option.
        "127.0.0.1",
        "localhost",
    ),
)
