"""Warnings on a page: who and when, and the whole message beside or beneath it."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from submeter.cli import wording
from submeter.cli.table import lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from submeter.cli.table import Column

    Row = Mapping[str, Any]

_MESSAGE: Final = 56
"""Cells that a message is given before other texts are; with fewer than the least it stands beneath the others."""
_LEAST_MESSAGE: Final = 40
_INDENT: Final = 2
SEVERITY_STYLES: Final = {"info": "cyan", "warning": "yellow", "critical": "bold red"}


def severity(row: Row) -> Text:
    """A warning's severity in its colour."""
    return Text(str(row["severity"]), SEVERITY_STYLES.get(str(row["severity"]), ""))


def messages(columns: Sequence[Column], rows: Sequence[Sequence[Text]], said: Sequence[str], width: int) -> list[Text]:
    """A table with a whole message at the end of each row: over several lines, or beneath it where room is short."""
    heads = lines(columns, rows, max(width - _MESSAGE - _INDENT, _LEAST_MESSAGE // 2))
    indent = max(head.cell_len for head in heads) + _INDENT
    room = width - indent
    is_beside = room >= _LEAST_MESSAGE
    heads = heads if is_beside else lines(columns, rows, width)
    text: list[Text] = []
    for head, message in zip(heads, ("message", *said), strict=True):
        style = "dim" if head is heads[0] else ""
        wrapped = wrap(wording.clean(message), room if is_beside else max(width - _INDENT, 1)) or [""]
        if is_beside:
            first = Text.assemble(head, " " * (indent - head.cell_len), (wrapped.pop(0), style))
            text += [first, *(Text(" " * indent + line) for line in wrapped)]
        else:
            text += [head, *(Text(" " * _INDENT + line) for line in wrapped if head is not heads[0])]
    return text
