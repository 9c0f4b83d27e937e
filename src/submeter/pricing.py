"""Pricing: what a call cost, from its token counts and the catalog's rates.

The counts are taken apart into disjoint parts, each billed once: plain input, cache reads, cache writes (5
minutes and 1 hour), audio, images, output and, where it has a rate of its own, reasoning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from submeter import catalog

if TYPE_CHECKING:
    from collections.abc import Mapping

    from submeter.usage import Usage

_MILLION = 1_000_000

# A part without a rate of its own is billed like the part it belongs to, as price lists mean it. Audio is
# not: where its rate is missing, the text rate is known to be several times too low.
_BILLED_AS = {
    "cache_read": ("input",),
    "cache_write": ("input",),
    "cache_write_1h": ("cache_write", "input"),
    "image_input": ("input",),
    "image_output": ("output",),
    "reasoning": ("output",),
}

_STANDARD = frozenset({"", "auto", "default", "standard", "on_demand", "standard_only", "unspecified"})
_STANDARD_AT = {"groq": frozenset({"flex", "performance"})}
"""Tiers that a provider bills at its standard rates."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call cost in US dollars.

    `version` is that of the price table, `parts` the dollars of each part that had tokens. `is_assumed` says
    that the provider is not in the table and its model's maker's price was taken.
    """

    usd: float
    version: str
    parts: Mapping[str, float]
    is_assumed: bool = False


def cost_of(
    usage: Usage, *, provider: str, model: str, at_ns: int, service_tier: str = "", is_batch: bool = False
) -> Cost | None:
    """The cost of `usage` at the prices of the time `at_ns`, in nanoseconds since the epoch.

    `None` when the model is unknown, nobody reported a count, or a rate that is needed is not known: a cost
    of 0 is only ever a price of 0.
    """
    found = catalog.find(provider, model)
    if found is None or not usage.is_known:
        return None
    tier = "batch" if is_batch else _tier(service_tier, found.provider)
    price = found.price_at(at_ns, usage.input_tokens or 0, tier)
    if price is None:
        return None
    parts = _parts(usage, price.rates)
    if parts is None:
        return None
    return Cost(sum(parts.values()), catalog.version(), parts, found.is_assumed)


def _tier(service_tier: str, provider: str) -> str:
    """The table's name of a service tier: `""` where it is billed at the standard rates."""
    name = service_tier.lower()
    if name in _STANDARD or name in _STANDARD_AT.get(provider, ()):
        return ""
    return name


def _parts(usage: Usage, rates: Mapping[str, float]) -> dict[str, float] | None:
    parts: dict[str, float] = {}
    for unit, tokens in _counts(usage):
        if not tokens:
            continue
        rate = rates.get(unit)
        if rate is None:
            rate = next((rates[other] for other in _BILLED_AS.get(unit, ()) if other in rates), None)
        if rate is None:
            return None
        parts[unit] = tokens * rate / _MILLION
    fee = rates.get("request")
    if fee:
        parts["request"] = fee
    return parts


def _counts(usage: Usage) -> tuple[tuple[str, int], ...]:
    """The disjoint parts of a call's tokens. Cached tokens are taken to be text: no provider tells them apart."""
    read = usage.cache_read_tokens or 0
    hour = usage.cache_write_1h_tokens or 0
    written = max(usage.cache_write_tokens or 0, hour + (usage.cache_write_5m_tokens or 0))
    plain = max((usage.input_tokens or 0) - read - written, 0)
    audio = min(usage.audio_input_tokens or 0, plain)
    image = min(usage.image_input_tokens or 0, plain - audio)
    output = usage.output_tokens or 0
    spoken = min(usage.audio_output_tokens or 0, output)
    drawn = min(usage.image_output_tokens or 0, output - spoken)
    thought = min(usage.reasoning_tokens or 0, output - spoken - drawn)
    return (
        ("input", plain - audio - image),
        ("output", output - spoken - drawn - thought),
        ("cache_read", read),
        ("cache_write", written - hour),
        ("cache_write_1h", hour),
        ("reasoning", thought),
        ("audio_input", audio),
        ("audio_output", spoken),
        ("image_input", image),
        ("image_output", drawn),
    )
