"""Every attribute, metric, event and value name that submeter writes or reads on the wire.

The names are those of the OpenTelemetry GenAI conventions, main branch of 2026-10-09 (development state),
and of the core conventions they refer to. Names under `submeter.` are ours: the conventions have none for
cost, limits, operations of the application, or estimates. No other module contains such a string.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` costs 3 ms at interpreter start
    from typing import Final

# --- GenAI: what the call is
KIND: Final = "gen_ai.operation.name"
PROVIDER: Final = "gen_ai.provider.name"
CONVERSATION_ID: Final = "gen_ai.conversation.id"
CONVERSATION_COMPACTED: Final = "gen_ai.conversation.compacted"
OUTPUT_TYPE: Final = "gen_ai.output.type"
AGENT_ID: Final = "gen_ai.agent.id"
AGENT_NAME: Final = "gen_ai.agent.name"
WORKFLOW_NAME: Final = "gen_ai.workflow.name"
TOOL_NAME: Final = "gen_ai.tool.name"
TOOL_TYPE: Final = "gen_ai.tool.type"
TOOL_DESCRIPTION: Final = "gen_ai.tool.description"
TOOL_CALL_ID: Final = "gen_ai.tool.call.id"
TOOL_CALL_ARGUMENTS: Final = "gen_ai.tool.call.arguments"
TOOL_CALL_RESULT: Final = "gen_ai.tool.call.result"

# --- GenAI: the request
REQUEST_MODEL: Final = "gen_ai.request.model"
REQUEST_CHOICE_COUNT: Final = "gen_ai.request.choice.count"
REQUEST_ENCODING_FORMATS: Final = "gen_ai.request.encoding_formats"
REQUEST_FREQUENCY_PENALTY: Final = "gen_ai.request.frequency_penalty"
REQUEST_MAX_TOKENS: Final = "gen_ai.request.max_tokens"
REQUEST_PRESENCE_PENALTY: Final = "gen_ai.request.presence_penalty"
REQUEST_PREVIOUS_RESPONSE_ID: Final = "gen_ai.request.previous_response.id"
REQUEST_REASONING_LEVEL: Final = "gen_ai.request.reasoning.level"
REQUEST_SEED: Final = "gen_ai.request.seed"
REQUEST_STOP_SEQUENCES: Final = "gen_ai.request.stop_sequences"
REQUEST_STREAM: Final = "gen_ai.request.stream"
REQUEST_TEMPERATURE: Final = "gen_ai.request.temperature"
REQUEST_TOP_K: Final = "gen_ai.request.top_k"
REQUEST_TOP_P: Final = "gen_ai.request.top_p"
PROMPT_NAME: Final = "gen_ai.prompt.name"
PROMPT_VERSION: Final = "gen_ai.prompt.version"
EMBEDDINGS_DIMENSION_COUNT: Final = "gen_ai.embeddings.dimension.count"

# --- GenAI: the response
RESPONSE_ID: Final = "gen_ai.response.id"
RESPONSE_MODEL: Final = "gen_ai.response.model"
RESPONSE_FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
RESPONSE_STATUS: Final = "gen_ai.response.status"
RESPONSE_TIME_TO_FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"

# --- GenAI: usage. Input includes cached and cache-written tokens, output includes reasoning.
INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
CACHE_READ_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITE_TOKENS: Final = "gen_ai.usage.cache_write.input_tokens"
REASONING_TOKENS: Final = "gen_ai.usage.reasoning.output_tokens"
TEXT_INPUT_TOKENS: Final = "gen_ai.usage.text.input_tokens"
IMAGE_INPUT_TOKENS: Final = "gen_ai.usage.image.input_tokens"
AUDIO_INPUT_TOKENS: Final = "gen_ai.usage.audio.input_tokens"
TEXT_OUTPUT_TOKENS: Final = "gen_ai.usage.text.output_tokens"
IMAGE_OUTPUT_TOKENS: Final = "gen_ai.usage.image.output_tokens"
AUDIO_OUTPUT_TOKENS: Final = "gen_ai.usage.audio.output_tokens"
TOKEN_MODALITY: Final = "gen_ai.token.modality"

# --- GenAI: content, opt-in
SYSTEM_INSTRUCTIONS: Final = "gen_ai.system_instructions"
INPUT_MESSAGES: Final = "gen_ai.input.messages"
OUTPUT_MESSAGES: Final = "gen_ai.output.messages"
TOOL_DEFINITIONS: Final = "gen_ai.tool.definitions"

# --- provider attributes
OPENAI_API_TYPE: Final = "openai.api.type"
OPENAI_REQUEST_SERVICE_TIER: Final = "openai.request.service_tier"
OPENAI_RESPONSE_SERVICE_TIER: Final = "openai.response.service_tier"
OPENAI_SYSTEM_FINGERPRINT: Final = "openai.response.system_fingerprint"
# The two names are the Anthropic SDK's own: the conventions have none for the lifetime of a cache entry.
CACHE_WRITE_5M_TOKENS: Final = "anthropic.usage.cache_creation.ephemeral_5m_input_tokens"
CACHE_WRITE_1H_TOKENS: Final = "anthropic.usage.cache_creation.ephemeral_1h_input_tokens"

# --- core conventions
ERROR_TYPE: Final = "error.type"
EXCEPTION_TYPE: Final = "exception.type"
EXCEPTION_MESSAGE: Final = "exception.message"
EXCEPTION_STACKTRACE: Final = "exception.stacktrace"
HTTP_STATUS: Final = "http.response.status_code"
HTTP_RESEND_COUNT: Final = "http.request.resend_count"
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"
SERVICE_NAME: Final = "service.name"
SERVICE_INSTANCE_ID: Final = "service.instance.id"
SESSION_ID: Final = "session.id"
USER_ID: Final = "user.id"

# --- submeter: attribution, cost and quality of a count
OPERATION: Final = "submeter.operation"
STEP: Final = "submeter.step"
TAG_PREFIX: Final = "submeter.tag."
COST_USD: Final = "submeter.cost.usd"
COST_PRICE_VERSION: Final = "submeter.cost.price_version"
SERVICE_TIER: Final = "submeter.service_tier"
IS_BATCH: Final = "submeter.batch"
REQUEST_ID: Final = "submeter.request_id"
USAGE_ESTIMATED: Final = "submeter.usage.estimated"
USAGE_INCONSISTENT: Final = "submeter.usage.inconsistent"
USAGE_PARTIAL: Final = "submeter.usage.partial"
USAGE_SEARCH_UNITS: Final = "submeter.usage.search_units"
USAGE_REPAIRED: Final = "submeter.usage.repaired"
USAGE_WITNESS: Final = "submeter.usage.witness"
COUNTED_BENEATH: Final = "submeter.counted_beneath"
CONTEXT_WINDOW: Final = "submeter.context.window_tokens"
CONTEXT_UTILIZATION: Final = "submeter.context.utilization"
CONTEXT_INPUT_TOKENS: Final = "submeter.context.input_tokens"
CONTEXT_OUTPUT_TOKENS: Final = "submeter.context.output_tokens"
FRAMEWORK: Final = "submeter.framework"

# --- submeter.warning: the event's attributes
WARNING_ID: Final = "submeter.warning.id"
WARNING_TYPE: Final = "submeter.warning.type"
WARNING_SEVERITY: Final = "submeter.warning.severity"
WARNING_RULE: Final = "submeter.warning.rule"
WARNING_SUBJECT_KIND: Final = "submeter.warning.subject.kind"
WARNING_SUBJECT: Final = "submeter.warning.subject.id"
WARNING_WINDOW: Final = "submeter.warning.window"
WARNING_THRESHOLD: Final = "submeter.warning.threshold"
WARNING_UNIT: Final = "submeter.warning.unit"
WARNING_CURRENT: Final = "submeter.warning.current"
WARNING_LIMIT: Final = "submeter.warning.limit"
WARNING_REMAINING: Final = "submeter.warning.remaining"
WARNING_PERCENTAGE: Final = "submeter.warning.percentage"
WARNING_ACTION: Final = "submeter.warning.suggested_action"
WARNING_UNTIL: Final = "submeter.warning.until"

# --- events
EVENT_WARNING: Final = "submeter.warning"
EVENT_EXCEPTION: Final = "gen_ai.client.operation.exception"
EVENT_DETAILS: Final = "gen_ai.client.inference.operation.details"
EVENT_EVALUATION: Final = "gen_ai.evaluation.result"

# --- metrics of the conventions
METRIC_INPUT_TOKENS: Final = "gen_ai.client.inference.usage.input_tokens"
METRIC_OUTPUT_TOKENS: Final = "gen_ai.client.inference.usage.output_tokens"
METRIC_CACHE_READ_TOKENS: Final = "gen_ai.client.inference.usage.cache_read.input_tokens"
METRIC_CACHE_WRITE_TOKENS: Final = "gen_ai.client.inference.usage.cache_write.input_tokens"
METRIC_REASONING_TOKENS: Final = "gen_ai.client.inference.usage.reasoning.output_tokens"
METRIC_CALL_INPUT_TOKENS: Final = "gen_ai.client.inference.operation.input_tokens"
METRIC_CALL_OUTPUT_TOKENS: Final = "gen_ai.client.inference.operation.output_tokens"
METRIC_DURATION: Final = "gen_ai.client.inference.duration"
METRIC_TIME_TO_FIRST_CHUNK: Final = "gen_ai.client.inference.time_to_first_chunk"
METRIC_TIME_PER_OUTPUT_CHUNK: Final = "gen_ai.client.inference.time_per_output_chunk"
METRIC_OTHER_DURATION: Final = "gen_ai.client.operation.duration"

# --- metrics that the conventions removed, for the legacy dialect
LEGACY_METRIC_TOKENS: Final = "gen_ai.client.token.usage"
LEGACY_METRIC_TIME_TO_FIRST_CHUNK: Final = "gen_ai.client.operation.time_to_first_chunk"
LEGACY_METRIC_TIME_PER_OUTPUT_CHUNK: Final = "gen_ai.client.operation.time_per_output_chunk"
LEGACY_TOKEN_TYPE: Final = "gen_ai.token.type"
METRIC_OVERFLOW: Final = "otel.metric.overflow"
"""Marks the point that sums up whatever exceeded a cardinality limit (core conventions)."""

# --- metrics of submeter
METRIC_COST: Final = "submeter.cost"
METRIC_EMBEDDINGS_INPUT_TOKENS: Final = "submeter.embeddings.input_tokens"
METRIC_CALLS_UNPRICED: Final = "submeter.calls.unpriced"
METRIC_CALLS_WITHOUT_USAGE: Final = "submeter.calls.without_usage"
METRIC_CONTEXT_UTILIZATION: Final = "submeter.context.utilization"
METRIC_INSTRUMENTATION_INACTIVE: Final = "submeter.instrumentation.inactive"

# --- values
KIND_CHAT: Final = "chat"
KIND_TEXT_COMPLETION: Final = "text_completion"
KIND_GENERATE_CONTENT: Final = "generate_content"
KIND_EMBEDDINGS: Final = "embeddings"
KIND_MODERATION: Final = "moderation"
KIND_RERANK: Final = "rerank"
KIND_FETCH_RESPONSE: Final = "fetch_response"
KIND_INVOKE_AGENT: Final = "invoke_agent"
KIND_INVOKE_WORKFLOW: Final = "invoke_workflow"
KIND_EXECUTE_TOOL: Final = "execute_tool"
TOOL_TYPE_FUNCTION: Final = "function"
TOOL_MARKS: Final = (TOOL_NAME, "tool.name", "traceloop.entity.name", "haystack.tool.name")
"""Where the span of a tool's execution says its name: the conventions, OpenInference, OpenLLMetry, Haystack."""

