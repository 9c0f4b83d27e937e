"""Recommendations of the cost analysis: what could be saved, how that was worked out, and what is not known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Field

from submeter import catalog

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Row = Mapping[str, Any]

MILLION = 1_000_000

Kind = Literal[
    "cache_use",
    "model_choice",
    "chunk_size",
    "repeated_prompts",
    "long_contexts",
    "price_tier",
    "retries",
    "failed_calls",
    "cut_answers",
]
Basis = Literal["measured", "priced", "what_if"]


class Recommendation(BaseModel):
    """One thing to save on.

    `basis` says what the saving is made of: `measured` is money that the calls did cost, `priced` is counted tokens
    at other prices of the price table, `what_if` shows what a change that you choose would be worth. Savings may
    overlap, so they do not add up.
    """

    kind: Kind
    title: str
    operation: str
    model: str
    calls: int
    saving_usd: Annotated[float, Field(ge=0)]
    basis: Basis
    how: str
    advice: str


class Lacking(BaseModel):
    """What could not be worked out, and what would make it possible."""

    kind: Kind
    reason: str
    to_do: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the recommendations are drawn from: rows of the questions of the same names, and the time of the prices.

    `scores` is the mean score of the evaluation `quality` (or of the only one there is) by operation and model.
    """

    profile: Sequence[Row]
    repetition: Sequence[Row]
    prompts: Sequence[Row]
    scores: Mapping[tuple[str, str], float]
    sizes: Sequence[int]
    at_ns: int

    def price(self, row: Row, input_tokens: int = 0) -> catalog.Price | None:
        """The standard price of a row's calls for a request of that size."""
        found = catalog.find(row["provider"], row["priced_as"])
        return found.price_at(self.at_ns, input_tokens) if found else None

    def cost(self, row: Row, price: catalog.Price) -> float:
        """What a row's tokens cost at a price, in USD; cached ones at the price of cached ones, if there is one."""
        rates = price.rates
        plain = row["input_tokens"] - row["cache_read_tokens"]
        read = rates.get("cache_read", rates.get("input", 0.0))
        tokens = plain * rates.get("input", 0.0) + row["cache_read_tokens"] * read
        return (tokens + row["output_tokens"] * rates.get("output", 0.0)) / MILLION


def usd(amount: float) -> str:
    """Dollars in a sentence."""
    return f"${amount:,.2f}" if amount >= 0.01 else f"${amount:.6f}"  # noqa: PLR2004  (cents)


def where(row: Row) -> str:
    """Which calls a row is about, in words."""
    return f"{row['operation'] or 'calls without an operation'} with {row.get('priced_as', row['model'])}"
