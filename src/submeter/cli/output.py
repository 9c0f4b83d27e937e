"""Output: JSON, CSV or a page on the terminal; plain text where it is not a terminal."""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
from typing import TYPE_CHECKING, Any, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rich.text import Text

_PIPE_WIDTH: Final = 100_000
"""Cells of a line that no terminal limits: wide enough that nothing is cut, ids of 16,384 letters of two cells too."""

_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def add_options(parser: argparse.ArgumentParser, *, instead_of_csv: str = "") -> None:
    """`--json` and `--csv`; where the answer is no single table, `instead_of_csv` says what to use for CSV."""
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="print JSON")
    if instead_of_csv:
        refuse(parser, "--csv", instead_of_csv)
    else:
        forms.add_argument("--csv", action="store_true", help="print CSV")


def refuse(parser: argparse.ArgumentParser, option: str, instead: str) -> None:
    """Refuses an option that one would expect, and says what to use instead."""
    parser.add_argument(option, action=_Refused, nargs=0, const=instead, help=argparse.SUPPRESS)


class _Refused(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        parser.error(f"`{parser.prog}` has no {self.option_strings[0]}: {self.const}")


def write(
    arguments: argparse.Namespace,
    answer: Mapping[str, Any],
    page: Callable[[int, bool], Sequence[Text]],
    rows: Sequence[Mapping[str, Any]] = (),
    columns: Callable[[], Sequence[str]] = tuple,
) -> None:
    """Prints an answer in the form that was asked for; `page` makes the text for a width, in ASCII or not.

    As CSV it is `rows`; `columns` gives their names where there is no row to tell them; it may take a moment.
    """
    if arguments.json:
        sys.stdout.write(json.dumps(answer, indent=2, ensure_ascii=False, default=str) + "\n")
    elif getattr(arguments, "csv", False):
        sys.stdout.write(_csv(rows, columns))
    else:
        _print(page)


def _csv(rows: Sequence[Mapping[str, Any]], columns: Callable[[], Sequence[str]]) -> str:
    text = io.StringIO()
    if names := list(rows[0]) if rows else list(columns()):
        writer = csv.DictWriter(text, names, lineterminator="\n")
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
    with console.capture() as captured:
        for line in page(width, not speaks_unicode()):
            console.print(line, no_wrap=True, overflow="ignore", crop=False)
    sys.stdout.write(captured.get())


def speaks_unicode() -> bool:
    """Whether what is printed may hold more than ASCII."""
    return "utf" in (sys.stdout.encoding or "").lower()
