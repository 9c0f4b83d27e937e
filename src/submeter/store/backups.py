"""Backups of the embedded store: one file, made while the store is in use, from which a new folder is filled.

The engine writes it onto a disk of its own: the folder `backups` within the data folder. A server backs itself up with
its own BACKUP statement. To restore, the file is unpacked here: out of a tar, packed or not, the engine reads from the
beginning for each of thousands of files, hundreds of gigabytes where there are 10 million calls.
"""

from __future__ import annotations

import shutil
import tarfile
from string import Template
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import zstandard

from submeter.store import sql
from submeter.store.chdb import ChdbEngine
from submeter.store.database import Database
from submeter.store.errors import StoreError
from submeter.store.folder import BACKUPS

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX: Final = ".tar"
"""How the file's name ends, which tells the engine its format."""

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
    copy = folder / BACKUPS / uuid4().hex
    _make(copy.parent)
    engine: ChdbEngine | None = None
    try:
        _unpack(file, copy)
        engine = ChdbEngine(folder)
        engine.run(Template(sql.statement("restore")).substitute(name=copy.name))
        return Database(engine)
    except (OSError, StoreError, tarfile.TarError, zstandard.ZstdError) as error:
        if engine is not None:
            engine.close()
        shutil.rmtree(folder / "data", ignore_errors=True)
        raise StoreError(f"{file} cannot be restored: {error}; is it what `submeter backup` wrote, whole?") from error
    finally:
        shutil.rmtree(copy, ignore_errors=True)


def _unpack(file: Path, folder: Path) -> None:
    with file.open("rb") as opened:
        is_packed = opened.read(len(_ZSTD_START)) == _ZSTD_START
        opened.seek(0)
        source = zstandard.ZstdDecompressor().stream_reader(opened, read_across_frames=True) if is_packed else opened
        with tarfile.open(fileobj=source, mode="r|") as archive:
            for member in archive:
                _place(archive, member, folder)


def _place(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Writes one file of a backup; by hand, because Python before 3.11.4 has no filter against names that lead out."""
    path = (folder / member.name).resolve()
    if not path.is_relative_to(folder.resolve()) or not (member.isfile() or member.isdir()):
        raise StoreError(f"{member.name} is no part of a backup: give a file that `submeter backup` wrote")
    if (content := archive.extractfile(member)) is None:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        return
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with content, path.open("wb") as file:
        shutil.copyfileobj(content, file, 1 << 20)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise StoreError(f"cannot make {folder}: {error.strerror}. Choose a place you may write to") from error
