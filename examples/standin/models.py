"""The models the stand-in knows: context window in tokens and the dated name that answers.

A name outside the table is refused with 404, as the real providers do; `StandIn(models={...})` adds some.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Model:
    """One model: its name, the dated name its answers carry, its context window in tokens."""

    name: str
    answers_as: str
    window: int
    is_reasoning: bool = False


_DATED = {
    "gpt-3.5-turbo": "gpt-3.5-turbo-0125",
    "gpt-4": "gpt-4-0613",
    "gpt-4-turbo": "gpt-4-turbo-2024-04-09",
    "gpt-4.1": "gpt-4.1-2025-04-14",
    "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14",
    "gpt-4.1-nano": "gpt-4.1-nano-2025-04-14",
    "gpt-4o": "gpt-4o-2024-08-06",
    "gpt-4o-audio-preview": "gpt-4o-audio-preview-2025-06-03",
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
    "gpt-5": "gpt-5-2025-08-07",
    "gpt-5-mini": "gpt-5-mini-2025-08-07",
    "gpt-5-nano": "gpt-5-nano-2025-08-07",
    "gpt-5.1": "gpt-5.1-2025-11-13",
    "gpt-5.2": "gpt-5.2-2025-12-11",
    "gpt-5.4-mini": "gpt-5.4-mini-2026-03-17",
    "gpt-5.4-nano": "gpt-5.4-nano-2026-03-17",
    "gpt-5.5": "gpt-5.5-2026-04-23",
    "o1": "o1-2024-12-17",
    "o3": "o3-2025-04-16",
    "o3-mini": "o3-mini-2025-01-31",
    "o4-mini": "o4-mini-2025-04-16",
    "claude-haiku-4-5": "claude-haiku-4-5-20251001",
    "claude-opus-4-5": "claude-opus-4-5-20251101",
    "claude-sonnet-4-5": "claude-sonnet-4-5-20250929",
}

_WINDOWS: tuple[tuple[str, int], ...] = (
    (r"gpt-4(-0314|-0613)?", 8_192),
    (r"gpt-4-32k(-\d+)?", 32_768),
    (r"gpt-3\.5-turbo(-16k)?(-\d+)?", 16_385),
    (r"gpt-3\.5-turbo-instruct(-\d+)?", 4_096),
    (r"(davinci|babbage)-002", 16_384),
    (r"gpt-4(-turbo|-\d{4}-preview|o|-vision|-turbo-preview)[a-z0-9-]*|chatgpt-4o-latest", 128_000),
    (r"gpt-4\.1(-mini|-nano)?(-[\d-]+)?", 1_047_576),
    (r"gpt-5[a-z0-9.-]*|gpt-6[a-z0-9.-]*|codex-mini-latest", 400_000),
    (r"gpt-audio[a-z0-9-]*", 128_000),
    (r"o[134](-mini|-preview|-pro)?(-[\d-]+)?", 200_000),
    (r"claude-(fable|haiku|mythos|opus|sonnet)-[a-z0-9-]+", 200_000),
    (r"claude-3(-\d)?-[a-z0-9-]+", 200_000),
    (r"text-embedding-(ada-002|3-small|3-large)", 8_192),
    (r"(omni|text)-moderation-[a-z0-9-]+", 32_768),
    (r"gpt-image-[a-z0-9.-]+|dall-e-[23]", 32_000),
    (r"(meta-llama/)?llama-[a-z0-9.-]+|openai/gpt-oss-\d+b|mistral-[a-z]+-[a-z0-9]+", 131_072),
)

_REASONING = re.compile(r"o[134]\b.*|gpt-[56](?!.*chat).*|codex-mini.*|openai/gpt-oss.*")


def find_model(name: str, own: dict[str, int]) -> Model | None:
    """The model called `name`, from `own` (name to window) or the table; `None` when there is none."""
    if name in own:
        return Model(name, name, own[name])
    for pattern, window in _WINDOWS:
        if re.fullmatch(pattern, name):
            return Model(name, _DATED.get(name, name), window, bool(_REASONING.fullmatch(name)))
    return None


def known_models() -> list[str]:
    """Names for a model list: those with a dated name, and the embedding models."""
    return [*_DATED, "text-embedding-3-small", "text-embedding-3-large", "omni-moderation-latest"]
