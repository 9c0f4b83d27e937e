"""What comes in parts, from a server or the folder: exports and backups."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NamedTuple, cast
from urllib.parse import parse_qs, urlencode, urlsplit

from submeter.cli import clock, exchange, source
from submeter.server.api import PATHS

if TYPE_CHECKING:
    import argparse
    import http.client
    from collections.abc import Generator, Iterator, Mapping

    from submeter.store.database import Database

_ROWS: Final = "text/csv application/x-ndjson application/vnd.apache.parquet"
_BACKUP: Final = "application/x-tar"
_PART: Final = 64 * 1024
_NEXT: Final = re.compile(r'<([^>]*)>\s*;\s*rel="next"')


class Download(NamedTuple):
    """A file in parts, and the cursor of the file that goes on where it ends, empty if none does."""

    parts: Iterator[bytes]
    next: str = ""


@contextmanager
def exported(arguments: argparse.Namespace, parameters: Mapping[str, str]) -> Generator[Download]:
    """An export, from a server or the folder; `cursor` among its parameters says where the file begins."""
    if url := source.server_url(arguments):
        with exchange.requested(url, f"{PATHS['export']}?{urlencode(parameters)}", media=_ROWS) as response:
            link = _NEXT.search(response.headers.get("Link", ""))
            yield Download(_read(response), parse_qs(urlsplit(link[1]).query)["cursor"][0] if link else "")
        return
    from submeter.server.api import export  # noqa: PLC0415  (the engine takes a moment)

    with source.opened(arguments) as store:
        now = clock.now()
        asked = export.EXPORT.asked(parameters, now)
        assert isinstance(asked, export.ExportAsked)  # noqa: S101  (what the question's parameters are)
        yield Download(*export.exported(store, asked, now))


@contextmanager
def backed_up(arguments: argparse.Namespace) -> Generator[Iterator[bytes]]:
    """The parts of a backup, made by the server where one runs."""
    if url := source.server_url(arguments):
        with exchange.requested(url, "/backup", b"", timeout_s=source.ORDER_S, media=_BACKUP) as response:
            yield _read(response)
        return
    from submeter.store.backups import backup  # noqa: PLC0415  (the engine takes a moment)

    with source.opened(arguments) as store:
        file = backup(cast("Database", store))
        try:
            with file.open("rb") as opened:
                yield iter(lambda: opened.read(_PART), b"")
        finally:
            file.unlink(missing_ok=True)


def _read(response: http.client.HTTPResponse) -> Iterator[bytes]:
    return iter(lambda: response.read(_PART), b"")
