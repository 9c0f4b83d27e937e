"""A disk that fills up under a running server: what comes is refused, and taken again once there is room."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests import mounts
from tests.server.running import RunningServer, eventually
from tests.server.telemetry import calls

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Path]:
    yield from mounts.small_disk(tmp_path, 320)


def test_a_full_disk_is_refused_and_recovered_from(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    with RunningServer(small_disk / "data") as server:
        assert server.send("traces", calls("before", 3)).status == 200
        state = os.statvfs(small_disk)
        ballast.write_bytes(bytes(state.f_bavail * state.f_frsize - 100 * 2**20))
        stored = 3

        def is_refused() -> bool:
            """The disk is looked at once a second, so a few may still be taken."""
            nonlocal stored
            answer = server.send("traces", calls("meanwhile", 1))
            stored += answer.status == 200
            return answer.status == 503 and b"free on the disk" in answer.body and "retry-after" in answer.headers

        eventually(is_refused, "a full disk is refused")
        assert server.ask("summary")["totals"]["calls"] == stored, "questions are answered all the same"
        assert server.counter("submeter_intake_requests_total", outcome="disk_full") == 1
        ballast.unlink()
        assert server.send("traces", calls("after", 2)).status == 200
        assert server.ask("summary")["totals"]["calls"] == stored + 2
    with RunningServer(small_disk / "data") as again:
        assert again.ask("summary")["totals"]["calls"] == stored + 2
