"""`submeter limits`: the limits that the running server watches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from submeter.cli import exchange, output, shortfall, source, wording
from submeter.cli.table import Column, lines

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

_COLUMNS: Final = (
    Column("limit", is_text=True, least=12),
    Column("of", is_text=True),
    Column("per", is_text=True),
    Column("at most"),
    Column("window", is_text=True),
    Column("set", is_text=True, rank=1),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter limits`."""
    output.add_options(parser)
    source.add_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Prints the limits; they are the server's, so one must run."""
    url = source.server(arguments)
    with exchange.requested(url, "/limits") as response:
        answer: Mapping[str, Any] = exchange.json_of(response, url, "limits")
    rows: Sequence[Mapping[str, Any]] = answer["limits"]
    output.write(
        arguments,
        answer,
        lambda width, _: (
            lines(_COLUMNS, [_cells(row) for row in rows], width)
            if rows
            else shortfall.remarks(["no limits: put one into rules.yaml or by PUT /api/v1/limits/NAME"], width)
        ),
        rows,
        _columns,
    )
    return 0


def _columns() -> tuple[str, ...]:
    from submeter.server.limiting import LimitInForce  # noqa: PLC0415  (pydantic takes a moment to load)

    return tuple(LimitInForce.model_fields)


def _cells(row: Mapping[str, Any]) -> list[Text]:
    limit = row.get("limit")
    measure = str(row.get("measure", ""))
    amount = wording.usd(limit) if measure == "cost_usd" else wording.count(limit)
    window = row.get("every") or wording.duration(row.get("last_s"))
    return [
        Text(wording.clean(str(row.get("name", "")))),
        Text(measure, "dim"),
        Text(wording.clean(", ".join(row.get("per", ())))),
        Text(amount),
        Text(f"a {window}" if row.get("every") else f"the last {window}"),
        Text("over REST" if row.get("is_put") else "in the rules", "dim"),
    ]
