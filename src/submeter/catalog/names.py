"""Names: how providers and models are called by SDKs, gateways and people, and how the table calls them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROVIDERS = {
    "amazon": "aws.bedrock",
    "amazon_bedrock": "aws.bedrock",
    "aws": "aws.bedrock",
    "aws_bedrock": "aws.bedrock",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "az.ai.inference": "azure.ai.inference",
    "az.ai.openai": "azure.ai.openai",
    "azure": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "azure_openai": "azure.ai.openai",
    "fireworks": "fireworks_ai",
    "gemini": "gcp.gemini",
    "google": "gcp.gemini",
    "google_genai": "gcp.gemini",
    "google_vertex": "gcp.vertex_ai",
    "vertex_ai": "gcp.vertex_ai",
    "vertexai": "gcp.vertex_ai",
    "hugging_face": "huggingface",
    "ibm": "ibm.watsonx.ai",
    "watsonx": "ibm.watsonx.ai",
    "mistral": "mistral_ai",
    "mistralai": "mistral_ai",
    "moonshot": "moonshot_ai",
    "moonshotai": "moonshot_ai",
    "together": "together_ai",
    "togetherai": "together_ai",
    "voyageai": "voyage",
    "xai": "x_ai",
}

_ON_AZURE = ("openai", "anthropic", "deepseek", "x_ai", "moonshot_ai")
_SOLD_BY = {
    "azure.ai.openai": ("azure.ai.openai", *_ON_AZURE, "azure.ai.inference"),
    "azure.ai.inference": ("azure.ai.inference", "azure.ai.openai", *_ON_AZURE),
    "gcp.vertex_ai": ("gcp.vertex_ai", "gcp.gemini", "anthropic"),
    "gcp.gemini": ("gcp.gemini", "gcp.vertex_ai", "anthropic"),
    "gcp.gen_ai": ("gcp.gemini", "gcp.vertex_ai", "anthropic"),
}

_CLOSED = {
    "openai": r"(?:ft:)?(?:gpt-(?!oss|j|neo)|chatgpt-|o[1-9](?:-|$)|text-embedding-(?:3|ada)-)",
    "anthropic": r"claude-",
    "gcp.gemini": r"gemini-",
    "cohere": r"(?:command-|embed-(?:v\d|english|multilingual))",
    "x_ai": r"grok-",
    "perplexity": r"sonar(?:-|$)",
    "voyage": r"voyage-",
}
_OPEN = {
    "mistral_ai": r"(?:open-)?(?:(?:mi|mini|code|dev|magi)stral|(?:mi|pi|vo)xtral)(?:-|$)",
    "deepseek": r"deepseek-",
    "moonshot_ai": r"(?:kimi|moonshot)-",
    "minimax": r"minimax-",
    "zai": r"glm-",
}
_FAMILIES = [(re.compile(family), maker, maker in _CLOSED) for maker, family in (_CLOSED | _OPEN).items()]

SELF_HOSTED = frozenset({"vllm", "lm_studio", "lmstudio", "llama_cpp", "llamafile", "localai", "sglang", "tgi"})
"""Servers that people run themselves: no maker's price applies."""

_PATH = re.compile(r"^.*(?:^|[:/])(?:models|foundation-model|inference-profile)/")
_COMPACT_DATE = re.compile(r"-(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|@|$)")
_DASHED_DATE = re.compile(r"-(20\d\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])(?=-|:|@|$)")
_REGION = re.compile(r"^(?:us|eu|apac|global|jp|au|ca|in|sa|me|af|us-gov)\.(?=[a-z0-9]+\.)")
_MAKER = re.compile(
    r"^(?:ai21|amazon|anthropic|cohere|deepseek|google|meta|mistral|moonshotai|openai|qwen|writer|xai|zai)\."
)
_REVISION = re.compile(r"(?:@[\w-]+|-v\d+(?::\d+)?(?::\w+)?|:\d+)$")
_TUNED = re.compile(r"(?<=^ft:)([^:]+):.*$")
_LATEST = re.compile(r"-latest$")


OPEN_MAKERS = frozenset(_OPEN)
"""Makers of models that others run too, at prices of their own."""


def provider_of(provider: str) -> str:
    """The name under which the table keeps `provider`: the conventions' one where they have one."""
    name = provider.strip().lower().replace("-", "_").replace(" ", "_")
    return _PROVIDERS.get(name, name)


def sections_of(provider: str) -> tuple[str, ...]:
    """The sections in which a model of `provider` may stand, its own first, then those whose models it resells."""
    return _SOLD_BY.get(provider, (provider,))


def maker_of(model: str, *, is_closed: bool = False) -> str:
    """Who makes the family of models that `model` belongs to, empty when that is not told by the name.

    With `is_closed` only makers count whose models nobody else can run, so that they cost what the maker asks.
    """
    for name in (*same_names(model), *near_names(model)):
        for family, maker, is_closed_maker in _FAMILIES:
            if family.match(name) and (is_closed_maker or not is_closed):
                return maker
    return ""


def same_names(model: str) -> Iterator[str]:
    """Spellings of `model` that mean exactly the same model, without repetition."""
    name = model.strip().lower()
    seen = dict.fromkeys((name, _PATH.sub("", name)))
    for spelling in tuple(seen):
        seen[_COMPACT_DATE.sub(r"-\1-\2-\3", spelling)] = None
        seen[_DASHED_DATE.sub(r"-\1\2\3", spelling)] = None
    yield from seen


def near_names(model: str) -> Iterator[str]:
    """Shorter spellings of `model`: without revision, region, date or maker, then all that without its gateway."""
    names = dict.fromkeys(same_names(model))
    known = len(names)
    _cut(names)
    for name in tuple(names):
        for slash in range(name.count("/")):
            names[name.split("/", slash + 1)[-1]] = None
    _cut(names)
    yield from tuple(names)[known:]


def _cut(names: dict[str, None]) -> None:
    """Adds every spelling that is left of `names` when parts that sellers add are taken off."""
    for part in (_REVISION, _REGION, _LATEST, _COMPACT_DATE, _DASHED_DATE, _MAKER):
        for name in tuple(names):
            names[part.sub("", name)] = None
    for name in tuple(names):
        names[_TUNED.sub(r"\1", name)] = None
