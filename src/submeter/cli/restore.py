"""`submeter restore`: a new data folder out of a backup."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from submeter import settings
from submeter.cli.failure import CommandError
from submeter.plural import several

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter restore`."""
    parser.add_argument("file", metavar="FILE", help="what `submeter backup` wrote")
    parser.add_argument(
        "--data", metavar="DIR", help=f"data folder, without a store yet (default: {settings.data_home()})"
    )


def run(arguments: argparse.Namespace) -> int:
    """Makes the store and says what is in it."""
    from submeter.store import StoreError, questions  # noqa: PLC0415  (the engine takes a moment)
    from submeter.store.backups import restore  # noqa: PLC0415  (the same)

    file = Path(arguments.file).expanduser()
    if not file.is_file():
        raise CommandError(f"there is no file {file}", "give the one that `submeter backup` wrote")
    folder = Path(arguments.data or settings.data_home()).expanduser().absolute()
    try:
        store = restore(file, folder)
        try:
            calls = questions.summary(store).calls
        finally:
            store.close()
    except StoreError as error:
        raise CommandError(str(error)) from error
    sys.stdout.write(f"restored into {folder}: {several(calls, 'call')}; start it with `submeter up --data {folder}`\n")
    return 0
