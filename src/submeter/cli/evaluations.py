"""`submeter evaluations`: the scores that answers were given, beside what those answers cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from submeter.cli import listing, narrowing, output, source, wording
from submeter.cli.table import Column, lines

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    Row = Mapping[str, Any]

_COLUMNS: Final = (
    Column("evaluation", is_text=True, least=12),
    Column("operation", is_text=True, rank=5),
    Column("model", is_text=True, least=16),
    Column("scores"),
    Column("mean"),
    Column("least", rank=2),
    Column("usual label", is_text=True, rank=3, least=11),
    Column("calls", rank=4),
    Column("cost"),
    Column("tokens a call", rank=1),
)
_WHENCE: Final = "they come from gen_ai.evaluation.result events, as log records or on the span of a call"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter evaluations`."""
    parser.add_argument("--name", help="scores of this evaluation only, such as quality")
    narrowing.add_options(parser, "period", "filters", "limit", "offset")
    output.add_options(parser)
    source.add_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Prints the scores."""
    listing.write(arguments, "evaluations", _page, "scores", [_WHENCE])
    return 0


def _page(rows: Sequence[Row], width: int) -> list[Text]:
    return lines(_COLUMNS, [_cells(row) for row in rows], width)


def _cells(row: Row) -> list[Text]:
    return [
        Text(wording.clean(row["name"])),
        Text(wording.clean(row["operation"]), "dim"),
        Text(wording.clean(row["model"])),
        Text(wording.count(row["scores"])),
        Text(_score(row["mean_score"])),
        Text(_score(row["least_score"]), "dim"),
        Text(wording.clean(row["usual_label"]), "dim"),
        Text(wording.count(row["calls"])),
        Text(wording.usd(row["cost_usd"]), "green"),
        Text(wording.count(row["mean_tokens"]), "dim"),
    ]


def _score(score: float | None) -> str:
    return wording.UNKNOWN if score is None else f"{score:.3g}"
