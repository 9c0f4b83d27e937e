"""`submeter run`: a Python program with metering on, where the start file is not wanted."""

from __future__ import annotations

import argparse

from submeter.cli.failure import CommandError


def add_options(parser: argparse.ArgumentParser) -> None:
    """The program and its arguments, untouched."""
    parser.usage = "submeter run PROGRAM [ARGUMENT ...]"
    parser.add_argument("program", nargs=argparse.REMAINDER, help="app.py, -m package, python app.py, or any command")


def run(arguments: argparse.Namespace) -> int:
    """Runs the program in this process; it ends it with its own exit code if it has one."""
    from submeter.distro.run import RunError  # noqa: PLC0415  (needed by this command alone)
    from submeter.distro.run import run as start  # noqa: PLC0415  (the same)

    try:
        start(arguments.program)
    except RunError as error:
        raise CommandError(str(error)) from error
    return 0
