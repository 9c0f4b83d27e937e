"""How other instrumentations spell what the conventions say, as one table.

Three traps are data here too: counts that exclude cached tokens, counts inside JSON texts, and operations
that only wrap calls. `normalisation` applies the table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from submeter import semconv

if TYPE_CHECKING:
    from collections.abc import Mapping

COUNT_NAMES: Final[Mapping[str, str]] = {
    "input_tokens": semconv.INPUT_TOKENS,
    "output_tokens": semconv.OUTPUT_TOKENS,
    "cache_read_tokens": semconv.CACHE_READ_TOKENS,
    "cache_write_tokens": semconv.CACHE_WRITE_TOKENS,
    "cache_write_5m_tokens": semconv.CACHE_WRITE_5M_TOKENS,
    "cache_write_1h_tokens": semconv.CACHE_WRITE_1H_TOKENS,
    "reasoning_tokens": semconv.REASONING_TOKENS,
    "text_input_tokens": semconv.TEXT_INPUT_TOKENS,
    "image_input_tokens": semconv.IMAGE_INPUT_TOKENS,
    "audio_input_tokens": semconv.AUDIO_INPUT_TOKENS,
    "text_output_tokens": semconv.TEXT_OUTPUT_TOKENS,
    "image_output_tokens": semconv.IMAGE_OUTPUT_TOKENS,
    "audio_output_tokens": semconv.AUDIO_OUTPUT_TOKENS,
}
"""The attribute of every count of `Usage`."""

SOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    semconv.PROVIDER: ("gen_ai.system", "llm.provider", "llm.system", "ai.model.provider"),
    semconv.KIND: (
        "llm.request.type",
        "openinference.span.kind",
        "ai.operationId",
        "langfuse.observation.type",
        "traceloop.span.kind",
    ),
    semconv.REQUEST_MODEL: (
        "llm.request.model",
        "llm.model_name",
        "embedding.model_name",
        "ai.model.id",
        "langfuse.observation.model.name",
    ),
    semconv.RESPONSE_MODEL: ("llm.response.model", "ai.response.model"),
    semconv.RESPONSE_ID: ("ai.response.id",),
    semconv.REQUEST_STREAM: ("gen_ai.request.is_stream", "llm.is_streaming"),
    semconv.RESPONSE_TIME_TO_FIRST_CHUNK: ("gen_ai.server.time_to_first_token",),
    semconv.RESPONSE_FINISH_REASONS: (
        "gen_ai.response.finish_reason",
        "gen_ai.response.stop_reason",
        "llm.response.finish_reason",
        "llm.response.stop_reason",
        "llm.finish_reason",
        "ai.response.finishReason",
    ),
    semconv.INPUT_TOKENS: (
        "gen_ai.usage.prompt_tokens",
        "llm.usage.prompt_tokens",
        "llm.token_count.prompt",
        "ai.usage.inputTokens",
        "ai.usage.promptTokens",
        "ai.usage.tokens",
    ),
    semconv.OUTPUT_TOKENS: (
        "gen_ai.usage.completion_tokens",
        "llm.usage.completion_tokens",
        "llm.token_count.completion",
        "ai.usage.outputTokens",
        "ai.usage.completionTokens",
    ),
    semconv.CACHE_READ_TOKENS: (
        "gen_ai.usage.cache_read_input_tokens",
        "gen_ai.usage.prompt_tokens_details.cached_tokens",
        "gen_ai.usage.details.cache_read_tokens",
        "gen_ai.usage.details.cache_read_input_tokens",
        "llm.token_count.prompt_details.cache_read",
        "llm.token_count.prompt_details.cache_input",
        "ai.usage.inputTokenDetails.cacheReadTokens",
        "ai.usage.cachedInputTokens",
    ),
    semconv.CACHE_WRITE_TOKENS: (
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
        "gen_ai.usage.cache_write_input_tokens",
        "gen_ai.usage.prompt_tokens_details.cache_creation_tokens",
        "gen_ai.usage.details.cache_write_tokens",
        "gen_ai.usage.details.cache_creation_input_tokens",
        "llm.token_count.prompt_details.cache_write",
        "ai.usage.inputTokenDetails.cacheWriteTokens",
    ),
    semconv.REASONING_TOKENS: (
        "gen_ai.usage.reasoning_tokens",
        "gen_ai.usage.completion_tokens_details.reasoning_tokens",
        "gen_ai.usage.details.reasoning_tokens",
        "llm.usage.reasoning_tokens",
        "llm.token_count.completion_details.reasoning",
        "ai.usage.outputTokenDetails.reasoningTokens",
        "ai.usage.reasoningTokens",
    ),
    semconv.AUDIO_INPUT_TOKENS: ("gen_ai.usage.details.input_audio_tokens", "llm.token_count.prompt_details.audio"),
    semconv.AUDIO_OUTPUT_TOKENS: (
        "gen_ai.usage.completion_tokens_details.audio_tokens",
        "gen_ai.usage.details.output_audio_tokens",
        "llm.token_count.completion_details.audio",
    ),
    semconv.COST_USD: ("operation.cost", "gen_ai.usage.cost", "gen_ai.cost.total_cost", "llm.cost.total"),
    semconv.SERVICE_TIER: (semconv.OPENAI_RESPONSE_SERVICE_TIER, "gen_ai.openai.response.service_tier"),
    semconv.CONVERSATION_ID: ("thread_id",),
    semconv.SESSION_ID: (
        "langfuse.session.id",
        "traceloop.association.properties.session_id",
        "ai.telemetry.metadata.sessionId",
    ),
    semconv.USER_ID: (
        "langfuse.user.id",
        "traceloop.association.properties.user_id",
        "ai.telemetry.metadata.userId",
        "enduser.id",
        "llm.user",
        "gen_ai.user",
    ),
    semconv.AGENT_NAME: ("agent.name", "llm.agent.name"),
}
"""Convention's name: the other names it goes by, best first."""

