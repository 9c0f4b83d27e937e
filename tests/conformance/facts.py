"""Facts: what the GenAI conventions say of the telemetry that submeter emits, as of main of 2026-10-09.

Names, types, requirement levels, enumerations, span names and kinds, instruments, units and buckets; nothing else.
`test_facts.py` holds them against the conventions' own data where `SUBMETER_TEST_SEMCONV` names a folder of it.
"""

from __future__ import annotations

from dataclasses import dataclass

REQUIRED, CONDITIONAL, RECOMMENDED, OPT_IN = "required", "conditionally_required", "recommended", "opt_in"

_USAGE = (
    "input_tokens",
    "output_tokens",
    "cache_read.input_tokens",
    "cache_write.input_tokens",
    "reasoning.output_tokens",
    *(f"{modality}.{count}" for modality in ("text", "image", "audio") for count in ("input_tokens", "output_tokens")),
    *(f"{modality}.cache_read.input_tokens" for modality in ("text", "image", "audio")),
)

TYPES: dict[str, str] = {
    "error.type": "string",
    "exception.message": "string",
    "exception.stacktrace": "string",
    "exception.type": "string",
    "gen_ai.conversation.compacted": "boolean",
    "gen_ai.conversation.id": "string",
    "gen_ai.embeddings.dimension.count": "int",
    "gen_ai.input.messages": "any",
    "gen_ai.operation.name": "string",
    "gen_ai.output.messages": "any",
    "gen_ai.output.type": "string",
    "gen_ai.prompt.name": "string",
    "gen_ai.prompt.variable": "template[string]",
    "gen_ai.prompt.version": "string",
    "gen_ai.provider.name": "string",
    "gen_ai.request.choice.count": "int",
    "gen_ai.request.encoding_formats": "string[]",
    "gen_ai.request.frequency_penalty": "double",
    "gen_ai.request.max_tokens": "int",
    "gen_ai.request.model": "string",
    "gen_ai.request.presence_penalty": "double",
    "gen_ai.request.previous_response.id": "string",
    "gen_ai.request.reasoning.level": "string",
    "gen_ai.request.seed": "int",
    "gen_ai.request.stop_sequences": "string[]",
    "gen_ai.request.stream": "boolean",
    "gen_ai.request.stream_cursor": "string",
    "gen_ai.request.temperature": "double",
    "gen_ai.request.top_k": "int",
    "gen_ai.request.top_p": "double",
    "gen_ai.response.finish_reasons": "string[]",
    "gen_ai.response.id": "string",
    "gen_ai.response.model": "string",
    "gen_ai.response.status": "string",
    "gen_ai.response.time_to_first_chunk": "double",
    "gen_ai.system_instructions": "any",
    "gen_ai.token.modality": "string",
    "gen_ai.tool.definitions": "any",
    **{f"gen_ai.usage.{name}": "int" for name in _USAGE},
    "openai.api.type": "string",
    "openai.request.service_tier": "string",
    "openai.response.service_tier": "string",
    "openai.response.system_fingerprint": "string",
    "server.address": "string",
    "server.port": "int",
}
"""Attribute -> type."""

ENUMS: dict[str, frozenset[str]] = {
    "gen_ai.operation.name": frozenset({"chat", "embeddings", "fetch_response", "generate_content", "text_completion"}),
    "gen_ai.output.type": frozenset({"image", "json", "speech", "text"}),
    "gen_ai.response.status": frozenset({"cancelled", "completed", "failed", "in_progress", "incomplete", "queued"}),
    "gen_ai.token.modality": frozenset({"audio", "image", "text", "unknown"}),
    "openai.api.type": frozenset({"chat_completions", "responses"}),
}
"""Attribute -> the values a call to a provider may have; of operations only those of such calls."""

PROVIDERS = frozenset({
    "anthropic", "aws.bedrock", "azure.ai.inference", "azure.ai.openai", "cohere", "deepseek", "gcp.gemini",
    "gcp.gen_ai", "gcp.vertex_ai", "groq", "ibm.watsonx.ai", "mistral_ai", "moonshot_ai", "openai", "perplexity",
    "x_ai",
})  # fmt: skip
"""Well-known values of `gen_ai.provider.name`; others are allowed where none of these fits."""


