"""A real server process on free ports of the loopback, and the ways to speak to it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import submeter
from submeter import settings

if TYPE_CHECKING:
    from types import TracebackType

    from google.protobuf.message import Message

SOURCE = str(Path(submeter.__file__).parent.parent)
PATIENCE_S = 60.0


def environment(**extra: str) -> dict[str, str]:
    """The environment of a child: this one's, able to import what is tested."""
    inherited = {name: value for name, value in settings.inherited().items() if not name.startswith("SUBMETER")}
    return {**inherited, "PYTHONPATH": SOURCE, "PYTHONWARNINGS": "error", **extra}


def submeter_command(*arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """A finished command line."""
    return subprocess.run(
        [sys.executable, "-m", "submeter", *arguments],
        env=environment(**extra),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


@dataclass(slots=True)
class Answer:
    """An HTTP answer, whatever its status."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        return str(self.json["message"])


@dataclass(slots=True)
class RunningServer:
    """`submeter up` as a child process; the context manager starts it and ends it by SIGTERM."""

    folder: Path
    arguments: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict[str, str])
    command: str = "up"
    url: str = ""
    grpc: str = ""
    clickhouse_port: int = 0
    process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None:
            self.stop()

    def start(self) -> None:
        ports = ["--port", "0", "--grpc-port", "0", *(["--clickhouse-port", "0"] if self.command == "up" else [])]
        command = [sys.executable, "-m", "submeter", self.command, *ports]
        with (self.folder.parent / "server.err").open("a") as errors:
            self.process = subprocess.Popen(
                [*command, "--data", str(self.folder), *self.arguments],
                env=environment(**self.variables),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.errors()
        presence = json.loads((self.folder / "server.json").read_text())
        self.url = presence["url"]
        self.grpc = f"127.0.0.1:{presence['grpc']}"
        self.clickhouse_port = presence["clickhouse"] or 0
        assert self.url in line

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        process, self.process = self.process, None
        assert process is not None
        process.send_signal(number)
        code = process.wait(PATIENCE_S)
        assert process.stdout is not None
        process.stdout.close()
        return code

    def errors(self) -> str:
        return (self.folder.parent / "server.err").read_text()

    def get(self, path: str, **headers: str) -> Answer:
        return self.request(path, None, _named(headers))

    def post(self, path: str, body: bytes, content_type: str = "application/x-protobuf", **headers: str) -> Answer:
        named = {"Content-Type": content_type, **_named(headers)}
        return self.request(path, body, named)

    def send(self, signal_name: str, message: Message, **headers: str) -> Answer:
        return self.post(f"/v1/{signal_name}", message.SerializeToString(), **headers)

    def request(self, path: str, body: bytes | None, headers: dict[str, str], method: str | None = None) -> Answer:
        request = urllib.request.Request(self.url + path, body, headers, method=method)  # noqa: S310  (our own server)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:  # noqa: S310  (the same)
                return Answer(response.status, response.read(), _lower(response.headers))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read(), _lower(error.headers))

    def ask(self, path: str) -> Any:
        answer = self.get("/api/v1/" + path)
        assert answer.status == 200, answer.body
        return answer.json

    def counter(self, name: str, **labels: str) -> int:
        """The sum of a Prometheus counter's cells that carry `labels`."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        lines = self.get("/metrics").body.decode().splitlines()
        return sum(
            int(line.rpartition(" ")[2])
            for line in lines
            if line.partition("{")[0].partition(" ")[0] == name and all(pair in line for pair in wanted)
        )


def eventually(condition: Any, what: str) -> Any:
    """What `condition()` returns once it is true; fails after a long while."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"never happened: {what}")


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
