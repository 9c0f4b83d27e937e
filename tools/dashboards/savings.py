"""Savings: what a token read from a provider's cache costs less, as SQL, from the price table of this version.

Dashboards know frozen costs and no prices, in Grafana as little as on the page, so the few rates that one panel
needs are written into its query: list prices of the makers' own models, under the names they are stored by.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from submeter import catalog
from submeter.catalog.model import nanoseconds_of

if TYPE_CHECKING:
    from collections.abc import Mapping

MAKERS: Final = frozenset({"openai", "anthropic", "gcp.gemini", "mistral_ai", "x_ai", "deepseek", "moonshot_ai"})
"""Whose names are looked up; their models at other sellers are found by the same name."""

_SELLER_AND_DATE: Final = (
    r"^.*/|^([a-z]+[.])?[a-z]+[.]|([-@](20[0-9]{6}|20[0-9]{2}-[0-9]{2}-[0-9]{2}|latest))?(-v[0-9]+(:[0-9]+)?)?$"
)
"""What a stored name has around the maker's own: a seller or region before it, a date or version after it."""


_NOON_NS: Final = 12 * 3_600 * 10**9


def _table(rates: dict[str, float], model: str) -> str:
    name = f"replaceRegexpAll({model}, '{_SELLER_AND_DATE}', '')"
    names, values = ", ".join(f"'{one}'" for one in rates), ", ".join(f"{rate:g}" for rate in rates.values())
    return f"transform({name}, [{names}], [{values}], 0.)"


def saved_usd(model: str) -> str:
    """The SQL of what the cache saved one call in USD: reading for less than new input, writing for more.

    A write that is kept for an hour costs a whole input price more, one of five minutes a quarter of it. Prices are
    those of the table's own day at noon UTC, so that a provider whose prices change with the hour gives one text.
    """
    at_ns = nanoseconds_of(catalog.version().partition("+")[0]) + _NOON_NS
    less, more = dict[str, float](), dict[str, float]()
    for found in catalog.models():
        price = found.price_at(at_ns, 0, "") if found.provider in MAKERS else None
        rates: Mapping[str, float] = price.rates if price else {}
        if "input" not in rates or "cache_read" not in rates:
            continue
        for name in {re.sub(_SELLER_AND_DATE, "", one): None for one in (found.name, *found.aliases)}:
            less.setdefault(name, round(rates["input"] - rates["cache_read"], 6))
            if rates.get("cache_write", 0) > rates["input"]:
                more.setdefault(name, round(rates["cache_write"] - rates["input"], 6))
    read, written = (
        "ifNull(cache_read_tokens, 0)",
        "ifNull(cache_write_tokens, 0) + 3 * ifNull(cache_write_1h_tokens, 0)",
    )
    return f"({read} * {_table(less, model)} - ({written}) * {_table(more, model)}) / 1e6"
