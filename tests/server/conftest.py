"""One server for the tests of a module that do not need their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.server.running import RunningServer

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("up") / "data") as running:
        yield running
