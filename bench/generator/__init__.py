"""Telemetry of any number of calls with the skew of real applications, made by the engine itself, for benches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from submeter import catalog
from submeter.store.questions import nanoseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from submeter.store.database import Database

DAYS: Final = 30
PART: Final = 131_072
"""Calls of one insert: a whole number of the generator's 65,536 calls, so that no trace is cut in two."""

_MODELS: Final = (
    ("openai", "gpt-5-mini"),
    ("openai", "gpt-5"),
    ("anthropic", "claude-sonnet-4-5"),
    ("anthropic", "claude-haiku-4-5"),
    ("gcp.gemini", "gemini-2.5-flash"),
    ("openai", "text-embedding-3-small"),
)


def period(today: datetime | None = None) -> tuple[datetime, datetime]:
    """The days that are filled: the last thirty, ending with the end of today in UTC."""
    now = today or datetime.now(UTC)
    end = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
    return end - timedelta(days=DAYS), end


def make(store: Database, calls: int, start: datetime, progress: Callable[[int], None] = lambda _: None) -> None:
    """Fills an empty store with `calls` calls over `DAYS` days from `start` on, and what is around them."""
    folder = Path(__file__).parent
    texts = {name: (folder / f"{name}.sql").read_text("utf-8") for name in ("calls", "requests", "evaluations")}
    start_ns = nanoseconds(start)
    fixed = {**_rates(start_ns), "start_ns": start_ns, "calls": calls, "days": float(DAYS)}
    for first in range(0, calls, PART):
        size = min(PART, calls - first)
        store.engine.run(texts["calls"], {**fixed, "first": first, "size": size})
        progress(first + size)
    for day in range(-1, DAYS + 1):
        bounds = [nanoseconds(start + timedelta(days=day + n)) for n in (0, 1)]
        for name in ("requests", "evaluations"):
            store.engine.run(texts[name], {"start_ns": bounds[0], "end_ns": bounds[1]})


def _rates(at_ns: int) -> dict[str, object]:
    """What the models cost and hold, from the price table, as arrays in the order of `_MODELS`."""
    found = [catalog.find(provider, model) for provider, model in _MODELS]
    prices = [model and model.price_at(at_ns) for model in found]
    rates: list[Mapping[str, float]] = [price.rates if price else {} for price in prices]
    return {
        "providers": [provider for provider, _ in _MODELS],
        "models": [model for _, model in _MODELS],
        "input_rates": [rate.get("input", 0.0) for rate in rates],
        "output_rates": [rate.get("output", 0.0) for rate in rates],
        "cache_rates": [rate.get("cache_read", rate.get("input", 0.0)) for rate in rates],
        "windows": [float((model and model.context_window) or 8192) for model in found],
    }
