"""Frameworks leave clients unclosed and warn of themselves: that is theirs, and is done with before the next test."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "frameworks" in item.path.parts:
            item.add_marker(pytest.mark.filterwarnings("ignore"))


@pytest.fixture(scope="session", autouse=True)
def loop() -> Iterator[None]:
    from frameworks.stage import LOOP

    with LOOP:
        yield


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    yield
    gc.collect()
