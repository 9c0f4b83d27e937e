"""The life of the server process: how it starts, what it leaves, and every reason it cannot run."""

from __future__ import annotations

import json
import signal
import socket
import sys
import threading
from pathlib import Path

import pytest
from tests.server.running import RunningServer, eventually, submeter_command
from tests.server.telemetry import calls


def refused(*arguments: str) -> str:
    """The one line with which `submeter up` gives up."""
    done = submeter_command("up", "--grpc-port", "off", *arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("submeter: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_ends_well_and_keeps_everything(tmp_path: Path, number: signal.Signals) -> None:
    server = RunningServer(tmp_path / "data")
    with server:
        presence = tmp_path / "data" / "server.json"
        assert presence.stat().st_mode & 0o777 == 0o600
        assert json.loads(presence.read_text())["pid"] == server.process.pid  # pyright: ignore[reportOptionalMemberAccess]
        assert server.send("traces", calls("kept", 5)).status == 200
        assert server.stop(number) == 0
        assert not presence.exists()
        assert server.errors() == ""
        server.start()
        assert server.ask("sessions/kept")["session"]["calls"] == 5


def test_what_waits_is_stored_and_answered_before_the_end(tmp_path: Path) -> None:
    server = RunningServer(tmp_path / "data")
    with server:
        answers: list[int] = []

        def send(session: str) -> None:
            answers.append(server.send("traces", calls(session, 50)).status)

        senders = [threading.Thread(target=send, args=(f"s{n}",)) for n in range(8)]
        for sender in senders:
            sender.start()
        eventually(lambda: server.counter("submeter_intake_queue_bytes") or answers, "a request in the queue")
        assert server.stop() == 0
        for sender in senders:
            sender.join()
        server.start()
        stored = {row["session_id"]: row["calls"] for row in server.ask("sessions")["sessions"]}
        assert len(stored) >= answers.count(200)
        assert set(stored.values()) <= {50}


@pytest.mark.skipif(sys.platform != "linux", reason="what a process has loaded is read from /proc")
def test_it_starts_without_what_the_engine_does_not_need(tmp_path: Path) -> None:
    """Arrow and Parquet are written by the engine itself."""
    with RunningServer(tmp_path / "data") as server:
        assert server.send("traces", calls("kept", 5)).status == 200
        assert server.get("/api/v1/export?format=parquet").body[:4] == b"PAR1"
        assert server.process is not None
        mapped = Path(f"/proc/{server.process.pid}/maps").read_text()
    assert "chdb" in mapped
    assert "pyarrow" not in mapped


def test_a_crashed_servers_file_is_no_obstacle(tmp_path: Path) -> None:
    server = RunningServer(tmp_path / "data")
    with server:
        server.stop(signal.SIGKILL)
        assert (tmp_path / "data" / "server.json").exists()
        server.start()
        assert server.get("/health").status == 200


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert port in (line := refused("--port", port, "--data", str(tmp_path / "data")))
        assert "--port" in line
        both = ("--port", "0", "--grpc-port", port, "--data", str(tmp_path / "data"))
        assert "--grpc-port" in refused(*both)


def test_a_folder_in_use_names_the_server_that_holds_it(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data") as server:
        line = refused("--port", "0", "--data", str(tmp_path / "data"))
        assert "in use" in line
        assert server.url in line
        assert server.get("/health").status == 200
        assert (tmp_path / "data" / "server.json").exists()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "--data" in refused("--port", "0", "--data", str(tmp_path / "file"))
    assert "--data" in refused("--port", "0", "--data", str(tmp_path / "file" / "below"))


@pytest.mark.parametrize("url", ["postgres://x/y", "clickhouse://127.0.0.1:1/", "nonsense"])
def test_a_store_that_cannot_be_opened(tmp_path: Path, url: str) -> None:
    done = submeter_command(
        "up", "--port", "0", "--grpc-port", "off", "--store", url, SUBMETER_DATA=str(tmp_path / "data")
    )
    assert done.returncode == 1
    assert done.stderr.startswith("submeter: ")
    assert done.stderr.count("\n") == 1, done.stderr


@pytest.mark.parametrize("port", ["x", "-1", "65536", "1.5"])
def test_a_port_that_is_none(port: str) -> None:
    done = submeter_command("up", "--port", port)
    assert done.returncode == 2
    assert "65535" in done.stderr
    assert done.stderr.count("\n") == 1
