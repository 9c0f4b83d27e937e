"""`submeter usage --by ...`: tokens and cost summed by whatever the question is about."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from submeter.cli import clock, narrowing, output, shortfall, source, wording
from submeter.cli.emptiness import more, nothing, refuse_empty_store
from submeter.cli.table import Column, lines
from submeter.store.questions import BY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TAG: Final = "tag:"
_MOST_KEYS: Final = 2
_BY_HELP: Final = f"one or two (user,day) of {', '.join(BY)}, tag:NAME (default: %(default)s)"
_BAR: Final = 12
_SCREEN: Final = "50"
"""Rows on a terminal if none are asked for: the dearest come first and should still be seen."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter usage`."""
    parser.add_argument(
        "--by",
        type=_by,
        default="model",
        metavar="WHAT",
        help=_BY_HELP,
    )
    narrowing.add_options(parser, "period", "filters", "limit", "offset")
    parser.add_argument("--zone", default=clock.local_zone(), help="time zone of days and hours (default: %(default)s)")
    output.add_options(parser)
    source.add_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Prints the sums."""
    parameters = narrowing.parameters(arguments)
    is_page = not (arguments.json or arguments.csv)
    if is_page and sys.stdout.isatty() and not {"day", "hour"} & set(arguments.by.split(",")):
        parameters.setdefault("limit", _SCREEN)
    answer = source.answered(arguments, "usage", parameters)
    rows: list[Mapping[str, Any]] = answer["usage"]
    if not rows:
        refuse_empty_store(arguments)
    all_of_it = _totals(arguments, answer, parameters) if is_page else None
    output.write(
        arguments,
        answer,
        lambda width, is_ascii: (
            [
                *page(answer["by"], rows, width, is_ascii=is_ascii, totals=all_of_it),
                *more(answer, len(rows), width),
            ]
            if rows
            else nothing("usage", parameters)
        ),
        rows,
        lambda: source.columns("usage", "usage"),
    )
    return 0


def _totals(
    arguments: argparse.Namespace, answer: Mapping[str, Any], parameters: Mapping[str, str]
) -> Mapping[str, Any] | None:
    """What the shares of a page are shares of, where it has not every row."""
    if answer["next"] is None and "offset" not in parameters:
        return None
    narrowed = {name: value for name, value in parameters.items() if name not in {"by", "limit", "offset"}}
    return source.answered(arguments, "summary", {**narrowed, "limit": "1"})["totals"]


def page(
    by: str,
    rows: Sequence[Mapping[str, Any]],
    width: int,
    *,
    is_ascii: bool,
    totals: Mapping[str, Any] | None = None,
) -> list[Text]:
    """The table, with each row's share of the cost (of the tokens where nothing has a price) as a bar.

    Shares are of `totals`, or of the rows if they are all.
    """
    first, _, second = by.partition(",")
    measure = "cost_usd" if any(row["cost_usd"] for row in rows) else "tokens"
    total = _measured(totals, measure) if totals else sum(_measured(row, measure) for row in rows)
    columns = (
        Column(first.removeprefix(_TAG), is_text=True, least=20),
        Column(second.removeprefix(_TAG) or " ", is_text=True, rank=0 if second else 12, least=10),
        Column("calls", rank=3),
        Column("failed", rank=10),
        Column("in", rank=1),
        Column("cached", rank=7),
        Column("out", rank=2),
        Column("reasoning", rank=9),
        Column("cost"),
        Column("share", rank=6),
        Column("a call", rank=8),
        Column("", is_text=True, rank=11, least=_BAR),
    )
    text = lines(columns, [_cells(row, by, measure, total, is_ascii=is_ascii) for row in rows], width)
    return shortfall.noted(text, rows, width)


def _by(text: str) -> str:
    parts = text.split(",")
    if len(set(parts)) < len(parts):
        raise argparse.ArgumentTypeError(f"{text!r} is twice the same: name two that differ, or one")
    if len(parts) <= _MOST_KEYS and all(part in BY or (part.startswith(_TAG) and part != _TAG) for part in parts):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is nothing to sum by: use one or two of {', '.join(BY)}, tag:NAME")


def _named(key: str, by: str) -> Text:
    return Text(wording.clean(key)) if key else Text(f"(no {by.removeprefix(_TAG)})", "dim")


def _measured(row: Mapping[str, Any], measure: str) -> float:
    if measure == "cost_usd":
        return row["cost_usd"] or 0.0
    return float((row["input_tokens"] or 0) + (row["output_tokens"] or 0))


def _cells(row: Mapping[str, Any], by: str, measure: str, total: float, *, is_ascii: bool) -> list[Text]:
    share = _measured(row, measure) / total if total else 0.0
    is_partial = shortfall.is_of_tokens(row)
    first, _, second = by.partition(",")
    return [
        _named(row["key"], first),
        _named(row["second"], second) if second else Text(),
        Text(wording.count(row["calls"])),
        Text(wording.count(row["errors"]) if row["errors"] else "", "red"),
        Text(wording.count(row["input_tokens"], is_partial=is_partial)),
        Text(wording.count(row["cache_read_tokens"]) if row["cache_read_tokens"] else "", "dim"),
        Text(wording.count(row["output_tokens"], is_partial=is_partial)),
        Text(wording.count(row["reasoning_tokens"]) if row["reasoning_tokens"] else "", "dim"),
        Text(wording.usd(row["cost_usd"], is_partial=shortfall.is_of_cost(row)), "green"),
        Text(f"{share * 100:.0f} %"),
        Text(wording.duration(row["mean_duration_s"]), "dim"),
        Text(("#" if is_ascii else "█") * round(share * _BAR), "cyan"),
    ]
