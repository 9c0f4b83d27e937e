"""`submeter warnings`: what the evaluator had to say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from submeter.cli import narrowing, output, source, wording
from submeter.cli.emptiness import more, nothing, refuse_empty_store
from submeter.cli.message_table import messages, severity
from submeter.cli.table import Column

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

_COLUMNS: Final = (
    Column("when", is_text=True),
    Column("severity", is_text=True),
    Column("session", is_text=True, rank=3, least=16),
    Column("user", is_text=True, rank=4),
)
_SEVERITIES: Final = ("info", "warning", "critical")


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter warnings`."""
    narrowing.add_options(parser, "period", "session", "user", "limit", "offset")
    parser.add_argument("--severity", choices=_SEVERITIES, help="of this severity only")
    output.add_options(parser)
    source.add_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Prints the warnings; none is a good answer."""
    parameters = narrowing.parameters(arguments)
    answer = source.answered(arguments, "warnings", parameters)
    rows: list[Mapping[str, Any]] = answer["warnings"]
    if not rows:
        refuse_empty_store(arguments)
    output.write(
        arguments,
        answer,
        lambda width, _: (
            [
                *messages(_COLUMNS, [_cells(row) for row in rows], [row["message"] for row in rows], width),
                *more(answer, len(rows), width),
            ]
            if rows
            else nothing("warnings", parameters)
        ),
        rows,
        source.columns("warnings", "warnings"),
    )
    return 0


def _cells(row: Mapping[str, Any]) -> list[Text]:
    return [
        Text(wording.local_time(row["ts"]), "dim"),
        severity(row),
        Text(wording.clean(row["session_id"])),
        Text(wording.clean(row["user_id"])),
    ]
