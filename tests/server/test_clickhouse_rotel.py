"""A third party's forwarder between an app and the server: rotel takes OTLP in and inserts over ClickHouse's HTTP."""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.forwarder import starts
from tests.server.running import RunningServer, environment, eventually
from tests.server.telemetry import calls, counted, log

if TYPE_CHECKING:
    from collections.abc import Generator

    from google.protobuf.message import Message

_SPEC = importlib.util.find_spec("rotel")
ROTEL = Path(_SPEC.origin if _SPEC and _SPEC.origin else "/nowhere").parent / "rotel-agent"
pytestmark = pytest.mark.skipif(not starts(ROTEL), reason="no wheel of rotel for this platform, or it does not start")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def forwarder(server: RunningServer, log_file: Path, compression: str) -> Generator[str]:
    """A running rotel in front of `server`; the URL where it takes OTLP."""
    http, grpc = free_port(), free_port()
    with log_file.open("w") as output:
        process = subprocess.Popen(
            [
                str(ROTEL),
                "start",
                *("--otlp-http-endpoint", f"127.0.0.1:{http}", "--otlp-grpc-endpoint", f"127.0.0.1:{grpc}"),
                *("--exporter", "clickhouse", "--clickhouse-exporter-user", "writer"),
                *("--clickhouse-exporter-endpoint", f"http://127.0.0.1:{server.clickhouse_port}"),
                *("--clickhouse-exporter-compression", compression, "--clickhouse-exporter-password", "any"),
            ],
            env=environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            eventually(lambda: _listens(http), "rotel listens")
            yield f"http://127.0.0.1:{http}"
        finally:
            process.terminate()
            process.wait(30)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def send(url: str, signal: str, message: Message) -> None:
    headers = {"Content-Type": "application/x-protobuf"}
    request = urllib.request.Request(f"{url}/v1/{signal}", message.SerializeToString(), headers)  # noqa: S310  (ours)
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310  (the same)
        assert response.status == 200


@pytest.mark.parametrize("compression", ["lz4", "none"])
def test_what_a_forwarder_inserts_is_exact(tmp_path: Path, compression: str) -> None:
    with (
        RunningServer(tmp_path / "data") as server,
        forwarder(server, tmp_path / "rotel.log", compression) as url,
    ):
        for session in ("s-1", "s-2"):
            for _ in range(5):
                send(url, "traces", calls(session, 4))
        repeated = calls("s-3", 7)
        for _ in range(3):
            send(url, "traces", repeated)
            time.sleep(0.3)
        send(url, "logs", log("forwarded", a="b"))
        send(url, "metrics", counted("u-1", 70))
        for signal, least in (("traces", 47), ("logs", 1), ("metrics", 1)):
            labels = {"signal": signal, "outcome": "stored"}
            stored = partial(server.counter, "submeter_intake_items_total", **labels)
            eventually(lambda stored=stored, least=least: stored() >= least, f"all {signal} are stored")
        found: Any = server.ask("usage?by=session")["usage"]
        assert {row["key"]: (row["calls"], row["input_tokens"], row["output_tokens"]) for row in found} == {
            "s-1": (20, 2000, 200),
            "s-2": (20, 2000, 200),
            "s-3": (7, 700, 70),
        }
        assert sum(row["cost_usd"] for row in found) == pytest.approx(0.0047)
        (call, *_) = server.ask("sessions/s-3")["calls"]
        assert call["finish_reasons"] == ["stop"]
