"""`submeter export`: calls, sessions or warnings as CSV, JSON Lines or Parquet, into a file or onto a pipe."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from submeter.cli import downloads, narrowing, output, source
from submeter.cli.failure import CommandError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Generator, Iterable


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter export`."""
    parser.add_argument("what", nargs="?", default="calls", choices=("calls", "sessions", "warnings"))
    parser.add_argument("--format", default="csv", choices=("csv", "jsonl", "parquet"), help="default: %(default)s")
    output.refuse(parser, "--json", "use --format jsonl, which is a JSON object a line")
    output.refuse(parser, "--csv", "CSV is what it writes; --format names other forms")
    parser.add_argument(
        "--output",
        "-o",
        metavar="FILE",
        help="write to this file, which must not exist; Parquet goes on in FILE-2, FILE-3, ...",
    )
    narrowing.add_options(parser, "period", "filters")
    source.add_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Writes the rows, a part at a time."""
    parameters = {**narrowing.parameters(arguments), "what": arguments.what, "format": arguments.format}
    if not arguments.output and arguments.format == "parquet" and sys.stdout.isatty():
        raise CommandError("Parquet is nothing for a terminal", "name a file with --output")
    if arguments.output and arguments.format == "parquet":
        _save_all(arguments, parameters, Path(arguments.output).expanduser())
        return 0
    with downloads.exported(arguments, parameters) as found:
        if arguments.output:
            save(Path(arguments.output).expanduser(), found.parts)
        else:
            _print(found.parts)
    return 0


def _save_all(arguments: argparse.Namespace, parameters: dict[str, str], file: Path) -> None:
    """Writes Parquet, of which a file holds so many rows: the first file, and beside it those that go on."""
    cursor, number, name = "first", 1, file
    with drafts() as write:
        while cursor:
            with downloads.exported(arguments, {**parameters, "cursor": cursor}) as found:
                write(name, found.parts)
                cursor = found.next
            number += 1
            name = file.with_name(f"{file.stem}-{number}{file.suffix}")


def _print(parts: Iterable[bytes]) -> None:
    for part in parts:
        try:
            sys.stdout.buffer.write(part)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise CommandError(f"cannot write ({error.strerror})", "name another place with --output") from error


def save(file: Path, parts: Iterable[bytes]) -> None:
    """Writes one file, which is there whole or not at all."""
    with drafts() as write:
        write(file, parts)


@contextmanager
def drafts() -> Generator[Callable[[Path, Iterable[bytes]], None]]:
    """What writes files that belong together: beside their names at first, so that all are there whole or none is."""
    written: dict[Path, Path] = {}

    def write(file: Path, parts: Iterable[bytes]) -> None:
        if file.exists():
            raise CommandError(f"{file} exists already", "choose another name or remove it first")
        written[file] = file.with_name(f".{file.name}.part")
        try:
            _write(written[file], file.name, parts)
        except OSError as error:
            raise CommandError(f"cannot write {file} ({error.strerror})", "choose another place") from error

    try:
        yield write
        for file, draft in reversed(written.items()):  # the first file, which all begin with, comes last
            draft.replace(file)
    finally:
        for draft in written.values():
            draft.unlink(missing_ok=True)
    for file in written:
        sys.stderr.write(f"{file}: {file.stat().st_size:,} bytes\n")


def _write(draft: Path, name: str, parts: Iterable[bytes]) -> None:
    from rich.console import Console  # noqa: PLC0415  (needed for the progress alone)
    from rich.progress import FileSizeColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415  (the same)

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), FileSizeColumn(), TimeElapsedColumn())
    shown = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    with shown as progress, draft.open("wb") as sink:
        task = progress.add_task(f"writing {name}", total=None)
        for part in parts:
            sink.write(part)
            progress.advance(task, len(part))
