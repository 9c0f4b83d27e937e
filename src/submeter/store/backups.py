"""Backups of the embedded store: one file, made while the store is in use, from which a new folder is filled.

The engine writes it onto a disk of its own: the folder `backups` within the data folder. A server backs itself up with
its own BACKUP statement. It is a plain tar: columns are packed already, and in a packed tar the engine reads from the
beginning for each file, which takes more than ten minutes where there are 10 million calls.
"""

from __future__ import annotations

import shutil
from string import Template
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from submeter.store import sql
from submeter.store.chdb import ChdbEngine
from submeter.store.database import Database
from submeter.store.errors import StoreError
from submeter.store.folder import BACKUPS

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX: Final = ".tar"
"""How the file's name ends, which tells the engine its format."""

_PACKED_SUFFIX: Final = ".tar.zst"
_ZSTD_START: Final = b"\x28\xb5\x2f\xfd"


def backup(database: Database) -> Path:
    """Makes a backup file in the data folder; the caller moves or removes it.

    Each table is as it was at one moment, the tables within the time that it takes; writing goes on.

    Raises:
        StoreError: the store is a server, or the engine cannot write.
    """
    engine = database.engine
    if not isinstance(engine, ChdbEngine):
        raise StoreError("a ClickHouse server makes its own backups: run BACKUP DATABASE otel TO ... there")
    folder = engine.folder / BACKUPS
    _make(folder)
    file = folder / f"{uuid4().hex}{SUFFIX}"
    try:
        with engine.session(StoreError) as ask:
            ask(Template(sql.statement("backup")).substitute(name=file.name), {}, "TSV")
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    return file


def restore(file: Path, folder: Path) -> Database:
    """A new store in `folder` with what is in the backup `file`, brought to this version's schema.

    Raises:
        StoreError: the folder has a store already, the file cannot be read, or it is no backup; the folder is left
            without a store.
        SchemaError: a newer version made it.
    """
    if (folder / "data").exists():
        raise StoreError(f"{folder} has a store already: restore into another folder, or move that one away first")
    copy = folder / BACKUPS / f"{uuid4().hex}{_suffix(file)}"
    _make(copy.parent)
    engine: ChdbEngine | None = None
    try:
        shutil.copyfile(file, copy)
        engine = ChdbEngine(folder)
        engine.run(Template(sql.statement("restore")).substitute(name=copy.name))
        return Database(engine)
    except (OSError, StoreError) as error:
        if engine is not None:
            engine.close()
        shutil.rmtree(folder / "data", ignore_errors=True)
        raise StoreError(f"{file} cannot be restored: {error}") from error
    finally:
        copy.unlink(missing_ok=True)


def _suffix(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return _PACKED_SUFFIX if opened.read(len(_ZSTD_START)) == _ZSTD_START else SUFFIX
    except OSError as error:
        raise StoreError(f"{file} cannot be restored: {error}") from error


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreError(f"cannot make {folder}: {error.strerror}. Choose a place you may write to") from error
