"""`submeter models` and `submeter prices`: the models in use, and the price table, which needs no store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from submeter.cli import narrowing, output, shortfall, source, wording
from submeter.cli.emptiness import more, nothing, refuse_empty_store
from submeter.cli.table import Column, lines

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    Row = Mapping[str, Any]

_COLUMNS: Final = (
    Column("provider", is_text=True, rank=1),
    Column("model", is_text=True, least=20),
    Column("calls", rank=2),
    Column("cost"),
    Column("context", rank=3),
    Column("in $/1M"),
    Column("cached", rank=4),
    Column("out $/1M"),
    Column("also", is_text=True, rank=6, least=12),
)

_USED: Final = frozenset({"calls", "cost"})
"""Columns of what was used, which the price table does not tell."""

_RATES: Final = {unit: f"{unit}_usd_per_1m" for unit in ("input", "cache_read", "output")}
"""Units whose rates are columns of CSV, with the columns."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter models`."""
    narrowing.add_options(parser, "period", "limit", "offset")
    output.add_options(parser)
    source.add_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Prints the models in use, the dearest first."""
    parameters = narrowing.parameters(arguments)
    answer = source.answered(arguments, "models", parameters)
    if not answer["models"]:
        refuse_empty_store(arguments)
    write(arguments, answer, parameters)
    return 0


def write(arguments: argparse.Namespace, answer: Row, parameters: Mapping[str, str]) -> None:
    """Prints models, in use or of the table."""
    rows: Sequence[Row] = answer["models"]
    output.write(
        arguments,
        answer,
        lambda width, _: (
            [
                *shortfall.noted(_table(rows, width), rows, width),
                *more(answer, len(rows), width),
                Text(),
                *shortfall.remarks([_version(answer)], width),
            ]
            if rows
            else nothing("models", parameters)
        ),
        [_flat(row) for row in rows],
        lambda: [*(name for name in source.columns("models", "models") if name != "prices"), *_RATES.values()],
    )


def _table(rows: Sequence[Row], width: int) -> list[Text]:
    is_used = any(row["calls"] for row in rows)
    shown = [n for n, column in enumerate(_COLUMNS) if is_used or column.title not in _USED]
    cells = [_cells(row) for row in rows]
    return lines([_COLUMNS[n] for n in shown], [[row[n] for n in shown] for row in cells], width)


def _version(answer: Row) -> str:
    return f"prices of {answer['price_version']}; SUBMETER_PRICES=file.toml sets your own"


def standard(row: Row) -> Mapping[str, float]:
    """The rates that apply now to an ordinary request."""
    plain = [price for price in row["prices"] if not (price["service_tier"] or price["above_tokens"])]
    return max(plain, key=lambda price: price["valid_from"])["rates"] if plain else {}


def _cells(row: Row) -> list[Text]:
    rates = standard(row)
    unknown = Text("no known price", "yellow")
    return [
        Text(wording.clean(row["provider"]), "dim"),
        Text(wording.clean(row["priced_as"])),
        Text(wording.count(row["calls"]) if row["calls"] else ""),
        Text(wording.usd(row["cost_usd"], is_partial=shortfall.is_of_cost(row)) if row["calls"] else "", "green"),
        Text(wording.short(row["context_window"]) if row["context_window"] else ""),
        Text(_rate(rates, "input")) if rates else unknown,
        Text(_rate(rates, "cache_read"), "dim"),
        Text(_rate(rates, "output")),
        Text(", ".join(_also(row)), "dim"),
    ]


def _rate(rates: Mapping[str, float], unit: str) -> str:
    return f"{rates[unit]:g}" if unit in rates else ""


def _also(row: Row) -> list[str]:
    """What else has a price: tiers, and a higher price above a size."""
    tiers = sorted({price["service_tier"] for price in row["prices"]} - {""})
    sizes = sorted({price["above_tokens"] for price in row["prices"]} - {0})
    return [*tiers, *(f"above {wording.short(size)}" for size in sizes)]


def _flat(row: Row) -> dict[str, Any]:
    rates = standard(row)
    kept = {name: value for name, value in row.items() if name != "prices"}
    return {**kept, **{column: rates.get(unit) for unit, column in _RATES.items()}}
