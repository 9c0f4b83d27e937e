"""Overrides: the user's own prices and limits, from the TOML file that `SUBMETER_PRICES` names.

    [[model]]
    provider = "openai"          # left out: every provider
    model = "gpt-5"              # or pattern = "ft:gpt-5-*"
    valid_from = 2026-11-01      # left out: since ever
    input = 1.0                  # USD per million tokens
    output = 8.0
    context_window = 400_000

Prices of a row replace all prices of the model from that day on, whatever their service tier; more rows for
the same model state other tiers, sizes or days. Limits replace the table's one by one.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast
from zlib import crc32

from submeter import settings
from submeter.catalog.model import UNITS, Model, Price, nanoseconds_of, ranked
from submeter.catalog.names import provider_of
from submeter.catalog.table import fits
from submeter.value import replace, value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LIMITS = ("context_window", "max_input_tokens", "max_output_tokens")
_TEXTS = ("provider", "model", "pattern", "valid_from", "service_tier")
_KEYS = frozenset((*UNITS, *_LIMITS, *_TEXTS, "above_tokens"))
_log = logging.getLogger("submeter")


class PricesFileError(ValueError):
    """The user's prices file cannot be used; the message names the file, the row and the fix."""


@value
class Override:
    """One row of the user's file. `provider` is empty for every provider; `price` is `None` for limits alone."""

    provider: str
    pattern: str
    limits: Mapping[str, int]
    price: Price | None

    def applies(self, provider: str, name: str) -> bool:
        """Whether the row speaks of this model."""
        return self.provider in {"", provider} and fits(self.pattern, name)


@value(kw_only=False)
class Overrides:
    """All rows of the user's file; `mark` tells one content of the file from another in a price version."""

    rows: tuple[Override, ...]
    mark: str
    source: str

    def merged(self, provider: str, name: str, known: Model | None) -> Model | None:
        """`known` with the user's rows laid over it, a model of the user's rows alone, or `None` if none applies."""
        rows = [row for row in self.rows if row.applies(provider, name.strip().lower())]
        if not rows:
            return None
        model = known or Model(name=name, provider=provider)
        limits: dict[str, Any] = {}
        for row in rows:
            limits.update(row.limits)
        model = replace(model, **limits, source=self.source)
        prices = [row.price for row in rows if row.price is not None]
        if not prices:
            return model
        since, day = min((price.from_ns, price.valid_from) for price in prices)
        kept = (replace(price, to_ns=since, valid_to=day) for price in model.prices if price.from_ns < since)
        return replace(model, prices=ranked((*prices, *kept)))

    def named(self) -> Iterator[tuple[str, str]]:
        """Provider and name of the rows that name one model of one provider, each once."""
        yield from dict.fromkeys(
            (row.provider, row.pattern) for row in self.rows if row.provider and "*" not in row.pattern
        )


def read_overrides() -> Overrides | None:
    """The rows of the file that `SUBMETER_PRICES` names. A file that cannot be used is left out, with one warning."""
    try:
        return parsed(settings.prices_file())
    except PricesFileError as error:
        _log.warning("%s; the prices of the built-in table are used without this file", error)
        return None


def parsed(path: str) -> Overrides:
    """The rows of the TOML file `path`.

    Raises:
        PricesFileError: the file cannot be read or has a wrong row.
    """
    import tomllib  # noqa: PLC0415  (5 ms that only owners of such a file pay)

    try:
        with open(path, "rb") as file:  # noqa: PTH123  (the name is the user's own string)
            content = file.read()
        document = tomllib.loads(content.decode())
    except OSError as error:
        raise PricesFileError(
            f"SUBMETER_PRICES={path}: {error.strerror}: name a TOML file, or unset the variable"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PricesFileError(f"SUBMETER_PRICES={path} is not TOML: {error}") from error
    rows: object = document.pop("model", None)
    if document or not isinstance(rows, list):
        raise PricesFileError(f"SUBMETER_PRICES={path} has no rows: start every row with a line [[model]]")
    overrides = tuple(
        _override(row, f"SUBMETER_PRICES={path}, row {number}")
        for number, row in enumerate(cast("list[object]", rows), 1)
    )
    mark = f"+{crc32(content):08x}"
    return Overrides(overrides, mark, f"user file {path}")


def _override(row: object, where: str) -> Override:
    if not isinstance(row, dict):
        raise PricesFileError(f"{where} is no table: start every row with a line [[model]]")
    fields = cast("dict[str, Any]", row)
    unknown = sorted(fields.keys() - _KEYS)
    if unknown:
        raise PricesFileError(f"{where}: unknown key {unknown[0]!r}: use one of {', '.join(sorted(_KEYS))}")
    name = fields.get("model") or fields.get("pattern")
    if not isinstance(name, str) or ("model" in fields) == ("pattern" in fields):
        raise PricesFileError(f'{where}: name what it prices: either model = "..." or pattern = "...*"')
    if "model" in fields and "*" in name:
        raise PricesFileError(f"{where}: {name!r} is a pattern: write pattern = {name!r} instead of model")
    rates = {unit: _number(fields, unit, where) for unit in UNITS if unit in fields}
    limits = {limit: _count(fields, limit, where) for limit in _LIMITS if limit in fields}
    if not rates and not limits:
        raise PricesFileError(f"{where}: {name!r} has neither a price nor a limit: add input = ... and output = ...")
    return Override(
        provider=provider_of(str(fields.get("provider", ""))),
        pattern=name.strip().lower(),
        limits=limits,
        price=_price(fields, rates, where) if rates else None,
    )


def _price(fields: Mapping[str, Any], rates: Mapping[str, float], where: str) -> Price:
    day = str(fields.get("valid_from", ""))
    try:
        from_ns = nanoseconds_of(day)
    except ValueError as error:
        raise PricesFileError(f"{where}: valid_from = {day!r} is no date: write valid_from = 2026-11-01") from error
    tier = fields.get("service_tier", "")
    if not isinstance(tier, str):
        raise PricesFileError(f'{where}: service_tier = {tier!r} is no name: write "batch", "flex" or "priority"')
    above = _count(fields, "above_tokens", where) if "above_tokens" in fields else 0
    return Price(rates=rates, valid_from=day, service_tier=tier, above_tokens=above, from_ns=from_ns)


def _number(fields: Mapping[str, Any], key: str, where: str) -> float:
    value = fields[key]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise PricesFileError(f"{where}: {key} = {value!r} is no price: write a number of USD per million tokens")
    return float(value)


def _count(fields: Mapping[str, Any], key: str, where: str) -> int:
    value = fields[key]
    if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
        raise PricesFileError(f"{where}: {key} = {value!r} is no count: write a whole number of tokens above 0")
    return value
