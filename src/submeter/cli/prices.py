"""`submeter prices`: the price table, searched by name; needs neither a store nor a server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from submeter.cli import models, narrowing, output
from submeter.cli.failure import CommandError

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter prices`."""
    parser.add_argument("search", metavar="TEXT", help="models whose name or provider holds this text")
    narrowing.add_options(parser, "limit")
    output.add_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Prints the models of the table that match."""
    from submeter.server.api.models import listed  # noqa: PLC0415  (pydantic takes a moment to load)
    from submeter.server.api.question import plain  # noqa: PLC0415  (the same)

    limit = str(arguments.limit or 100)
    if not limit.isdecimal():
        raise CommandError(f"--limit {limit!r} is no number")
    answer = plain(listed(arguments.search, int(limit)))
    models.write(arguments, answer, {"search": arguments.search})
    return 0 if answer["models"] else 1
