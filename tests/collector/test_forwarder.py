"""A third party's forwarder before `submeter up`: what runs where there is no Go to build the collector with.

The `rotel` wheel brings a binary; SUBMETER_TEST_ROTEL says where it is.
"""

from __future__ import annotations

import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from tests.collector.running import PATIENCE_S, eventually, free_port
from tests.server.forwarder import starts
from tests.server.running import RunningServer
from tests.server.telemetry import calls, counted

from submeter import settings

ROTEL = Path(settings.variable("SUBMETER_TEST_ROTEL", "/nowhere"))
pytestmark = pytest.mark.skipif(
    not starts(ROTEL), reason="no forwarder that starts: set SUBMETER_TEST_ROTEL to rotel's binary"
)


def test_calls_and_points_arrive_through_a_forwarder_once_and_whole(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"

    def post(path: str, body: bytes) -> bool:
        request = urllib.request.Request(f"http://{address}{path}", body, {"Content-Type": "application/x-protobuf"})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310  (the same)
                return answer.status == 200
        except urllib.error.URLError:
            return False

    with RunningServer(tmp_path / "data") as server:
        command = [ROTEL, "start", "--otlp-http-endpoint", address, "--otlp-grpc-endpoint", f"127.0.0.1:{free_port()}"]
        command += ["--exporter", "otlp", "--otlp-exporter-endpoint", server.url, "--otlp-exporter-protocol", "http"]
        command += ["--pid-file", tmp_path / "pid", "--log-file", tmp_path / "log"]
        forwarder = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            eventually(lambda: post("/v1/metrics", counted("ana", 30).SerializeToString()), "a forwarder that listens")
            for number in range(20):
                assert post("/v1/traces", calls(f"s-{number}", 5).SerializeToString())
            eventually(lambda: server.ask("summary")["totals"]["calls"] >= 100, "every call")
            sessions = server.ask("sessions?limit=100")["sessions"]
        finally:
            forwarder.terminate()
            forwarder.wait(PATIENCE_S)
    assert {row["session_id"]: row["calls"] for row in sessions} == {f"s-{number}": 5 for number in range(20)}
