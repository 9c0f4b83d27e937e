"""`submeter warnings`: what the evaluator had to say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from submeter.cli import listing, narrowing, output, source, wording
from submeter.cli.message_table import messages, severity
from submeter.cli.table import Column

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

_COLUMNS: Final = (
    Column("when", is_text=True),
    Column("severity", is_text=True),
    Column("session", is_text=True, rank=3, least=16),
    Column("user", is_text=True, rank=4),
)
_WHENCE: Final = "they are raised while calls come in: by a running server, or in your program"
_SEVERITIES: Final = ("info", "warning", "critical")


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter warnings`."""
    narrowing.add_options(parser, "period", "session", "user", "limit", "offset")
    parser.add_argument("--severity", choices=_SEVERITIES, help="of this severity only")
    output.add_options(parser)
    source.add_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Prints the warnings; none is a good answer."""
    listing.write(arguments, "warnings", _page, hints=[_WHENCE])
    return 0


def _page(rows: Sequence[Mapping[str, Any]], width: int) -> list[Text]:
    return messages(_COLUMNS, [_cells(row) for row in rows], [row["message"] for row in rows], width)


def _cells(row: Mapping[str, Any]) -> list[Text]:
    return [
        Text(wording.local_time(row["ts"]), "dim"),
        severity(row),
        Text(wording.clean(row["session_id"])),
        Text(wording.clean(row["user_id"])),
    ]
