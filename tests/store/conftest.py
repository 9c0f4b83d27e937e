"""Fixtures of the store's tests: a real embedded store in a folder of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from submeter.store import open_store

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from submeter.store.database import Store


@pytest.fixture
def store(tmp_path: Path) -> Generator[Store]:
    opened = open_store(f"chdb://{tmp_path}/store")
    yield opened
    opened.close()
