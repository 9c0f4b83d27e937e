"""A disk that fills up under a running server: what comes is refused, and taken again once there is room."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import grpc
import pytest
from tests import mounts
from tests.server.clickhouse import ask
from tests.server.over_grpc import export, retry_delay_s
from tests.server.running import RunningServer, eventually
from tests.server.telemetry import calls, counted, log

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
        for name, message in (("logs", log("no room")), ("metrics", counted("u", 1))):
            assert server.send(name, message).status == 503
        with grpc.insecure_channel(server.grpc) as channel, pytest.raises(grpc.RpcError) as refused:
            export(channel, "traces", calls("meanwhile", 1))
        assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert retry_delay_s(refused.value) >= 1
        inserted = ask(server, b"INSERT INTO otel_logs (Body) VALUES ('no room')", user="writer")
        assert (inserted.status, inserted.headers["x-clickhouse-exception-code"]) == (503, "243")
        assert "retry-after" in inserted.headers
        ballast.unlink()
        assert server.send("traces", calls("after", 2)).status == 200
        assert server.ask("summary")["totals"]["calls"] == stored + 2
    with RunningServer(small_disk / "data") as again:
        assert again.ask("summary")["totals"]["calls"] == stored + 2
