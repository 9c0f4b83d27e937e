"""LiteLLM as a library: what it asks without one of the SDKs that are metered, in the words of OpenAI.

Usage is what LiteLLM says; where a provider states none, LiteLLM counts for itself and does not say so.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from submeter.core.endpoint import fields_of
from submeter.shapes import completions
from submeter.shapes.above import Asked, Provider
from submeter.shapes.methods import server_of
from submeter.value import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from submeter.core.endpoint import Table

_USAGE: Table = {
    **completions.PROMPT,
    "cache_read_input_tokens": "cache_read_tokens",
    "cache_creation_input_tokens": "cache_write_tokens",
}
CHAT = replace(completions.CHAT, usage=_USAGE)
COMPLETION = replace(completions.COMPLETION, usage=_USAGE)

_NAMES = {
    "azure": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "cohere_chat": "cohere",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "moonshot": "moonshot_ai",
    "ollama_chat": "ollama",
    "vertex_ai": "gcp.vertex_ai",
    "vertex_ai_beta": "gcp.vertex_ai",
    "watsonx": "ibm.watsonx.ai",
    "watsonx_text": "ibm.watsonx.ai",
    "xai": "x_ai",
}
"""LiteLLM's name of a provider -> `gen_ai.provider.name`, where they differ."""


def _asked(arguments: Mapping[str, Any], answer: Any) -> Asked | None:
    hidden = fields_of(fields_of(answer).get("_hidden_params"))
    if hidden.get("cache_hit") or arguments.get("mock_response"):
        return None
    given = str(arguments.get("model") or "")
    named = arguments.get("custom_llm_provider")
    base = arguments.get("api_base") or arguments.get("base_url") or hidden.get("api_base") or ""
    resolve = getattr(sys.modules.get("litellm"), "get_llm_provider", None)
    # It raises for models of which LiteLLM knows no provider; such a call has failed already.
    model, provider = _resolved(resolve, given, named) if resolve is not None else (given, named or "litellm")
    return Asked(
        provider=_NAMES.get(provider, provider),
        server=server_of(base),
        body={**arguments, "model": model},
    )


def _resolved(resolve: Any, model: str, named: Any) -> tuple[str, str]:
    try:
        return resolve(model=model, custom_llm_provider=named)[:2]
    except (ValueError, RuntimeError, LookupError, AttributeError, TypeError):
        return model, "litellm"


PROVIDER = Provider(
    package="litellm",
    functions={
        "completion": CHAT,
        "acompletion": CHAT,
        "text_completion": COMPLETION,
        "atext_completion": COMPLETION,
        "embedding": completions.EMBEDDINGS,
        "aembedding": completions.EMBEDDINGS,
    },
    streams="litellm.litellm_core_utils.streaming_handler:CustomStreamWrapper",
    asked=_asked,
    chunks="chunks",
)
