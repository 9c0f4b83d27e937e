"""Costs: what a call of another instrumentation costs by this installation's price table, where its span states none.

The same rules as in statements/recompute_rows.sql, which gives stored calls their cost anew. It depends on the span and
the table alone, so that a span that comes twice says the same. A cost with a price version comes from a price table of
ours: of the host's, if the scope is `submeter`, else of the store's; a cost that a sender stated has no such version.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from submeter import catalog, pricing, semconv
from submeter.store.attributes import number_text
from submeter.store.calls import is_true, stated_cost

if TYPE_CHECKING:
    from submeter.usage import Usage


def priced(attributes: dict[str, str], usage: Usage, at_ns: int) -> dict[str, str]:
    """Normalised attributes of a call that another instrumentation saw, with its cost and the version of the prices.

    `at_ns` is the call's start in nanoseconds since the epoch. The attributes come back as they are where they state a
    cost, nobody reported tokens, or the table does not know the model.
    """
    if not usage.is_known or stated_cost(attributes.get(semconv.COST_USD, "")) is not None:
        return attributes
    asked, answering = attributes.get(semconv.REQUEST_MODEL, ""), attributes.get(semconv.RESPONSE_MODEL, "")
    found = catalog.answering(attributes.get(semconv.PROVIDER, ""), asked, answering)
    if found is None:
        return attributes
    tier, is_batch = attributes.get(semconv.SERVICE_TIER, ""), is_true(attributes.get(semconv.IS_BATCH, ""))
    cost = pricing.cost_at(found, usage, at_ns, tier, is_batch)
    if cost is None:
        return attributes
    return {**attributes, semconv.COST_USD: number_text(cost.usd), semconv.COST_PRICE_VERSION: cost.version}
