"""Measures: what a limit can count, in calls and in metric points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from submeter import semconv
from submeter.value import value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from submeter.record import CallRecord

NANO: Final = 1_000_000_000
"""Money is summed in whole billionths of a dollar: sums are exact and do not depend on the order."""


@value(kw_only=False)
class Measure:
    """Something that adds up: `of` gives a call's share as an integer, `scale` of which make one `unit`."""

    name: str
    unit: str
    of: Callable[[CallRecord], int]
    metrics: tuple[str, ...]
    scale: int = 1

    def amount(self, value: float) -> int:
        """A value in units as the integer that is summed."""
        return value if type(value) is int and self.scale == 1 else round(value * self.scale)

    def value(self, amount: int) -> float:
        """A sum in units."""
        return amount if self.scale == 1 else amount / self.scale

    def text(self, amount: int) -> str:
        """A sum for people, such as `12,345 tokens` or `$3.20`."""
        if self.unit != "USD":
            return f"{amount:,} {self.unit}"
        value = amount / self.scale
        return f"${value:,.2f}" if value >= 0.1 or not value else f"${value:,.4f}"  # noqa: PLR2004


def _counted(name: str, metrics: tuple[str, ...]) -> Measure:
    def of(record: CallRecord) -> int:
        return getattr(record.usage, name) or 0

    return Measure(name, "tokens", of, metrics)


_INPUT: Final = (semconv.METRIC_INPUT_TOKENS, semconv.METRIC_EMBEDDINGS_INPUT_TOKENS)

MEASURES: Final[Mapping[str, Measure]] = {
    measure.name: measure
    for measure in (
        Measure("tokens", "tokens", lambda record: record.usage.total_tokens, (*_INPUT, semconv.METRIC_OUTPUT_TOKENS)),
        _counted("input_tokens", _INPUT),
        _counted("output_tokens", (semconv.METRIC_OUTPUT_TOKENS,)),
        _counted("cache_read_tokens", (semconv.METRIC_CACHE_READ_TOKENS,)),
        _counted("cache_write_tokens", (semconv.METRIC_CACHE_WRITE_TOKENS,)),
        _counted("reasoning_tokens", (semconv.METRIC_REASONING_TOKENS,)),
        Measure("cost_usd", "USD", lambda record: round((record.cost_usd or 0.0) * NANO), (semconv.METRIC_COST,), NANO),
        Measure("calls", "calls", lambda record: 1, (semconv.METRIC_DURATION, semconv.METRIC_OTHER_DURATION)),  # noqa: ARG005  (every call is one)
    )
}
"""Everything a limit can count, by name, with the metrics that carry the same sum."""