@dataclass(frozen=True)
class SpanFacts:
    """One type of span: attribute -> requirement level; `when` lists the recommended ones that are conditional."""

    operations: frozenset[str]
    name: str
    levels: dict[str, str]
    when: frozenset[str] = frozenset()


_SERVER = {"server.address": RECOMMENDED, "server.port": CONDITIONAL}
_CONTENT = dict.fromkeys(("gen_ai.system_instructions", "gen_ai.tool.definitions", "gen_ai.output.messages"), OPT_IN)
_ASKED_PLAINLY = ("frequency_penalty", "max_tokens", "presence_penalty", "stop_sequences", "temperature", "top_p")
_ASKED_WHERE = ("choice.count", "model", "seed", "stream", "top_k")

INFERENCE = SpanFacts(
    frozenset({"chat", "generate_content", "text_completion"}),
    "{gen_ai.operation.name} {gen_ai.request.model}",
    {
        "error.type": CONDITIONAL,
        "gen_ai.conversation.compacted": RECOMMENDED,
        "gen_ai.conversation.id": CONDITIONAL,
        "gen_ai.input.messages": OPT_IN,
        "gen_ai.operation.name": REQUIRED,
        "gen_ai.output.type": CONDITIONAL,
        "gen_ai.prompt.name": CONDITIONAL,
        "gen_ai.prompt.variable": OPT_IN,
        "gen_ai.prompt.version": CONDITIONAL,
        "gen_ai.provider.name": REQUIRED,
        **{f"gen_ai.request.{name}": RECOMMENDED for name in (*_ASKED_PLAINLY, "previous_response.id")},
        "gen_ai.request.reasoning.level": RECOMMENDED,
        **{f"gen_ai.request.{name}": CONDITIONAL for name in _ASKED_WHERE},
        "gen_ai.response.finish_reasons": RECOMMENDED,
        "gen_ai.response.id": RECOMMENDED,
        "gen_ai.response.model": RECOMMENDED,
        "gen_ai.response.time_to_first_chunk": RECOMMENDED,
        **{f"gen_ai.usage.{name}": RECOMMENDED for name in _USAGE},
        **_CONTENT,
        **_SERVER,
    },
    frozenset({
        "gen_ai.conversation.compacted",
        "gen_ai.request.previous_response.id",
        "gen_ai.request.reasoning.level",
        "gen_ai.response.time_to_first_chunk",
        *(f"gen_ai.usage.{name}" for name in _USAGE[2:]),
    }),
)  # fmt: skip

EMBEDDINGS = SpanFacts(
    frozenset({"embeddings"}),
    "{gen_ai.operation.name} {gen_ai.request.model}",
    {
        "error.type": CONDITIONAL,
        "gen_ai.embeddings.dimension.count": RECOMMENDED,
        "gen_ai.operation.name": REQUIRED,
        "gen_ai.provider.name": REQUIRED,
        "gen_ai.request.encoding_formats": RECOMMENDED,
        "gen_ai.request.model": CONDITIONAL,
        "gen_ai.response.model": RECOMMENDED,
        "gen_ai.usage.input_tokens": RECOMMENDED,
        **_SERVER,
    },
)

FETCH_RESPONSE = SpanFacts(
    frozenset({"fetch_response"}),
    "{gen_ai.operation.name}",
    {
        "error.type": CONDITIONAL,
        "gen_ai.operation.name": REQUIRED,
        "gen_ai.provider.name": REQUIRED,
        "gen_ai.request.stream_cursor": CONDITIONAL,
        "gen_ai.response.finish_reasons": RECOMMENDED,
        "gen_ai.response.id": REQUIRED,
        "gen_ai.response.model": RECOMMENDED,
        "gen_ai.response.status": RECOMMENDED,
        **_CONTENT,
        **_SERVER,
    },
)

SPANS = {
    "gen_ai.client.inference": INFERENCE,
    "gen_ai.embeddings.client": EMBEDDINGS,
    "gen_ai.fetch_response.client": FETCH_RESPONSE,
}

