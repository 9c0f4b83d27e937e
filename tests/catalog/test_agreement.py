"""The table against the package it was made from, model by model, wherever that package is installed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from tools.catalog_genai import LEFT_OUT, section_of

from submeter import catalog, pricing
from submeter.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Iterator

genai: Any = pytest.importorskip("genai_prices")
pytest.importorskip("genai_prices.data")

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
NOON_NS = int(NOON.timestamp()) * 10**9

# Model -> why the table differs. A cache rate that one source has and the other not is taken.
READ = "LiteLLM has a rate for cache reads"
DIFFERENCES = {
    ("fireworks_ai", "glm-4p7"): READ,
    ("fireworks_ai", "minimax-m2p1"): READ,
    ("gcp.gemini", "gemini-2.5-flash-image"): READ,
    ("gcp.gemini", "gemini-3.8-flash-lite-tts"): READ,
    ("gcp.gemini", "gemini-3.8-flash-tts"): READ,
    ("mistral_ai", "devstral-small"): READ,
    ("mistral_ai", "mistral-large"): "the name mistral-large-latest has moved to a newer model",
    ("mistral_ai", "mistral-tiny"): READ,
    ("mistral_ai", "pixtral-large"): READ,
    ("openai", "gpt-4o-search-preview"): READ,
    ("together_ai", "ricursive-ai/Ripple-65B-Preview"): READ,
}

COUNTS = (
    {"input_tokens": 1_000, "output_tokens": 500},
    {"input_tokens": 100_001, "output_tokens": 500},
    {"input_tokens": 200_000, "output_tokens": 500},
    {"input_tokens": 200_001, "output_tokens": 500},
    {"input_tokens": 272_000, "output_tokens": 500},
    {"input_tokens": 272_001, "output_tokens": 500},
    {"input_tokens": 1_000, "output_tokens": 500, "cache_read_tokens": 300},
    {"input_tokens": 1_000, "output_tokens": 500, "cache_write_tokens": 300, "cache_write_1h_tokens": 100},
    {"input_tokens": 1_000, "output_tokens": 500, "reasoning_tokens": 300},
    {"input_tokens": 1_000, "output_tokens": 500, "audio_input_tokens": 300, "audio_output_tokens": 100},
)
THEIRS = {
    "reasoning_tokens": "output_reasoning_tokens",
    "audio_input_tokens": "input_audio_tokens",
    "audio_output_tokens": "output_audio_tokens",
}
ASKED: tuple[tuple[dict[str, str], str, bool], ...] = (
    ({}, "", False),
    ({"processing": "batch"}, "", True),
    ({"service_tier": "flex"}, "flex", False),
    ({"service_tier": "priority"}, "priority", False),
)


def names(clause: Any) -> Iterator[str]:
    for part in getattr(clause, "or_", ()):
        yield from names(part)
    for key in ("equals", "starts_with", "contains"):
        if hasattr(clause, key):
            yield str(getattr(clause, key))


def models() -> Iterator[tuple[str, Any, Any, list[str]]]:
    """Section, provider, model, and the names that lead to this model in genai-prices itself."""
    providers: list[Any] = genai.data.providers
    for provider in providers:
        if LEFT_OUT.match(provider.id):
            continue
        for model in provider.models:
            known = dict.fromkeys((model.id, *names(model.match)))
            yield (
                section_of(provider.id),
                provider,
                model,
                [name for name in known if provider.find_model(name) is model],
            )


def counted(counts: dict[str, int], prices: Any) -> dict[str, int]:
    """`counts` without the tokens that the price list has no rate for and that genai-prices bills as nothing."""
    dropped = {
        "output_tokens": prices.output_mtok,
        "reasoning_tokens": prices.output_mtok,
        "audio_input_tokens": prices.input_audio_mtok,
        "audio_output_tokens": prices.output_audio_mtok,
    }
    return {key: count for key, count in counts.items() if dropped.get(key, 0) is not None}


def differs(
    section: str, provider: Any, model: Any, name: str, context: dict[str, str], tier: str, is_batch: bool
) -> bool:
    prices = model.get_prices(NOON, context)
    if prices.input_mtok is None:
        return False
    for case in COUNTS:
        counts = counted(case, prices)
        usage = genai.Usage(**{THEIRS.get(key, key): count for key, count in counts.items()})
        told = model.calc_price(usage, provider, genai_request_timestamp=NOON, price_context=context)
        ours = pricing.cost_of(
            Usage(**counts),  # pyright: ignore[reportArgumentType]
            provider=section,
            model=name,
            at_ns=NOON_NS,
            service_tier=tier,
            is_batch=is_batch,
        )
        if ours is None or ours.usd != pytest.approx(float(told.total_price), rel=1e-9):
            return True
    return False


@pytest.mark.skipif(
    all(genai.__version__ not in model.source for model in [catalog.find("openai", "gpt-5")] if model),
    reason="the table was made from another release of genai-prices",
)
def test_every_price_is_genai_prices_own_but_for_the_differences_named_here() -> None:
    found: set[tuple[str, str]] = set()
    asked = 0
    for section, provider, model, known in models():
        variants: list[Any] = model.price_variants or []
        contexts: list[dict[str, str]] = [variant.when for variant in variants]
        for context, tier, is_batch in ASKED:
            if context and context not in contexts:
                continue
            for name in known:
                asked += 1
                if differs(section, provider, model, name, context, tier, is_batch):
                    found.add((section, model.id))
    assert asked > 3_000
    assert found == set(DIFFERENCES)
