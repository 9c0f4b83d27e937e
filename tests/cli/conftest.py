"""A stored conversation, at rest in a folder and served by a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.cli.conversation import SESSION, conversation
from tests.server.running import RunningServer, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def made(folder: Path) -> Path:
    with RunningServer(folder) as server:
        assert server.send("traces", conversation()).status == 200
        eventually(lambda: server.ask(f"warnings?session={SESSION}")["warnings"], "the warning")
    return folder


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that no server holds."""
    return made(tmp_path_factory.mktemp("stored") / "data")


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another one, for what changes it."""
    return made(tmp_path_factory.mktemp("changed") / "data")


@pytest.fixture
def serving(stored: Path) -> Iterator[RunningServer]:
    """A server that holds the folder for the time of a test."""
    with RunningServer(stored) as server:
        yield server