PROVIDER_ATTRIBUTES = frozenset(name for name in TYPES if name.startswith("openai."))
"""Attributes that the OpenAI pages add to the spans above."""

AT_START = frozenset({
    "gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "server.address", "server.port",
})  # fmt: skip
"""Attributes that a sampler must be able to see."""

UNASKED = frozenset({
    *(f"gen_ai.request.{name}" for name in _ASKED_PLAINLY),
    "gen_ai.embeddings.dimension.count",
    "gen_ai.request.encoding_formats",
})  # fmt: skip
"""Recommended attributes that say what the request asked for, and are absent where it did not."""


@dataclass(frozen=True)
class MetricFacts:
    """One metric: its instrument, unit, bucket boundaries, and attribute -> requirement level."""

    instrument: str
    unit: str
    levels: dict[str, str]
    boundaries: tuple[float, ...] = ()


_COMMON = {
    "gen_ai.operation.name": REQUIRED,
    "gen_ai.provider.name": REQUIRED,
    "gen_ai.request.model": CONDITIONAL,
    "gen_ai.response.model": RECOMMENDED,
    **_SERVER,
}
_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)
_CLIENT = "gen_ai.client.inference"

METRICS: dict[str, MetricFacts] = {
    **{
        f"{_CLIENT}.usage.{name}": MetricFacts("counter", "{token}", {**_COMMON, "gen_ai.token.modality": REQUIRED})
        for name in _USAGE[:5]
    },
    **{
        f"{_CLIENT}.operation.{name}": MetricFacts("histogram", "{token}", _COMMON, _TOKENS)
        for name in ("input_tokens", "output_tokens")
    },
    **{
        f"{_CLIENT}.{name}": MetricFacts("histogram", "s", _COMMON, _SECONDS)
        for name in ("time_to_first_chunk", "time_per_output_chunk")
    },
    f"{_CLIENT}.duration": MetricFacts("histogram", "s", {**_COMMON, "error.type": CONDITIONAL}, _SECONDS),
    "gen_ai.client.operation.duration": MetricFacts(
        "histogram",
        "s",
        {**_COMMON, "error.type": CONDITIONAL, "gen_ai.provider.name": CONDITIONAL},
        _SECONDS,
    ),
}

EVENTS: dict[str, tuple[str, int, dict[str, str]]] = {
    "gen_ai.client.inference.operation.details": ("DEBUG", 5, INFERENCE.levels),
    "gen_ai.client.operation.exception": (
        "WARN",
        13,
        {"exception.message": CONDITIONAL, "exception.stacktrace": RECOMMENDED, "exception.type": CONDITIONAL},
    ),
}
"""Event -> severity text and number, and its own attributes' requirement levels."""

PARTS: dict[str, tuple[str, ...]] = {
    "blob": ("modality", "content"),
    "file": ("modality", "file_id"),
    "reasoning": ("content",),
    "text": ("content",),
    "tool_call": ("name",),
    "tool_call_response": ("response",),
    "uri": ("modality", "uri"),
}
"""Type of a message's part -> its required fields; other types need none."""

MODALITIES = frozenset({"audio", "document", "image", "video"})

PEERS: dict[str, dict[str, int]] = {
    "openai": {"gen_ai.client.inference": 21, "gen_ai.embeddings.client": 9, "details": 21, "duration": 6},
    "langchain over openai": {"gen_ai.client.inference": 18, "details": 18, "duration": 4},
    "anthropic": {"gen_ai.client.inference": 20, "details": 20, "duration": 6},
    "langchain over anthropic": {"gen_ai.client.inference": 13, "details": 13, "duration": 4},
    "google-genai": {"gen_ai.client.inference": 23, "gen_ai.embeddings.client": 6, "details": 23, "duration": 5},
    "langchain": {"gen_ai.client.inference": 13, "details": 13, "duration": 4},
    "botocore": {"gen_ai.client.inference": 11, "duration": 4},
}
"""What the OpenTelemetry project's conformance runs have published of its own instrumentations (2026-08-20): how many
attributes of the conventions each was seen to emit, by type of span, on the details event, on the duration metric."""
