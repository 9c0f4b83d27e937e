"""The store: telemetry goes in, questions are answered. `open_store(url)` opens either kind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from submeter.store.errors import (
    QuestionRefused,
    SchemaError,
    StoreError,
    StoreFull,
    StoreInUse,
    StoreMissing,
    StoreUnreachable,
    StoreUrlError,
    UnknownSession,
    WriteRefused,
)
from submeter.store.filling import silent

if TYPE_CHECKING:
    from submeter.store.database import Store
    from submeter.store.filling import Progress

__all__ = [
    "QuestionRefused",
    "SchemaError",
    "StoreError",
    "StoreFull",
    "StoreInUse",
    "StoreMissing",
    "StoreUnreachable",
    "StoreUrlError",
    "UnknownSession",
    "WriteRefused",
    "open_store",
]


def open_store(url: str, *, is_read: bool = False, progress: Progress = silent) -> Store:
    """The store at `url`, its schema brought up to date, unless it `is_read` only: whoever reads need own nothing.

    Where an older store is long to bring up to date, `progress` is told of it: a table, and the share that is done.

    `chdb:///absolute/folder` is embedded in this process; `clickhouse://user:password@host:8123/` is a server
    (`clickhouses://` with TLS).

    Raises:
        StoreUrlError: the URL has another form.
        StoreMissing: the engine's package is not installed.
        StoreInUse: another process has the folder open.
        StoreUnreachable: the server does not answer or refuses the credentials.
        SchemaError: the store was made by a newer version.
    """
    from submeter.store.database import Database  # noqa: PLC0415  (only who opens a store loads what writes into it)

    parts = urlsplit(url)
    if parts.scheme == "chdb" and not parts.netloc and len(parts.path) > 1:
        from submeter.store.chdb import ChdbEngine  # noqa: PLC0415  (only the engine that is used is loaded)

        return Database(ChdbEngine(Path(unquote(parts.path))), is_read=is_read, progress=progress)
    if parts.scheme in {"clickhouse", "clickhouses"} and parts.hostname:
        from submeter.store.clickhouse import ClickhouseEngine  # noqa: PLC0415  (the same)

        return Database(ClickhouseEngine(url), is_read=is_read, progress=progress)
    raise StoreUrlError(
        f"cannot open a store at {url!r}: use chdb:///absolute/folder for the embedded one, "
        "or clickhouse://user:password@host:8123/ for a server"
    )
