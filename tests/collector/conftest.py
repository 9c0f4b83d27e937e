"""The tests of this folder run the real collector; where it is not built they are skipped, and say so at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from collector.build import is_built
from tests.collector.gateway import Gateway, running_gateway

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNBUILT = "the collector is not built: make collector"


@pytest.fixture(scope="session")
def lean() -> None:
    """The lean collector is there."""
    if not is_built("lean"):
        pytest.skip(_UNBUILT)


@pytest.fixture(scope="session")
def full() -> None:
    """The full collector is there."""
    if not is_built("full"):
        pytest.skip(f"{_UNBUILT} MANIFEST=full")


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory, lean: None) -> Iterator[Gateway]:
    """One gateway for all tests that do it no harm."""
    with running_gateway(tmp_path_factory.mktemp("gateway")) as running:
        yield running


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [str(report.longrepr) for report in terminalreporter.getreports("skipped")]
    number = sum(_UNBUILT in reason for reason in skipped)
    if number:
        terminalreporter.write_line(f"{number} tests of the collector were SKIPPED: {_UNBUILT}", yellow=True, bold=True)
