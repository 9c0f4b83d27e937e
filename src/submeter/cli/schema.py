"""`submeter schema`: the SQL that makes the tables, for one ClickHouse server or for a cluster."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from submeter.cli.failure import UsageError

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter schema`."""
    parser.add_argument("--cluster", default="", metavar="NAME", help="for every server of this cluster")
    parser.add_argument(
        "--fill", action="store_true", help="instead: fill tables that are new with calls stored before"
    )


def run(arguments: argparse.Namespace) -> int:
    """Prints the statements in the order in which they are to run; `clickhouse-client -n` takes them."""
    from submeter.store import StoreError, sql  # noqa: PLC0415  (needed by this command alone)
    from submeter.store.cluster import statements  # noqa: PLC0415  (the same)
    from submeter.store.filling import by_hand  # noqa: PLC0415  (the same)

    try:
        files = statements(arguments.cluster) if arguments.cluster else sql.schema()
    except StoreError as error:
        raise UsageError(str(error)) from error
    texts = by_hand() if arguments.fill else [file.text for file in files]
    sys.stdout.writelines(f"{text.rstrip()};\n\n" for text in texts)
    return 0
