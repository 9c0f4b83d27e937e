"""Fixtures of the store's tests: a real embedded store in a folder of its own."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from submeter.store import open_store

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from submeter.store.database import Store


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a store that nothing is in; copying it is faster than making one per test."""
    folder = tmp_path_factory.mktemp("empty") / "store"
    open_store(f"chdb://{folder}").close()
    return folder


@pytest.fixture
def store(empty_store: Path, tmp_path: Path) -> Generator[Store]:
    shutil.copytree(empty_store, tmp_path / "store", symlinks=True)
    opened = open_store(f"chdb://{tmp_path}/store")
    yield opened
    opened.close()