VALUES: Final[Mapping[str, Mapping[str, str]]] = {
    semconv.PROVIDER: {
        "aws": "aws.bedrock",
        "aws_bedrock": "aws.bedrock",
        "amazon_bedrock": "aws.bedrock",
        "amazon-bedrock": "aws.bedrock",
        "bedrock": "aws.bedrock",
        "azure": "azure.ai.openai",
        "az.ai.openai": "azure.ai.openai",
        "azure_openai": "azure.ai.openai",
        "azure-openai.chat": "azure.ai.openai",
        "azure.chat": "azure.ai.openai",
        "azure.completion": "azure.ai.openai",
        "azure.embeddings": "azure.ai.openai",
        "azure.responses": "azure.ai.openai",
        "az.ai.inference": "azure.ai.inference",
        "gemini": "gcp.gemini",
        "google": "gcp.gemini",
        "google_genai": "gcp.gemini",
        "google.generative-ai": "gcp.gemini",
        "vertexai": "gcp.vertex_ai",
        "vertex_ai": "gcp.vertex_ai",
        "google.vertex": "gcp.vertex_ai",
        "google.vertex.chat": "gcp.vertex_ai",
        "vertex.anthropic.messages": "gcp.vertex_ai",
        "mistral": "mistral_ai",
        "mistralai": "mistral_ai",
        "mistral.chat": "mistral_ai",
        "mistral.embedding": "mistral_ai",
        "watsonx": "ibm.watsonx.ai",
        "watsonx.ai": "ibm.watsonx.ai",
        "xai": "x_ai",
        "grok": "x_ai",
        "xai.chat": "x_ai",
        "xai.responses": "x_ai",
        "groq.chat": "groq",
        "cohere.chat": "cohere",
        "cohere.textembedding": "cohere",
        "deepseek.chat": "deepseek",
        "openai.chat": "openai",
        "openai.responses": "openai",
        "openai.embedding": "openai",
        "openai.completion": "openai",
        "anthropic.messages": "anthropic",
    },
    semconv.KIND: {
        "llm": "chat",
        "completion": "text_completion",
        "embedding": "embeddings",
        "generation": "chat",
        "agent": "invoke_agent",
        "chain": "invoke_workflow",
        "workflow": "invoke_workflow",
        "task": "invoke_workflow",
        "tool": "execute_tool",
        "retriever": "retrieval",
        "ai.generatetext": "invoke_agent",
        "ai.streamtext": "invoke_agent",
        "ai.generateobject": "invoke_agent",
        "ai.streamobject": "invoke_agent",
        "ai.embed": "invoke_workflow",
        "ai.embedmany": "invoke_workflow",
        "ai.toolcall": "execute_tool",
        "ai.generatetext.dogenerate": "chat",
        "ai.streamtext.dostream": "chat",
        "ai.generateobject.dogenerate": "chat",
        "ai.streamobject.dostream": "chat",
        "ai.embed.doembed": "embeddings",
        "ai.embedmany.doembed": "embeddings",
    },
}
"""Convention's name: what its value is called elsewhere (in lower case), and what the conventions call it."""

