"""A page of rows: what a question answers, how to see the rest, or that nothing matches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter.cli import narrowing, output, shortfall, source
from submeter.cli.emptiness import more, nothing, refuse_empty_store

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence

    from rich.text import Text

    Rows = Sequence[Mapping[str, Any]]


def write(
    arguments: argparse.Namespace,
    question: str,
    page: Callable[[Rows, int], Sequence[Text]],
    what: str = "",
    hints: Sequence[str] = (),
) -> None:
    """Asks a question whose rows are called like it, and prints them.

    `page` draws rows for a width. Where there is none, it says that there is no `what`, or none of those that the
    question is called after, and then the `hints`.
    """
    parameters = narrowing.parameters(arguments)
    answer = source.answered(arguments, question, parameters)
    rows: Rows = answer[question]
    if not rows:
        refuse_empty_store(arguments)
    output.write(
        arguments,
        answer,
        lambda width, _: (
            [*page(rows, width), *more(answer, len(rows), width)]
            if rows
            else [*nothing(what or question, parameters), *shortfall.remarks(hints, width)]
        ),
        rows,
        lambda: source.columns(question, question),
    )
