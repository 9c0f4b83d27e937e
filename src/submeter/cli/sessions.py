"""`submeter sessions`: a line per session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from submeter.cli import listing, narrowing, output, shortfall, source, wording
from submeter.cli.session_page import fill_style
from submeter.cli.table import Column, lines
from submeter.store.questions import ORDERS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

_WHOLE_ID: Final = 36
"""Cells of a UUID: an id is there to be copied, so other columns go before it is cut."""

_COLUMNS: Final = (
    Column("session", is_text=True, least=_WHOLE_ID),
    Column("user", is_text=True, rank=4),
    Column("service", is_text=True, rank=9),
    Column("models", is_text=True, rank=10, least=12),
    Column("calls", rank=3),
    Column("in", rank=1),
    Column("out", rank=2),
    Column("cached", rank=11),
    Column("cost"),
    Column("context", rank=6),
    Column("warnings", rank=5),
    Column("last call", rank=4),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter sessions`."""
    narrowing.add_options(parser, "period", "filters", "limit", "offset")
    parser.add_argument("--order", choices=ORDERS, help="latest first (recent), or the largest (default: recent)")
    output.add_options(parser)
    source.add_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Prints the sessions."""
    listing.write(arguments, "sessions", lambda rows, width: shortfall.noted(page(rows, width), rows, width))
    return 0


def page(rows: Sequence[Mapping[str, Any]], width: int) -> list[Text]:
    """The table of sessions."""
    return lines(_COLUMNS, [_cells(row) for row in rows], width)


def _cells(row: Mapping[str, Any]) -> list[Text]:
    name = wording.clean(row["session_id"])
    share = row["max_context_utilization"]
    return [
        Text(name) if name else Text("(no session)", "dim"),
        Text(wording.clean(row["user_id"])),
        Text(wording.clean(row["service"]), "dim"),
        Text(wording.clean(", ".join(row["models"])), "dim"),
        Text(wording.count(row["calls"])),
        Text(wording.count(row["input_tokens"], is_partial=shortfall.is_of_tokens(row))),
        Text(wording.count(row["output_tokens"], is_partial=shortfall.is_of_tokens(row))),
        Text(wording.count(row["cache_read_tokens"]) if row["cache_read_tokens"] else "", "dim"),
        Text(wording.usd(row["cost_usd"], is_partial=shortfall.is_of_cost(row)), "green"),
        Text(wording.percent(share), fill_style(share)) if share is not None else Text(),
        Text(str(row["warnings"]) if row["warnings"] else "", "yellow"),
        Text(wording.local_time(row["last_ts"]), "dim"),
    ]
