"""A backup holds everything, can be made while the store is in use, and fills a new folder; nothing else does."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING, cast

import pytest
import zstandard

from store.telemetry import call, request, span
from submeter.store import SchemaError, StoreError, open_store, questions
from submeter.store.backups import backup, restore
from submeter.store.retention import kept, retain

if TYPE_CHECKING:
    from pathlib import Path

    from submeter.store.database import Database


def saved(folder: Path, file: Path) -> None:
    """A store of three calls, and its backup."""
    store = cast("Database", open_store(f"chdb://{folder}"))
    store.insert_traces(request([span(call("s", "u", (10, 1), 0.5)) for _ in range(3)]), "1")
    retain(store, {"logs": 7})
    backup(store).rename(file)
    store.insert_traces(request([span(call("s", "u", (10, 1), 0.5))]), "2")
    assert questions.summary(store).calls == 4
    store.close()


def test_what_was_backed_up_is_there_again(tmp_path: Path) -> None:
    saved(tmp_path / "first", tmp_path / "file")
    store = restore(tmp_path / "file", tmp_path / "second")
    found = questions.summary(store)
    assert (found.calls, found.input_tokens, found.cost_usd) == (3, 30, 1.5)
    assert store.migrated == ()
    assert kept(store) == {"traces": 0, "logs": 7, "metrics": 0, "calls": 0, "warnings": 0, "evaluations": 0}
    store.insert_traces(request([span(call("s", "u", (10, 1), 0.5))]), "3")
    assert questions.summary(store).calls == 4
    store.close()
    assert not list((tmp_path / "second" / "backups").iterdir())
    with pytest.raises(StoreError, match="has a store already"):
        restore(tmp_path / "file", tmp_path / "second")


def test_a_packed_backup_is_restored_too(tmp_path: Path) -> None:
    file = tmp_path / "file"
    saved(tmp_path / "first", file)
    file.write_bytes(zstandard.ZstdCompressor().compress(file.read_bytes()))
    store = restore(file, tmp_path / "second")
    assert questions.summary(store).calls == 3
    store.close()


@pytest.mark.parametrize("damage", ["absent", "garbage", "cut", "another archive", "leads out"])
def test_what_is_no_backup_leaves_no_store(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "file"
    if damage == "cut":
        saved(tmp_path / "first", file)
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    elif damage == "garbage":
        file.write_bytes(b"garbage" * 1000)
    elif damage in ("another archive", "leads out"):
        plain = io.BytesIO()
        with tarfile.open(fileobj=plain, mode="w") as archive:
            archive.add(__file__, "x" if damage == "another archive" else "../../../x")
        file.write_bytes(zstandard.ZstdCompressor().compress(plain.getvalue()))
    with pytest.raises(StoreError, match="cannot be restored"):
        restore(file, tmp_path / "second")
    assert not (tmp_path / "x").exists()
    assert not (tmp_path / "second" / "data").exists()


def test_a_backup_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    store = cast("Database", open_store(f"chdb://{tmp_path}/first"))
    store.engine.run("INSERT INTO otel.submeter_migrations (name, checksum) VALUES ('999_future', 'x')")
    backup(store).rename(tmp_path / "file")
    store.close()
    with pytest.raises(StoreError, match=r"999_future.*newer version") as refused:
        restore(tmp_path / "file", tmp_path / "second")
    assert isinstance(refused.value.__cause__, SchemaError)
