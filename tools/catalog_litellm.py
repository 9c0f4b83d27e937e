"""Reads LiteLLM's table of models: limits for everything, prices for what genai-prices has not."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

from tools.catalog_row import Line, Row, plain, tidy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECTIONS = {
    "azure": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "azure_text": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "bedrock_mantle": "aws.bedrock",
    "codestral": "mistral_ai",
    "cohere_chat": "cohere",
    "fireworks_ai-embedding-models": "fireworks_ai",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "moonshot": "moonshot_ai",
    "text-completion-codestral": "mistral_ai",
    "text-completion-openai": "openai",
    "watsonx": "ibm.watsonx.ai",
    "xai": "x_ai",
}
"""How the table calls providers that LiteLLM calls otherwise; every `vertex_ai*` is `gcp.vertex_ai`."""

HOSTS = frozenset({
    "ai21", "amazon_nova", "cerebras", "dashscope", "databricks", "deepinfra", "friendliai", "gcp.vertex_ai",
    "hyperbolic", "ibm.watsonx.ai", "azure.ai.inference", "jina_ai", "lambda_ai", "nebius", "nscale", "ollama",
    "sambanova", "scaleway", "snowflake", "tencent", "volcengine", "wandb",
})  # fmt: skip
"""Sections taken over although genai-prices does not know the provider; resellers nobody asked for stay out."""

FREE = frozenset({"ollama"})
"""Providers whose price of 0 is meant: models that run on one's own machine. Elsewhere 0 stands for unknown."""

_TOKEN_MODES = frozenset({"chat", "completion", "responses", "embedding", "realtime"})
_UNIT_OF = {
    "input_cost_per_token": "input",
    "output_cost_per_token": "output",
    "cache_read_input_token_cost": "cache_read",
    "cache_creation_input_token_cost": "cache_write",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
    "output_cost_per_reasoning_token": "reasoning",
    "input_cost_per_audio_token": "audio_input",
    "output_cost_per_audio_token": "audio_output",
    "input_cost_per_image_token": "image_input",
    "output_cost_per_image_token": "image_output",
}
_TIER_OF = {"": "", "_batches": "batch", "_flex": "flex", "_priority": "priority"}
_KEY = re.compile(
    rf"^(?P<unit>{'|'.join(sorted(_UNIT_OF, key=len, reverse=True))})"
    r"(?:_above_(?P<size>\d+)k_tokens)?(?P<tier>_batches|_flex|_priority)?$"
)
# Image sizes, qualities and size classes are rows of their own there; so are regions, which no call names.
_NO_MODEL = re.compile(
    r"^(?:\d+-x-|(?:standard|hd|low|medium|high)/|fireworks-ai-|together-ai-|sample_spec$)|/\d+-x-\d+/|-commitment/|claude_platform/"
)
_PLACES = ("us",)
"""Where inference may be asked to run, among what LiteLLM says of one provider alone."""

_REGION = re.compile(r"^(?:[a-z]{2}(?:-gov)?(?:-[a-z]+-\d)?|apac|global|global-standard|us-gov)/")


def read_litellm(wheel: Path) -> dict[str, list[Row]]:
    """The rows of every section. LiteLLM's own aliases stay out: it resolves them before a call leaves."""
    with ZipFile(wheel) as archive:
        models: dict[str, dict[str, Any]] = json.loads(
            archive.read("litellm/model_prices_and_context_window_backup.json")
        )
    sections: dict[str, dict[str, Row]] = {}
    for key, facts in models.items():
        provider = str(facts.get("litellm_provider", ""))
        section = section_of(provider)
        name = name_of(key, provider)
        if not provider or _NO_MODEL.search(key) or _REGION.search(name):
            continue
        row = _row(name, facts, section)
        if row is not None:
            sections.setdefault(section, {}).setdefault(name.lower(), row)
    return {section: list(rows.values()) for section, rows in sections.items()}


def section_of(provider: str) -> str:
    """The table's section for a provider of LiteLLM."""
    if provider.startswith("vertex_ai"):
        return "gcp.vertex_ai"
    return SECTIONS.get(provider, provider.replace("-", "_"))


def name_of(key: str, provider: str) -> str:
    """A model's own name: LiteLLM's without the provider in front."""
    first, _, rest = key.partition("/")
    family = provider.split("-", maxsplit=1)[0]
    name = rest if rest and first in {provider, family, "bedrock", "azure", "codestral"} else key
    return name.removeprefix("accounts/fireworks/models/")


def _row(name: str, facts: dict[str, Any], section: str) -> Row | None:
    lines = list(_lines(facts, digits=4 if section == "databricks" else 9))
    standard: Line = lines[0] if lines else {}
    if not standard.get("input") and not standard.get("output") and section not in FREE:
        lines = []
    if not lines and facts.get("mode") not in _TOKEN_MODES:
        return None
    max_input, max_output = _count(facts, "max_input_tokens"), _count(facts, "max_output_tokens")
    if facts.get("mode") == "embedding":
        max_output = None
    if not lines and not max_input:
        return None
    own: dict[str, Any] = facts.get("provider_specific_entry") or {}
    return Row(
        name=name,
        window=max_input,
        max_input=max_input,
        max_output=max_output,
        prices=lines,
        places={place: float(own[place]) for place in _PLACES if place in own},
        source="l",
    )


def _count(facts: dict[str, Any], key: str) -> int | None:
    value = facts.get(key)
    return int(value) if isinstance(value, int | float) and value > 0 else None


def _lines(facts: dict[str, Any], digits: int) -> Iterator[Line]:
    """The standard line first, then larger sizes and other tiers, each with every rate that applies.

    Databricks' rates are converted from another unit: more than 4 digits of them are noise.
    """
    stated: dict[tuple[str, int], Line] = {}
    for key, value in facts.items():
        found = _KEY.match(key)
        if found and isinstance(value, int | float):
            condition = (_TIER_OF[found["tier"] or ""], int(found["size"] or 0) * 1000)
            stated.setdefault(condition, {})[_UNIT_OF[found["unit"]]] = tidy(float(f"{value * 1e6:.{digits}g}"))
    steps: list[dict[str, Any]] = facts.get("tiered_pricing") or []
    for step in steps:
        rates = {unit: tidy(float(f"{step[key] * 1e6:.{digits}g}")) for key, unit in _UNIT_OF.items() if key in step}
        stated.setdefault(("", int(step.get("range", [0])[0])), {}).update(rates)
    for (tier, size), rates in sorted(stated.items()):
        below = [stated.get(("", 0), {}), stated.get((tier, 0), {})] if tier or size else []
        if tier and not (rates.keys() & {"input", "output"}):
            continue
        line = {unit: rate for rates in (*below, rates) for unit, rate in rates.items()}
        conditions = {"tier": tier, "above": size}
        yield {**{name: value for name, value in conditions.items() if value}, **plain(line)}
