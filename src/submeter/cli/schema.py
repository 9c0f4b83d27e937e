"""`submeter schema`: the SQL that makes the tables, for one ClickHouse server or for a cluster."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from submeter.cli.failure import CommandError

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter schema`."""
    parser.add_argument("--cluster", default="", metavar="NAME", help="for every server of this cluster")


def run(arguments: argparse.Namespace) -> int:
    """Prints the statements in the order in which they are to run; `clickhouse-client -n` takes them."""
    from submeter.store import StoreError, sql  # noqa: PLC0415  (needed by this command alone)
    from submeter.store.cluster import statements  # noqa: PLC0415  (the same)

    try:
        files = statements(arguments.cluster) if arguments.cluster else sql.schema()
    except StoreError as error:
        raise CommandError(str(error)) from error
    sys.stdout.writelines(f"{file.text.rstrip()};\n\n" for file in files)
    return 0
