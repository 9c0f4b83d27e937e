"""The built collector as a child process, and a receiver that keeps what a collector sends it."""

from __future__ import annotations

import gzip
import random
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from collector.build import FOLDER, binary
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from submeter import settings

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from google.protobuf.message import Message

PATIENCE_S = 60.0
ANSWER_S = 20.0
NORMALISE = FOLDER / "normalise.yaml"
_REQUESTS: dict[str, type[Message]] = {
    "/v1/traces": ExportTraceServiceRequest,
    "/v1/metrics": ExportMetricsServiceRequest,
    "/v1/logs": ExportLogsServiceRequest,
}


def free_port() -> int:
    """A port of the loopback that nobody listens on now, below those that outgoing connections are given.

    So it is free still when a process that was killed comes back to it.
    """
    while True:
        port = random.SystemRandom().randrange(10_000, 32_000)
        with socket.socket() as listening:
            try:
                listening.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def eventually(condition: Any, what: str) -> Any:
    """What `condition()` returns once it is true; fails after a long while."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"never happened: {what}")


@dataclass(slots=True)
class RunningCollector:
    """The collector with `configs`; the context manager starts it, waits until it is healthy, and ends it."""

    folder: Path
    configs: tuple[Path, ...]
    variables: dict[str, str] = field(default_factory=dict[str, str])
    manifest: str = "lean"
    http: str = field(default_factory=lambda: f"127.0.0.1:{free_port()}")
    grpc: str = field(default_factory=lambda: f"127.0.0.1:{free_port()}")
    health: str = field(default_factory=lambda: f"127.0.0.1:{free_port()}")
    metrics_port: int = field(default_factory=free_port)
    trusted: Path | None = None
    """The certificate that its receivers show; none for plain HTTP."""
    disk_mib: int = 0
    """The size of the disk that its queue lies on, a mount that no other process sees; 0 for the ordinary one."""
    process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None:
            self.stop()

    def command(self, *words: str) -> list[str]:
        configs = [f"--config={config}" for config in self.configs]
        return [*self._on_small_disk(), str(binary(self.manifest)), *words, *configs]

    def _on_small_disk(self) -> list[str]:
        if not self.disk_mib:
            return []
        queue = self.folder / "queue"
        queue.mkdir(exist_ok=True)
        mounted = f"mount -t tmpfs -o size={self.disk_mib}m tmpfs {queue} && exec "
        return ["unshare", "--map-root-user", "--mount", "sh", "-c", mounted + '"$0" "$@"']

    def environment(self) -> dict[str, str]:
        own = {name: value for name, value in settings.inherited().items() if not name.startswith(("OTEL", "SUBMETER"))}
        return {
            **own,
            "SUBMETER_COLLECTOR_HTTP": self.http,
            "SUBMETER_COLLECTOR_GRPC": self.grpc,
            "SUBMETER_COLLECTOR_HEALTH": self.health,
            "SUBMETER_COLLECTOR_QUEUE": str(self.folder / "queue"),
            "SUBMETER_COLLECTOR_METRICS_PORT": str(self.metrics_port),
            **self.variables,
        }

    def validate(self) -> subprocess.CompletedProcess[str]:
        """What `validate` says of the configuration: a dry run of the whole service."""
        return subprocess.run(
            self.command("validate"),
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("a") as log:
            self.process = subprocess.Popen(self.command(), env=self.environment(), stdout=log, stderr=log)
        try:
            eventually(self._is_healthy, f"a healthy collector; see {self.log}")
        except BaseException:
            self.stop(signal.SIGKILL)
            raise

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        process, self.process = self.process, None
        assert process is not None
        process.send_signal(number)
        try:
            return process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise

    @property
    def log(self) -> Path:
        return self.folder / "collector.log"

    def send(self, signal_name: str, message: Message, **headers: str) -> int:
        """Posts an OTLP request; the status, or 0 where nobody answered in full."""
        context = ssl.create_default_context(cafile=self.trusted) if self.trusted else None
        request = urllib.request.Request(  # noqa: S310  (our own child)
            f"http{'s' if context else ''}://{self.http}/v1/{signal_name}",
            message.SerializeToString(),
            {"Content-Type": "application/x-protobuf", **headers},
        )
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_S, context=context) as response:  # noqa: S310
                return response.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        except (OSError, ValueError):
            return 0

    def telemetry(self, name: str, **labels: str) -> float:
        """The sum of the cells of one of the collector's own metrics that carry `labels`."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=PATIENCE_S) as response:
            lines = response.read().decode().splitlines()
        cells = [line for line in lines if line.partition("{")[0].partition(" ")[0] in {name, f"{name}_total"}]
        cells = [cell for cell in cells if all(pair in cell for pair in wanted)]
        return sum(float(cell.rpartition(" ")[2]) for cell in cells)

    def _is_healthy(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()[-4000:]
        try:
            with urllib.request.urlopen(f"http://{self.health}/", timeout=1) as response:
                return response.status == 200
        except OSError:
            return False


class Destination:
    """An OTLP/HTTP receiver that keeps every request it acknowledges, and the bodies of any other."""

    def __init__(self) -> None:
        self.requests: list[Message] = []
        self.bodies: list[bytes] = []
        destination = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                destination.keep(self.path, body)
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class's name)
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def keep(self, path: str, body: bytes) -> None:
        """Keeps one request's body, decoded where it is OTLP."""
        kind = _REQUESTS.get(path)
        if kind is None:
            self.bodies.append(body)
        else:
            self.requests.append(kind.FromString(body))

    def spans(self) -> list[Any]:
        """All spans received so far."""
        return [
            span
            for request in list(self.requests)
            if isinstance(request, ExportTraceServiceRequest)
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def points(self) -> list[tuple[str, Any]]:
        """All number and histogram points received so far, with their metric's name."""
        return [
            (metric.name, point)
            for request in list(self.requests)
            if isinstance(request, ExportMetricsServiceRequest)
            for resource in request.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            for point in getattr(metric, str(metric.WhichOneof("data"))).data_points
        ]