TELLING: Final[Mapping[str, str]] = dict.fromkeys(("pydantic_ai.all_messages", "all_messages_events"), "invoke_agent")
"""What is on spans of one kind alone, where they do not name it: a run of Pydantic AI up to 1.40 at least."""

AGGREGATE_KINDS: Final = frozenset(
    {
        "invoke_agent",
        "invoke_workflow",
        "create_agent",
        "execute_tool",
        "plan",
        "agent_step",
        "handle_conversation_turn",
        "fetch_response",
    }
)
"""Kinds that repeat the usage of calls beneath them, or of a call made earlier: their tokens are never summed."""

ASKED: Final = ("logfire.span_type", "span")
"""What marks the first of two spans of a streamed call where none of `ANSWERED` is on it (Logfire 5)."""

ANSWERED: Final = frozenset({"logfire.level_num", "gen_ai.response.id"})

PREPARED: Final = ("llm.invocation_parameters", '{"context_window"')
"""What begins the parameters of every step of LlamaIndex's models that OpenInference reports, also preparing ones."""

MADE: Final = frozenset({"llm.finish_reason", "llm.input_messages.0.message.role"})
"""What such a step bears if it is a request; without any of them and without usage it only prepares one."""

JSON_COUNTS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "langfuse.observation.usage_details": {
        "input_tokens": ("prompt_tokens", "input_tokens", "input"),
        "output_tokens": ("completion_tokens", "output_tokens", "output"),
        "cache_read_tokens": (
            "input_cached_tokens",
            "input_cache_read",
            "cache_read_input_tokens",
            "prompt_tokens_details.cached_tokens",
            "input_tokens_details.cached_tokens",
        ),
        "cache_write_tokens": ("input_cache_creation", "cache_creation_input_tokens"),
        "cache_write_5m_tokens": ("input_cache_creation_5m",),
        "cache_write_1h_tokens": ("input_cache_creation_1h",),
        "reasoning_tokens": (
            "output_reasoning_tokens",
            "output_reasoning",
            "completion_tokens_details.reasoning_tokens",
            "output_tokens_details.reasoning_tokens",
        ),
        "audio_input_tokens": ("input_audio", "input_audio_tokens", "prompt_tokens_details.audio_tokens"),
        "audio_output_tokens": ("output_audio", "output_audio_tokens", "completion_tokens_details.audio_tokens"),
    },
}
"""Attribute that holds a JSON object of counts: count of `Usage`, and its keys there, best first.

A key with a dot is one of an object within the object."""

JSON_COSTS: Final[Mapping[str, str]] = {"langfuse.observation.cost_details": "total"}
"""Attribute that holds a JSON object of costs in USD, and the key of the total."""

UNPRICING: Final = ("openlit", "gen_ai.usage.cost")
"""Whose cost of 0 says that it knows no price, and where it says so; the scope stands for those below it too."""

EXCLUSIVE_JSON_KEYS: Final = frozenset({"input", "output"})
"""The JSON keys whose counts leave out what has a key of its own (`LEFT_OUT`), when the total came from them."""

LEFT_OUT: Final[Mapping[str, tuple[str, ...]]] = {
    "input_tokens": ("cache_read_tokens", "cache_write_tokens"),
    "output_tokens": ("reasoning_tokens",),
}
"""The totals of `Usage` that are stated without some of their parts here and there, and these parts."""


class Exclusive(NamedTuple):
    """A scope whose input leaves out cached ones: of a provider, before a version, `on` or `unless` an attribute."""

    scope: str
    provider: str
    before: str = ""
    on: str = ""
    unless: str = ""


EXCLUSIVE: Final = (
    Exclusive("openlit", "anthropic", on=semconv.REQUEST_STREAM),
    Exclusive("openinference.instrumentation.anthropic", "anthropic", before="3"),
    *(Exclusive("ai", by, unless="ai.usage.inputTokenDetails.noCacheTokens") for by in ("anthropic", "aws.bedrock")),
)
"""Who counts input without cached tokens though the name says otherwise; a scope stands for those below it too.

OpenLIT's of Claude Agent SDK count them, and tell of no stream. Vercel's do since 6, and then tell how many are not.
"""

KEYS: Final = frozenset({*TELLING, *JSON_COUNTS, *JSON_COSTS}.union(*SOURCES.values()))
"""Every foreign name in the tables."""

MARKS: Final = KEYS | {semconv.KIND, semconv.INPUT_TOKENS, semconv.OUTPUT_TOKENS}
"""The names of which a call bears at least one."""