INFERENCE_KINDS: Final = frozenset({KIND_CHAT, KIND_TEXT_COMPLETION, KIND_GENERATE_CONTENT})
"""The kinds whose spans are inference spans: their tokens and duration go to the inference metrics."""
INVOCATION_KINDS: Final = frozenset({KIND_INVOKE_AGENT, KIND_INVOKE_WORKFLOW})
"""The kinds whose spans are of work for which the calls beneath are made."""

FINISH_ERROR: Final = "error"
ERROR_OTHER: Final = "_OTHER"
MODALITY_TEXT: Final = "text"
MODALITY_IMAGE: Final = "image"
MODALITY_AUDIO: Final = "audio"
MODALITY_UNKNOWN: Final = "unknown"
OUTPUT_IMAGE: Final = "image"
OUTPUT_JSON: Final = "json"
OUTPUT_SPEECH: Final = "speech"
OUTPUT_TEXT: Final = "text"

# --- scopes
SCOPE: Final = "submeter"
SCOPE_ANTHROPIC_NATIVE: Final = "com.anthropic.sdk.python"
SCOPE_MISTRAL_NATIVE: Final = "mistralai_sdk_tracer"

DURATION_BOUNDARIES_S: Final = tuple(0.01 * 2**n for n in range(14))
"""Bucket boundaries of the duration histograms, 0.01 s to 81.92 s (conventions, metrics page)."""

TOKEN_BOUNDARIES: Final = tuple(4**n for n in range(14))
"""Bucket boundaries of the per-call token histograms, 1 to 67,108,864 (conventions, token metrics page)."""

UTILIZATION_BOUNDARIES: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 1.0)
