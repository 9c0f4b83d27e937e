"""`submeter dashboards export`: the dashboards and Grafana's provisioning, with a store's address in it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from submeter import settings
from submeter.cli.failure import CommandError, UsageError
from submeter.server.grafana import NATIVE_PORTS, Source, archive, files, source_of
from submeter.server.options import CLICKHOUSE_PORT
from submeter.server.presence import found

if TYPE_CHECKING:
    import argparse

_LAST_PORT = 65535


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter dashboards export`."""
    parser.add_argument("action", choices=["export"], help="write the files")
    parser.add_argument(
        "target", metavar="TARGET", nargs="?", default="submeter-grafana", help="a folder, or a file ending in .zip"
    )
    parser.add_argument("--store", metavar="URL", default="", help="the database that Grafana is to ask")
    parser.add_argument("--data", metavar="DIR", help=f"data folder of the server (default: {settings.data_home()})")
    parser.add_argument("--host", help="the name under which Grafana reaches it (default: localhost)")
    parser.add_argument("--force", action="store_true", help="write over files that are there")


def run(arguments: argparse.Namespace) -> int:
    """Writes the folder or the archive."""
    source = _source(arguments)
    target = Path(arguments.target).expanduser()
    try:
        written = _packed(target, source, arguments) if target.suffix == ".zip" else _laid(target, source, arguments)
    except OSError as error:
        raise CommandError(f"cannot write {target}: {error.strerror}; choose another place") from error
    sys.stdout.write(f"wrote {written} files to {target}; README.md in it says where they go\n")
    if source.note:
        sys.stdout.write(f"{source.note}\n")
    return 0


def _source(arguments: argparse.Namespace) -> Source:
    host = arguments.host or "localhost"
    if store := str(arguments.store):
        if urlsplit(store).scheme not in NATIVE_PORTS:
            raise UsageError(f"{store!r} is no database's address", "use one such as clickhouse://host/otel")
        return source_of(store, host, CLICKHOUSE_PORT)
    server = found(Path(arguments.data or settings.data_home()).expanduser())
    return source_of("", host, server.clickhouse if server else CLICKHOUSE_PORT)


def _packed(target: Path, source: Source, arguments: argparse.Namespace) -> int:
    _refuse_present([target], arguments)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(archive(source))
    return sum(1 for _ in files(source))


def _laid(target: Path, source: Source, arguments: argparse.Namespace) -> int:
    wanted = {target / name: text for name, text in files(source)}
    _refuse_present(list(wanted), arguments)
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return len(wanted)


def _refuse_present(paths: list[Path], arguments: argparse.Namespace) -> None:
    present = next((path for path in paths if path.exists()), None)
    if present is not None and not arguments.force:
        raise CommandError(f"{present} is there already: choose another target, or write over it with --force")
