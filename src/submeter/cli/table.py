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
_LEAST: Final = 4
"""Cells of a text that has to give way to numbers."""
_HEAD: Final = "dim"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. Texts with `is_text` are cut when room is short; `rank` 0 stays, the highest rank goes first.

    A text that `overhangs` runs on over the cells after it that are empty, before it is cut.
    """

    title: str
    is_text: bool = False
    rank: int = 0
    least: int = 8
    overhangs: bool = False


def cut(text: str, width: int) -> str:
    """`text` in at most `width` cells, with an ellipsis where something is missing."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, max(width - 1, 0)).rstrip() + "…" if width > 0 else ""


def lines(columns: Sequence[Column], rows: Sequence[Sequence[Text]], width: int) -> list[Text]:
    """The table in lines of at most `width` cells, its heading first."""
    shown = [n for n, column in enumerate(columns) if column.rank == 0 or any(row[n].plain for row in rows)]
    widths = _narrowed(columns, _widths(columns, rows, shown), width)
    head = [Text(column.title, _HEAD) for column in columns]
    return [_line(columns, row, widths) for row in (head, *rows)]


def _narrowed(columns: Sequence[Column], natural: dict[int, int], width: int) -> dict[int, int]:
    """The widths that fit: texts down to what is readable, then columns by rank, then texts down to nothing."""
    widths = dict(natural)
    for rank in sorted({columns[n].rank for n in widths} - {0}, reverse=True):
        shrunk = _shrunk(widths, {n: columns[n].least for n in widths if columns[n].is_text}, width)
        if _total(shrunk) <= width:
            return shrunk
        widths = {n: size for n, size in widths.items() if columns[n].rank != rank}
    readable = _shrunk(widths, {n: columns[n].least for n in widths if columns[n].is_text}, width)
    return _shrunk(readable, {n: _LEAST for n in readable if columns[n].is_text}, width)


def _shrunk(widths: dict[int, int], least: dict[int, int], width: int) -> dict[int, int]:
    """The widths with those of `least` made smaller, the one with most to give first, as far as is needed."""
    found = dict(widths)
    while (over := _total(found) - width) > 0:
        spare = {n: found[n] - smallest for n, smallest in least.items() if found[n] > smallest}
        if not spare:
            break
        widest = max(spare, key=lambda n: spare[n])
        found[widest] -= min(over, spare[widest])
    return found


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[Text]], shown: Sequence[int]) -> dict[int, int]:
    return {n: max([cell_len(columns[n].title), *(cell_len(row[n].plain) for row in rows)]) for n in shown}


def _total(widths: dict[int, int]) -> int:
    return sum(widths.values()) + _GAP * (len(widths) - 1)


def _line(columns: Sequence[Column], row: Sequence[Text], widths: dict[int, int]) -> Text:
    line = Text()
    shown = list(widths)
    first = shown[:1]
    while shown:
        n = shown.pop(0)
        width = widths[n]
        cell = row[n].copy()
        while columns[n].overhangs and cell_len(cell.plain) > width and shown and not row[shown[0]].plain:
            width += _GAP + widths[shown.pop(0)]
        if cell_len(cell.plain) > width:
            cell.truncate(width, overflow="ellipsis")
        room = " " * (width - cell_len(cell.plain))
        if n not in first:
            line.append(" " * _GAP)
        if columns[n].is_text:
            line.append_text(cell).append(room)
        else:
            line.append(room).append_text(cell)
    line.rstrip()
    return line
