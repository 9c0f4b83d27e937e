"""Output: JSON, CSV or a page on the terminal; plain text where it is not a terminal."""

from __future__ import annotations

import csv
import io
import json
import sys
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence

    from rich.text import Text

_PIPE_WIDTH: Final = 1000
"""Cells of a line that no terminal limits: wide enough that nothing is cut."""

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def add_options(parser: argparse.ArgumentParser, *, has_table: bool = True) -> None:
    """`--json`, and `--csv` where the answer is one table."""
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="print JSON")
    if has_table:
        forms.add_argument("--csv", action="store_true", help="print CSV")


def write(
    arguments: argparse.Namespace,
    answer: Mapping[str, Any],
    page: Callable[[int, bool], Sequence[Text]],
    rows: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Prints an answer in the form that was asked for; `page` makes the text for a width, in ASCII or not."""
    if arguments.json:
        sys.stdout.write(json.dumps(answer, indent=2, ensure_ascii=False, default=str) + "\n")
    elif getattr(arguments, "csv", False):
        sys.stdout.write(_csv(rows))
    else:
        _print(page)


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    """A value of one cell; a text that a spreadsheet would run as a formula is quoted."""
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value


def _print(page: Callable[[int, bool], Sequence[Text]]) -> None:
    from rich.console import Console  # noqa: PLC0415  (needed for tables alone)

    console = Console(highlight=False, emoji=False, markup=False)
    width = console.width if console.is_terminal else _PIPE_WIDTH
    console.width = width
    for line in page(width, not _speaks_unicode()):
        console.print(line, no_wrap=True, overflow="ignore", crop=False)


def _speaks_unicode() -> bool:
    return "utf" in (sys.stdout.encoding or "").lower()
