"""Models: which are in use and what they cost by the price table; and the table itself, searched by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel, Field

from submeter import catalog
from submeter.server.api.paging import page
from submeter.server.api.parameters import LIMIT, OFFSET, Limit, Offset, Period, Text
from submeter.server.api.question import Question
from submeter.store import questions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from submeter.store.database import Reader


class ModelsAsked(Period):
    """Which models: those in use, or those of the price table whose name holds `search`."""

    search: Text = Field("", description="models of the price table whose name or provider holds this text")
    limit: Limit = Field(100, description=LIMIT)
    offset: Offset = Field(0, description=OFFSET)


class Price(BaseModel):
    """One price: USD per million tokens by unit (`request`: USD per request), and when it applies."""

    rates: dict[str, float]
    valid_from: str
    service_tier: str
    above_tokens: int


class Model(BaseModel):
    """One model, what it holds in tokens, what it costs and what was used of it. `None` where it is not known.

    `priced_as` is the name by which its price is found: that of an inference profile, for one, has a price of its own.
    """

    provider: str
    model: str
    priced_as: str
    is_priced: bool
    context_window: int | None
    max_input_tokens: int | None
    max_output_tokens: int | None
    prices: list[Price]
    source: str
    checked: str
    calls: int
    unpriced_calls: int
    calls_without_usage: int
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None


class Models(BaseModel):
    """Models, the dearest first, and the version of the price table. `next` is the offset of the next page, if any."""

    models: list[Model]
    next: int | None
    price_version: str


def listed(search: str, limit: int, offset: int = 0) -> Models:
    """The models of the price table whose provider or name holds `search`."""
    wanted = search.lower()
    known = (found for found in catalog.models() if wanted in f"{found.provider} {found.name}".lower())
    sorted_models = sorted(known, key=lambda found: (found.provider, found.name))[offset : offset + limit + 1]
    made = [_model(found, _unused(found)) for found in sorted_models]
    return _page(made, limit, offset)


def _page(made: list[Model], limit: int, offset: int) -> Models:
    shown, following = page(made, limit, offset)
    return Models(models=shown, next=following, price_version=catalog.version())


def _models(store: Reader, asked: ModelsAsked, now: datetime) -> Models:
    if asked.search:
        return listed(asked.search, asked.limit, asked.offset)
    more = {"limit": asked.limit + 1, "offset": asked.offset}
    rows = store.ask("models", {**questions.period(**asked.range(now)), **more})
    made = [_model(catalog.find(row["provider"], row["priced_as"]), row) for row in rows]
    return _page(made, asked.limit, asked.offset)


def _unused(found: catalog.Model) -> Mapping[str, Any]:
    counts = dict.fromkeys(("calls", "unpriced_calls", "calls_without_usage"), 0)
    sums = dict.fromkeys(("input_tokens", "output_tokens", "cost_usd"))
    return {"provider": found.provider, "model": found.name, "priced_as": found.name, **counts, **sums}


def _model(found: catalog.Model | None, used: Mapping[str, Any]) -> Model:
    return Model(
        **used,
        is_priced=bool(found and found.prices),
        context_window=found.context_window if found else None,
        max_input_tokens=found.max_input_tokens if found else None,
        max_output_tokens=found.max_output_tokens if found else None,
        prices=[_price(price) for price in found.prices] if found else [],
        source=found.source if found else "",
        checked=found.checked if found else "",
    )


def _price(price: catalog.Price) -> Price:
    return Price(
        rates=dict(price.rates),
        valid_from=price.valid_from,
        service_tier=price.service_tier,
        above_tokens=price.above_tokens,
    )


QUESTIONS: Final = (Question("models", "Which models are used, and what do they cost?", ModelsAsked, Models, _models),)
