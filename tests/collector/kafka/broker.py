"""A real Kafka broker as a child process: one node, its folder thrown away afterwards."""

from __future__ import annotations

import shutil
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Self

from collector.build import FOLDER
from tests.collector.running import PATIENCE_S, free_port

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

JARS: Final = FOLDER / "dist" / "kafka"
_CLUSTER: Final = "MkU3OEVBNTcwNTJENDM2Qk"


def is_there() -> bool:
    """Whether `make broker` has fetched it and there is a Java to run it."""
    return bool(list(JARS.glob("kafka_*.jar"))) and shutil.which("java") is not None


@dataclass(slots=True)
class Broker:
    """The broker; the context manager starts it and waits until it listens."""

    folder: Path
    address: str = field(default_factory=lambda: f"127.0.0.1:{free_port()}")
    process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "server.properties").write_text(self._properties())
        self._java("kafka.tools.StorageTool", "format", "-t", _CLUSTER, "-c", "server.properties").wait(PATIENCE_S)
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None:
            self.stop()

    def start(self) -> None:
        self.process = self._java("kafka.Kafka", "server.properties")
        deadline = time.monotonic() + PATIENCE_S
        while "Kafka Server started" not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()[-4000:]
            assert time.monotonic() < deadline, self.log.read_text()[-4000:]
            time.sleep(0.2)

    def stop(self) -> None:
        process, self.process = self.process, None
        assert process is not None
        process.kill()
        process.wait(PATIENCE_S)
        self.log.rename(self.log.with_suffix(".before"))

    @property
    def log(self) -> Path:
        return self.folder / "broker.log"

    def _java(self, *words: str) -> subprocess.Popen[bytes]:
        command = ["java", "-Xmx384m", "-cp", f"{JARS}/*", *words]
        with self.log.open("a") as log:
            return subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=log)

    def _properties(self) -> str:
        control = f"127.0.0.1:{free_port()}"
        settings = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{control}",
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://{control}",
            "advertised.listeners": f"PLAINTEXT://{self.address}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "log.dirs": str(self.folder / "data"),
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            "num.partitions": "3",
            "message.max.bytes": "11000000",
        }
        return "".join(f"{name}={value}\n" for name, value in settings.items())
