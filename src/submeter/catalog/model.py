"""Model and Price: what the table knows about one model of one provider."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from submeter.value import value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

UNITS: tuple[str, ...] = (
    "input",
    "output",
    "cache_read",
    "cache_write",
    "cache_write_1h",
    "reasoning",
    "audio_input",
    "audio_output",
    "image_input",
    "image_output",
    "request",
)
"""What a rate can be for. All are USD per million tokens but `request`, which is USD per request."""

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_DAY_NS = 86_400 * 10**9
_MINUTE_NS = 60 * 10**9
_DAY_MINUTES = 1_440


@value(kw_only=False)
class Price:
    """The rates of a model from a day on, in one service tier, for requests above one input size.

    `valid_from` is a UTC date (`""`: since ever), `valid_to` the day after the last (`""`: for ever); `service_tier` is
    `""` for the standard one. A request whose input exceeds `above_tokens` is billed as a whole at these rates.
    `utc_minutes` are the first and the end minute of the UTC day in which the rates apply, where a provider charges by
    the hour of the day.
    """

    rates: Mapping[str, float]
    valid_from: str = ""
    service_tier: str = ""
    above_tokens: int = 0
    utc_minutes: tuple[int, int] = (0, _DAY_MINUTES)
    from_ns: int = 0
    valid_to: str = ""
    to_ns: int = 0

    def covers(self, at_ns: int, input_tokens: int) -> bool:
        """Whether a request of `input_tokens` at `at_ns` (nanoseconds since the epoch) is billed at these rates."""
        if at_ns < self.from_ns or (self.to_ns and at_ns >= self.to_ns):
            return False
        if self.above_tokens and input_tokens <= self.above_tokens:
            return False
        first, end = self.utc_minutes
        return end - first == _DAY_MINUTES or first <= at_ns % _DAY_NS // _MINUTE_NS < end

    @property
    def rank(self) -> tuple[int, int, int]:
        """Sorts the price that applies before those it overrules: newest, shortest hours, largest input size."""
        return (-self.from_ns, self.utc_minutes[1] - self.utc_minutes[0], -self.above_tokens)


@value(kw_only=False)
class Model:
    """One model of one provider: its limits in tokens (`None`: not known) and its prices, applying one first.

    `context_window` is the total that input and output share; `max_input_tokens` is what a request alone may
    hold. `match` says how the name was found: `exact`, `pattern` or `normalised`. `is_assumed` says that the
    provider asked for is not in the table and that this is the model as sold by its own maker. `source` and
    `checked` say where the prices come from and on which day they were read there.
    """

    name: str
    provider: str
    aliases: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    context_window: int | None = None
    max_input_tokens: int | None = None
    max_output_tokens: int | None = None
    prices: tuple[Price, ...] = ()
    source: str = ""
    checked: str = ""
    match: str = "exact"
    is_assumed: bool = False

    def price_at(self, at_ns: int, input_tokens: int = 0, service_tier: str = "") -> Price | None:
        """The price of a request of `input_tokens` at `at_ns`, `None` where the tier has no known price."""
        for price in self.prices:
            if price.service_tier == service_tier and price.covers(at_ns, input_tokens):
                return price
        return None


def nanoseconds_of(day: str) -> int:
    """The start of a UTC day `YYYY-MM-DD` in nanoseconds since the epoch, 0 for no day.

    Raises:
        ValueError: `day` is no such date.
    """
    return (date.fromisoformat(day).toordinal() - _EPOCH_DAY) * _DAY_NS if day else 0


def price_of(line: Mapping[str, Any]) -> Price:
    """The price that one line of the table states.

    Raises:
        ValueError: `from` is not a date.
    """
    day = line.get("from", "")
    return Price(
        rates={unit: line[unit] for unit in UNITS if unit in line},
        valid_from=day,
        service_tier=line.get("tier", ""),
        above_tokens=line.get("above", 0),
        utc_minutes=tuple(line.get("utc", (0, _DAY_MINUTES))),
        from_ns=nanoseconds_of(day),
    )


def ranked(prices: Iterable[Price]) -> tuple[Price, ...]:
    """`prices` in the order in which they are to be tried; the standard tier, asked most, comes first."""
    return tuple(sorted(prices, key=lambda price: (price.service_tier, price.rank)))


def model_of(row: Mapping[str, Any], provider: str, sources: Mapping[str, Sequence[str]], match: str) -> Model:
    """The model that one row of the table states; `sources` maps a source's letter to its name and date."""
    source, checked = sources[row.get("source", "")]
    window, max_input, max_output = (*row.get("limits", ()), None, None, None)[:3]
    return Model(
        name=row["name"],
        provider=provider,
        aliases=tuple(row.get("also", ())),
        patterns=tuple(row.get("like", ())),
        context_window=window,
        max_input_tokens=max_input,
        max_output_tokens=max_output,
        prices=ranked(price_of(line) for line in row.get("prices", ())),
        source=source,
        checked=row.get("checked", checked),
        match=match,
    )
