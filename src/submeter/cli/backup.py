"""`submeter backup`: the store in one file, copied while it is in use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from submeter.cli import downloads, source
from submeter.cli.export import save

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter backup`."""
    parser.add_argument("file", metavar="FILE", help="the file to write, such as submeter.tar; must not exist")
    source.add_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Writes the backup."""
    with downloads.backed_up(arguments) as parts:
        save(Path(arguments.file).expanduser(), parts)
    return 0
