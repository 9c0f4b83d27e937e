"""A real embedded store with two weeks of sample data, and the same calls in Python."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from tests.dashboards.seeded import Seeded, seeded

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    found = seeded(f"chdb://{tmp_path_factory.mktemp('seeded')}/store", time.time_ns())
    yield found
    found.store.close()
