"""Pricing: what a call cost, from its token counts and the catalog's rates.

The counts are taken apart into disjoint parts, each billed once: plain input, cache reads, cache writes (5
minutes and 1 hour), audio, images, output and, where it has a rate of its own, reasoning.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from submeter import catalog
from submeter.value import value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from submeter.usage import Usage

_MILLION = 1_000_000
_FIRST_DAY, _LAST_DAY = "1970-01-01", "2149-06-06"
_MOST_TOKENS = 2**63 - 1
_MINUTE_NS = 60 * 10**9

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


@value(kw_only=False)
class Cost:
    """What a call cost in US dollars.

    `version` is that of the price table, `parts` the dollars of each part that had tokens. `is_assumed` says
    that the provider is not in the table and its model's maker's price was taken. `price` is what was applied.
    """

    usd: float
    version: str
    parts: Mapping[str, float]
    is_assumed: bool = False
    price: catalog.Price | None = None


@value(kw_only=False)
class Priced:
    """What decides a call's prices besides its day, hour and size, as the store's columns have it."""

    provider: str
    model: str
    service_tier: str = ""
    is_batch: bool = False


@value(kw_only=False)
class PriceRow:
    """One row of a price table in SQL. For a call that `priced` describes, at most one row fits all ranges.

    `valid_from` is the first and `valid_to` the day after the last UTC day, as `YYYY-MM-DD`; `minute_from` and
    `minute_to` likewise are minutes of the UTC day. The call's input tokens are more than `above_tokens` and at
    most `up_to_tokens`. `rates` has USD per million tokens for every unit, `None` where a call with such tokens
    has no known cost; `request` is USD per request. `context_window` is the model's, in tokens.
    """

    priced: Priced
    valid_from: str
    valid_to: str
    minute_from: int
    minute_to: int
    above_tokens: int
    up_to_tokens: int
    rates: Mapping[str, float | None]
    version: str
    context_window: int | None


def cost_of(
    usage: Usage, *, provider: str, model: str, at_ns: int, service_tier: str = "", is_batch: bool = False
) -> Cost | None:
    """The cost of `usage` at the prices of the time `at_ns`, in nanoseconds since the epoch.

    `None` when the model is unknown, nobody reported a count, or a rate that is needed is not known: a cost
    of 0 is only ever a price of 0.
    """
    found = catalog.find(provider, model)
    return found and cost_at(found, usage, at_ns, service_tier, is_batch)


def cost_at(
    found: catalog.Model,
    usage: Usage,
    at_ns: int,
    service_tier: str,
    is_batch: bool,  # noqa: FBT001  (likewise)
    request_tokens: int | None = None,
) -> Cost | None:
    """The same for a model that is found already.

    Where `usage` sums several requests up, `request_tokens` is the input of one of them, by which the price is chosen.
    """
    if usage.input_tokens is None and usage.output_tokens is None:
        return None
    size = (usage.input_tokens or 0) if request_tokens is None else request_tokens
    if service_tier in _STANDARD and not is_batch:
        price = found.price_at(at_ns, size)
    else:
        price = _price(found, at_ns, size, _tiers(service_tier, is_batch, found.provider))
    parts = price and _parts(usage, price.rates)
    if parts is None:
        return None
    usd = 0.0
    for unit in parts:
        usd += parts[unit]
    return Cost(usd, catalog.version(), parts, found.is_assumed, price)


def _tiers(service_tier: str, is_batch: bool, provider: str) -> tuple[str, ...]:  # noqa: FBT001  (as above)
    """The table's names of a service tier, of which the first with a price holds; `""` is the standard one.

    A tier at the place where inference was asked to run (`fast-us`) costs what it does elsewhere, unless that is known.
    """
    name, _, place = service_tier.lower().partition("-")
    if is_batch:
        name = "batch"
    elif name in _STANDARD or name in _STANDARD_AT.get(provider, ()):
        name = ""
    return (f"{name or 'standard'}-{place}", name) if place else (name,)


def _price(found: catalog.Model, at_ns: int, size: int, tiers: tuple[str, ...]) -> catalog.Price | None:
    return next((price for tier in tiers if (price := found.price_at(at_ns, size, tier)) is not None), None)


def _parts(usage: Usage, rates: Mapping[str, float]) -> dict[str, float] | None:
    """The dollars of each part that has tokens, `None` when one has no rate."""
    parts: dict[str, float] = {}
    for unit, tokens in _counts(usage):
        if tokens <= 0:
            continue
        rate = rates[unit] if unit in rates else _borrowed(unit, rates)
        if rate is None:
            return None
        parts[unit] = tokens * rate / _MILLION
    if "request" in rates:
        parts["request"] = rates["request"]
    return parts


def _borrowed(unit: str, rates: Mapping[str, float]) -> float | None:
    """The rate of a unit that has none of its own."""
    for other in _BILLED_AS.get(unit, ()):
        if other in rates:
            return rates[other]
    return None


def _counts(usage: Usage) -> list[tuple[str, int]]:
    """The disjoint parts of a call's tokens; what does not fit into its total is not billed.

    Cached tokens are taken to be text: few providers tell them apart.
    """
    whole = usage.input_tokens or 0
    read = usage.cache_read_tokens or 0
    hour = usage.cache_write_1h_tokens or 0
    written = usage.cache_write_tokens or 0
    if hour or usage.cache_write_5m_tokens:
        written = max(written, hour + (usage.cache_write_5m_tokens or 0))
    if read + written > whole or hour > written:
        read = min(read, whole)
        written = min(written, whole - read)
        hour = min(hour, written)
    counts: list[tuple[str, int]] = []
    if read or written:
        counts += (("cache_read", read), ("cache_write", written - hour), ("cache_write_1h", hour))
    plain = whole - read - written
    if usage.audio_input_tokens or usage.image_input_tokens:
        parts = (("audio_input", usage.audio_input_tokens), ("image_input", usage.image_input_tokens))
        plain = _shared(plain, parts, counts)
    output = usage.output_tokens or 0
    if usage.audio_output_tokens or usage.image_output_tokens:
        parts = (("audio_output", usage.audio_output_tokens), ("image_output", usage.image_output_tokens))
        output = _shared(output, parts, counts)
    if usage.reasoning_tokens and output > 0:
        reasoning = usage.reasoning_tokens
        counts += (("reasoning", min(output, reasoning)),)
        output -= reasoning
    counts += (("input", plain), ("output", output))
    return counts


def _shared(whole: int, parts: Iterable[tuple[str, int | None]], counts: list[tuple[str, int]]) -> int:
    """What the parts leave of a whole, below nothing where they say more; each goes to `counts` as far as it fits."""
    for unit, part in parts:
        if part and whole > 0:
            counts.append((unit, min(whole, part)))
            whole -= part
    return whole


def price_rows(calls: Iterable[Priced]) -> Iterator[PriceRow]:
    """Rows of a price table in SQL for `calls`, each told once: what recomputing their cost in the store needs.

    The rows are disjoint, and all that a name, a tier or a missing rate may mean is settled in them, so that
    the query compares for equality and ranges alone. Calls of unknown models have no rows.
    """
    for priced in dict.fromkeys(calls):
        found = catalog.find(priced.provider, priced.model)
        if found is not None:
            yield from _rows_of(found, priced, _tiers(priced.service_tier, priced.is_batch, found.provider))


def _rows_of(found: catalog.Model, priced: Priced, tiers: tuple[str, ...]) -> Iterator[PriceRow]:
    """Cuts days, hours and sizes wherever a price changes, and asks the model for the price in each piece."""
    prices = [price for price in found.prices if price.service_tier in tiers]
    days = sorted(
        {(price.from_ns, price.valid_from or _FIRST_DAY) for price in prices}
        | {(price.to_ns, price.valid_to) for price in prices if price.to_ns}
    )
    minutes = sorted({minute for price in prices for minute in price.utc_minutes})
    sizes = sorted({price.above_tokens for price in prices})
    for (from_ns, day), (_, next_day) in pairwise([*days, (0, _LAST_DAY)]):
        for minute, next_minute in pairwise(minutes):
            for size, next_size in pairwise([*sizes, _MOST_TOKENS]):
                price = _price(found, from_ns + minute * _MINUTE_NS, size + 1, tiers)
                if price is not None:
                    rates = {unit: price.rates.get(unit, _borrowed(unit, price.rates)) for unit in catalog.UNITS}
                    rates["request"] = rates["request"] or 0.0
                    yield PriceRow(
                        priced,
                        *(day, next_day, minute, next_minute, size or -1, next_size),
                        rates=rates,
                        version=catalog.version(),
                        context_window=found.context_window,
                    )
