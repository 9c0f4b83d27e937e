"""OpenAI and the hosts that speak its protocol: chat completions."""

from __future__ import annotations

from submeter import semconv
from submeter.core.endpoint import Endpoint
from submeter.shapes.stainless import Provider

CHAT = Endpoint(
    kind=semconv.KIND_CHAT,
    usage={
        "prompt_tokens": "input_tokens",
        "completion_tokens": "output_tokens",
        "prompt_tokens_details": {
            "cached_tokens": "cache_read_tokens",
            "cache_write_tokens": "cache_write_tokens",
            "text_tokens": "text_input_tokens",
            "image_tokens": "image_input_tokens",
            "audio_tokens": "audio_input_tokens",
        },
        "completion_tokens_details": {
            "reasoning_tokens": "reasoning_tokens",
            "text_tokens": "text_output_tokens",
            "image_tokens": "image_output_tokens",
            "audio_tokens": "audio_output_tokens",
        },
        # DeepSeek's own field for cached input.
        "prompt_cache_hit_tokens": "cache_read_tokens",
    },
    choices="choices",
    request={
        "frequency_penalty": semconv.REQUEST_FREQUENCY_PENALTY,
        "max_completion_tokens": semconv.REQUEST_MAX_TOKENS,
        "max_tokens": semconv.REQUEST_MAX_TOKENS,
        "presence_penalty": semconv.REQUEST_PRESENCE_PENALTY,
        "reasoning_effort": semconv.REQUEST_REASONING_LEVEL,
        "seed": semconv.REQUEST_SEED,
        "service_tier": semconv.OPENAI_REQUEST_SERVICE_TIER,
        "stop": semconv.REQUEST_STOP_SEQUENCES,
        "temperature": semconv.REQUEST_TEMPERATURE,
        "top_p": semconv.REQUEST_TOP_P,
    },
    response={
        "id": semconv.RESPONSE_ID,
        "model": semconv.RESPONSE_MODEL,
        "service_tier": semconv.OPENAI_RESPONSE_SERVICE_TIER,
        "system_fingerprint": semconv.OPENAI_SYSTEM_FINGERPRINT,
    },
    attributes={semconv.OPENAI_API_TYPE: "chat_completions"},
    asks_usage=True,
)

PROVIDER = Provider(
    package="openai",
    name="openai",
    endpoints={"post /chat/completions": CHAT},
    clients={"AzureOpenAI": "azure.ai.openai", "AsyncAzureOpenAI": "azure.ai.openai"},
    hosts={
        "openai.azure.com": "azure.ai.openai",
        "services.ai.azure.com": "azure.ai.openai",
        "api.deepseek.com": "deepseek",
        "api.x.ai": "x_ai",
        "api.perplexity.ai": "perplexity",
        "api.groq.com": "groq",
        "api.moonshot.ai": "moonshot_ai",
        "api.moonshot.cn": "moonshot_ai",
        "api.mistral.ai": "mistral_ai",
        "openrouter.ai": "openrouter",
        "api.together.xyz": "together_ai",
        "api.fireworks.ai": "fireworks_ai",
        "generativelanguage.googleapis.com": "gcp.gemini",
    },
    usage_on_request=(
        "api.openai.com",
        "openai.azure.com",
        "api.deepseek.com",
        "api.groq.com",
        "api.moonshot.ai",
        "api.together.xyz",
        "api.fireworks.ai",
        "api.x.ai",
        "openrouter.ai",
    ),
)
