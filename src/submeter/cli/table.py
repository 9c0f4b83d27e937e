"""Tables that keep their numbers: text columns give way first, then whole columns, never a digit.

`rich` draws the text; the widths are worked out here, because a table that cuts numbers in a narrow terminal
shows wrong numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.cells import cell_len, set_cell_size
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

_GAP: Final = 2
_HEAD: Final = "dim"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Texts with `is_text` are cut when room is short; `rank` 0 stays, the highest rank goes first."""

    title: str
    is_text: bool = False
    rank: int = 0
    least: int = 8


def cut(text: str, width: int) -> str:
    """`text` in at most `width` cells, with an ellipsis where something is missing."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(width - 1, 0)).rstrip() + "…" if width > 0 else ""


def lines(columns: Sequence[Column], rows: Sequence[Sequence[Text]], width: int) -> list[Text]:
    """The table in lines of at most `width` cells, its heading first."""
    shown = [n for n, column in enumerate(columns) if column.rank == 0 or any(row[n].plain for row in rows)]
    widths = _widths(columns, rows, shown)
    while _total(widths) > width:
        over = _total(widths) - width
        widest = max((n for n in widths if columns[n].is_text), key=lambda n: widths[n] - columns[n].least, default=-1)
        if widest >= 0 and widths[widest] > columns[widest].least:
            widths[widest] -= min(over, widths[widest] - columns[widest].least)
            continue
        last = max(widths, key=lambda n: columns[n].rank)
        if columns[last].rank == 0:
            break
        del widths[last]
        widths = _widths(columns, rows, list(widths))
    head = [Text(column.title, _HEAD) for column in columns]
    return [_line(columns, row, widths) for row in (head, *rows)]


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[Text]], shown: Sequence[int]) -> dict[int, int]:
    return {n: max([cell_len(columns[n].title), *(cell_len(row[n].plain) for row in rows)]) for n in shown}


def _total(widths: dict[int, int]) -> int:
    return sum(widths.values()) + _GAP * (len(widths) - 1)


def _line(columns: Sequence[Column], row: Sequence[Text], widths: dict[int, int]) -> Text:
    line = Text()
    for position, (n, width) in enumerate(widths.items()):
        cell = row[n].copy()
        if cell_len(cell.plain) > width:
            cell.truncate(width, overflow="ellipsis")
        room = " " * (width - cell_len(cell.plain))
        if position:
            line.append(" " * _GAP)
        if columns[n].is_text:
            line.append_text(cell).append(room)
        else:
            line.append(room).append_text(cell)
    line.rstrip()
    return line
