"""`submeter purge`: erases a user, a session or what is old, for good; asks first."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING, Any

from rich.text import Text

from submeter.cli import output, source
from submeter.cli.failure import CommandError, UsageError
from submeter.cli.narrowing import moment_of
from submeter.plural import several

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter purge`."""
    parser.add_argument("--user", default="", metavar="ID", help="everything of this user")
    parser.add_argument("--session", default="", metavar="ID", help="everything of this session")
    parser.add_argument("--before", type=moment_of, metavar="WHEN", help="everything older than this date, or than 90d")
    parser.add_argument("--dry-run", action="store_true", help="only count what would be erased")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    output.add_options(parser)
    source.add_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Counts, asks, erases, and tells what is gone."""
    what: dict[str, Any] = {
        name: value
        for name, value in (("user", arguments.user), ("session", arguments.session), ("before", arguments.before))
        if value
    }
    if not what:
        raise UsageError("nothing to erase", "name --user, --session or --before")
    found = source.purged(arguments, {**what, "dry_run": True}, _actor())
    if not arguments.dry_run and found["total"]:
        _ask(arguments, what, found)
        found = source.purged(arguments, what, _actor())
    rows = [{"table": table, "rows": count} for table, count in found["rows"].items()]
    output.write(arguments, found, lambda _width, _is_ascii: [Text(line) for line in _lines(found)], rows)
    return 0


def _actor() -> str:
    return f"command line ({getpass.getuser()})"


def _ask(arguments: argparse.Namespace, what: Mapping[str, str], found: Mapping[str, Any]) -> None:
    if arguments.yes:
        return
    if not sys.stdin.isatty():
        raise CommandError(
            f"this erases {several(found['total'], 'row')} for good", "add --yes to do it, --dry-run to look"
        )
    named = ", ".join(f"{name} {value}" for name, value in what.items())
    sys.stderr.write(f"Erase {several(found['total'], 'row')} ({named}) for good? Type yes: ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() != "yes":
        raise CommandError("nothing was erased", "type yes to erase, or give --yes")


def _lines(found: Mapping[str, Any]) -> list[str]:
    word = "would be erased" if found["dry_run"] else "erased"
    rows = [f"  {table:<38} {count:>12,}" for table, count in found["rows"].items() if count]
    return [*rows, f"{several(found['total'], 'row')} {word}" if found["total"] else f"nothing {word}: no row matches"]
