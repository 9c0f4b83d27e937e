"""Shortfall: what a sum leaves out, as a mark behind its number and as a note beneath the table.

A server of an older version does not tell all of it, and is asked all the same.
"""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from submeter.plural import several

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Row = Mapping[str, Any]

_NOTES: Final = (
    (
        "unpriced_calls",
        "no cost is known of {}: costs marked + are at least that (`submeter prices recompute` adds what has a price)",
    ),
    ("calls_without_usage", "no token counts from {}: sums marked + are at least that"),
)


def is_of_tokens(row: Row) -> bool:
    """Whether the token sums of a row lack calls that told no counts."""
    return bool(row.get("calls_without_usage"))


def is_of_cost(row: Row) -> bool:
    """Whether the cost of a row lacks calls: those without counts, and those without a price."""
    return is_of_tokens(row) or bool(row.get("unpriced_calls"))


def noted(table: Sequence[Text], rows: Sequence[Row], width: int) -> list[Text]:
    """A table, with what the marks in its rows mean where there are any."""
    found = [(sum(row.get(field, 0) for row in rows), note) for field, note in _NOTES]
    notes = [note.format(several(number, "call")) for number, note in found if number]
    return [*table, Text(), *remarks(notes, width)] if notes else list(table)


def remarks(notes: Iterable[str], width: int) -> list[Text]:
    """Notes under a table, each over as many lines as `width` asks for."""
    return [Text(line, "dim") for note in notes for line in wrap(note, width, subsequent_indent="  ")]
