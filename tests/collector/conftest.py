"""The tests of this folder run the real collector; where it is not built they are skipped, and say so at the end."""

from __future__ import annotations

import pytest
from collector.build import is_built

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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [str(report.longrepr) for report in terminalreporter.getreports("skipped")]
    number = sum(_UNBUILT in reason for reason in skipped)
    if number:
        terminalreporter.write_line(f"{number} tests of the collector were SKIPPED: {_UNBUILT}", yellow=True, bold=True)
