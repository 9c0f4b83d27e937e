"""`submeter session ID`: everything about one session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from submeter.cli import narrowing, output, source
from submeter.cli.session_page import page

if TYPE_CHECKING:
    import argparse

_MOST_LINES = 200


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter session`."""
    parser.add_argument("session", metavar="ID", help="the session's id, as `submeter sessions` lists it")
    parser.add_argument(
        "--limit",
        type=narrowing.number,
        default=_MOST_LINES,
        metavar="N",
        help="lines of calls at most, 0 all (default: %(default)s)",
    )
    output.add_options(parser)
    source.add_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Prints the session; as CSV its calls."""
    answer = source.answered(arguments, "session", {"session": arguments.session})
    output.write(
        arguments,
        answer,
        lambda width, is_ascii: page(answer, width, is_ascii=is_ascii, limit=arguments.limit),
        answer["calls"],
    )
    return 0
