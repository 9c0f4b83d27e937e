"""`submeter prices`: the price table, searched by name, and the cost of stored calls at its prices."""

from __future__ import annotations

import getpass
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.text import Text

from submeter.cli import models, narrowing, output, source, wording
from submeter.cli.failure import CommandError, UsageError
from submeter.plural import several

if TYPE_CHECKING:
    import argparse

    from submeter.server.api.keeping import Recomputed
    from submeter.store.database import Database

_RECOMPUTE = "recompute"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter prices`."""
    parser.add_argument(
        "search",
        metavar="TEXT",
        help="models whose name or provider holds this text; `recompute` gives stored calls the cost of this table",
    )
    parser.add_argument("--since", type=narrowing.moment_of, metavar="WHEN", help="recompute calls since then only")
    parser.add_argument("--dry-run", action="store_true", help="recompute nothing, only count what would change")
    narrowing.add_options(parser, "limit", "offset")
    output.add_options(parser)
    source.add_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Prints the models of the table that match, or recomputes."""
    if arguments.search == _RECOMPUTE:
        return _recompute(arguments)
    if arguments.since or arguments.dry_run:
        raise UsageError("--since and --dry-run belong to a recomputation", "run `submeter prices recompute`")
    from submeter.server.api.models import listed  # noqa: PLC0415  (pydantic takes a moment to load)
    from submeter.server.api.question import plain  # noqa: PLC0415  (the same)

    answer = plain(listed(arguments.search, int(arguments.limit or 100), int(arguments.offset or 0)))
    if not answer["models"] and not (arguments.json or arguments.csv):
        raise CommandError(
            f"the price table has no model whose name or provider holds {arguments.search!r}",
            "try a part of it, or give its price in the file that SUBMETER_PRICES names",
        )
    models.write(arguments, answer, {"search": arguments.search})
    return 0


def _recompute(arguments: argparse.Namespace) -> int:
    from rich.console import Console  # noqa: PLC0415  (needed for the progress alone)
    from rich.progress import Progress  # noqa: PLC0415  (the same)

    from submeter.server.api.keeping import Recompute, recomputed  # noqa: PLC0415  (the engine takes a moment)

    what: dict[str, Any] = {"dry_run": arguments.dry_run}
    if arguments.since:
        what["since"] = arguments.since
    actor = f"command line ({getpass.getuser()})"

    def worked_through(store: Database) -> Recomputed:
        console = Console(stderr=True)
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("recomputing costs", total=1.0)
            told = partial(progress.update, task)
            return recomputed(store, Recompute.model_validate(what), actor, lambda share: told(completed=share))

    found = source.ordered(arguments, "/recompute", what, worked_through, fields=["calls", "unpriced"])
    output.write(arguments, found, lambda _width, _is_ascii: [Text(line) for line in _told(found)], [found])
    return 0


def _told(found: dict[str, Any]) -> list[str]:
    verb = "would cost" if found["dry_run"] else "cost"
    before, after = wording.usd(found["before_usd"]), wording.usd(found["after_usd"])
    lines = [
        f"{several(found['calls'], 'call')} {verb} {after} instead of {before}" if found["calls"] else "no cost changes"
    ]
    if found["unpriced"]:
        lines.append(f"no price is known for {several(found['unpriced'], 'call')}: what was stored of their cost stays")
    return lines
