"""`submeter export`: calls, sessions or warnings as CSV, JSON Lines or Parquet, into a file or onto a pipe."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from submeter.cli import downloads, narrowing, output, source
from submeter.cli.failure import CommandError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable


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
    while cursor:
        with downloads.exported(arguments, {**parameters, "cursor": cursor}) as found:
            save(name, found.parts)
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
    """Writes beside the file first, so that a file of that name is always whole."""
    from rich.console import Console  # noqa: PLC0415  (needed for the progress alone)
    from rich.progress import DownloadColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415  (the same)

    if file.exists():
        raise CommandError(f"{file} exists already", "choose another name or remove it first")
    draft = file.with_name(f".{file.name}.part")
    columns = (TextColumn("{task.description}"), DownloadColumn(), TimeElapsedColumn())
    try:
        console = Console(stderr=True)
        shown = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        with shown as progress, draft.open("wb") as sink:
            task = progress.add_task(f"writing {file.name}", total=None)
            for part in parts:
                sink.write(part)
                progress.advance(task, len(part))
        size = draft.stat().st_size
        draft.replace(file)
    except OSError as error:
        raise CommandError(f"cannot write {file} ({error.strerror})", "choose another place") from error
    finally:
        draft.unlink(missing_ok=True)
    sys.stderr.write(f"{file}: {size:,} bytes\n")
