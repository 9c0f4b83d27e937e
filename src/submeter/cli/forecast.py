"""`submeter forecast`: what the coming days and the month will cost if they are like the last ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from submeter.cli import clock, narrowing, output, shortfall, source, wording
from submeter.cli.emptiness import refuse_empty_store
from submeter.cli.session_page import flowed
from submeter.cli.table import Column, lines
from submeter.plural import several

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    Row = Mapping[str, Any]

_BAR: Final = 24
_COLUMNS: Final = (
    Column("day", is_text=True, least=10),
    Column("cost"),
    Column("low"),
    Column("high"),
    Column("tokens", rank=1),
    Column("", is_text=True, rank=2, least=_BAR),
)
_DAY_COLUMNS: Final = ("day", "cost_usd", "low_usd", "high_usd", "tokens")


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter forecast`."""
    parser.add_argument("--horizon", metavar="N", help="days to look ahead, from 1 to 92 (default: 30)")
    narrowing.add_options(parser, "user", "service", "tag")
    parser.add_argument("--zone", default=clock.local_zone(), help="time zone of days (default: %(default)s)")
    output.add_options(parser)
    source.add_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Prints the forecast, or why there is none; as CSV its days."""
    answer = source.answered(arguments, "forecast", narrowing.parameters(arguments))
    if not answer["days"]:
        refuse_empty_store(arguments)
    output.write(
        arguments,
        answer,
        lambda width, is_ascii: _page(answer, width, is_ascii=is_ascii),
        answer["days"],
        lambda: _DAY_COLUMNS,
    )
    return 0


def _page(answer: Row, width: int, *, is_ascii: bool) -> list[Text]:
    if not answer["days"]:
        return shortfall.remarks([f"no forecast: {answer['reason']}"], width)
    number = len(answer["days"])
    facts = [
        (answer["spent_this_month_usd"], "spent this month"),
        (answer["month_usd"], "expected for the month"),
        (answer["total_usd"], f"expected for {'the day' if number == 1 else several(number, 'day')} from today on"),
    ]
    pieces = [
        Text.assemble((wording.usd(amount), "bold green"), (f" {said}", "dim"))
        for amount, said in facts
        if amount is not None
    ]
    most = max(day["cost_usd"] for day in answer["days"]) or 1.0
    rows = [_cells(day, most, is_ascii=is_ascii) for day in answer["days"]]
    how = shortfall.remarks([answer["how"]], width)
    return [*flowed(pieces, width), Text(), *lines(_COLUMNS, rows, width), Text(), *how]


def _cells(day: Row, most: float, *, is_ascii: bool) -> list[Text]:
    return [
        Text(str(day["day"])),
        Text(wording.usd(day["cost_usd"]), "green"),
        Text(wording.usd(day["low_usd"]), "dim"),
        Text(wording.usd(day["high_usd"]), "dim"),
        Text(wording.count(day["tokens"])),
        Text(("#" if is_ascii else "█") * round(day["cost_usd"] / most * _BAR), "cyan"),
    ]
