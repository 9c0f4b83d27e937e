"""A gateway as it ships, with a certificate and tokens; store, evaluators and Prometheus are receivers of our own."""

from __future__ import annotations

import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import grpc
from collector.build import FOLDER
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2, metrics_service_pb2_grpc
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_DELTA as DELTA
from tests.collector.running import NORMALISE, Destination, RunningCollector, free_port
from tests.server.telemetry import BASE_NS, attributes_of

from submeter.store.attributes import texts

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path
    from types import TracebackType

TOKEN = "first-token"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
STORE = """
exporters:
  otlp_http/store: {endpoint: "${env:STORE}", compression: none, sending_queue: {storage: file_storage/queue}}
processors:
  interval: {interval: 1s}
service:
  pipelines:
    traces/in: {exporters: [otlp_http/store, signal_to_metrics, forward/calls]}
    metrics/in: {exporters: [otlp_http/store, forward/evaluators, forward/prometheus]}
    logs/in: {exporters: [otlp_http/store]}
"""
"""A store that speaks OTLP in place of ClickHouse, and no long wait for Prometheus; all else stays as it ships."""


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1 that vouches for itself, and its key."""
    shown, key = folder / "shown.pem", folder / "key.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    extension = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    subprocess.run(
        [*command.split(), *extension, "-keyout", str(key), "-out", str(shown)], check=True, capture_output=True
    )
    return shown, key


_ADDERS: Any = (
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server,  # pyright: ignore[reportUnknownMemberType]
    metrics_service_pb2_grpc.add_MetricsServiceServicer_to_server,  # pyright: ignore[reportUnknownMemberType]
)


class Shard(trace_service_pb2_grpc.TraceServiceServicer, metrics_service_pb2_grpc.MetricsServiceServicer):
    """An evaluator's receiver: keeps the users of the spans and points it gets."""

    def __init__(self) -> None:
        self.answering = threading.Event()
        self.answering.set()
        self.asked = 0
        self.calls: list[dict[str, Any]] = []
        self.points: list[dict[str, Any]] = []
        self.tokens: set[str] = set()

    def Export(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802  (the protocol's name)
        self.asked += 1
        self.answering.wait()
        self.tokens |= {str(value) for key, value in context.invocation_metadata() if key == "authorization"}
        if isinstance(request, trace_service_pb2.ExportTraceServiceRequest):
            for resource in request.resource_spans:
                for scope in resource.scope_spans:
                    self.calls += [_texts(span.attributes) for span in scope.spans]
            return trace_service_pb2.ExportTraceServiceResponse()
        for resource in request.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    data = getattr(metric, str(metric.WhichOneof("data")))
                    self.points += [_texts(point.attributes) for point in data.data_points]
        return metrics_service_pb2.ExportMetricsServiceResponse()


def _texts(attributes: Any) -> dict[str, Any]:
    return {entry.key: entry.value.string_value or entry.value.int_value for entry in attributes}


@dataclass
class Evaluators:
    """Some shards on ports of their own."""

    shards: tuple[Shard, ...] = field(default_factory=lambda: tuple(Shard() for _ in range(3)))
    addresses: list[str] = field(default_factory=list[str])

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(2)
        self._servers = [grpc.server(self._pool) for _ in self.shards]
        for shard, server in zip(self.shards, self._servers, strict=True):
            for add in _ADDERS:
                add(shard, server)
            self.addresses.append(f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
            server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for shard in self.shards:
            shard.answering.set()
        for server in self._servers:
            server.stop(None).wait()
        self._pool.shutdown()


@dataclass
class Gateway:
    """A running gateway and those behind it."""

    collector: RunningCollector
    store: Destination
    evaluators: Evaluators
    prometheus: Destination
    tokens: Path


def variables(folder: Path, **extra: str) -> dict[str, str]:
    """What gateway.yaml must be told, with a certificate and a file of tokens in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    shown, key = certificate(folder)
    tokens = folder / "tokens"
    tokens.write_text(f"{TOKEN} # the only one\n")
    return {
        "SUBMETER_TOKENS_FILE": str(tokens),
        "SUBMETER_TLS_CERT": str(shown),
        "SUBMETER_TLS_KEY": str(key),
        "SUBMETER_PSEUDONYM_KEY": "a key of this test, thirty-two bytes",
        "SUBMETER_PSEUDONYMOUS_KEYS": "^customer[.]id$",
        "SUBMETER_REDACT": "(?i)project-(canary|falcon)",
        "SUBMETER_TOKEN": "evaluators-token",
        "SUBMETER_CLICKHOUSE": f"tcp://127.0.0.1:{free_port()}",
        "SUBMETER_PROMETHEUS": f"http://127.0.0.1:{free_port()}/api/v1/write",
        "SUBMETER_EVALUATORS": f"[127.0.0.1:{free_port()}]",
        **extra,
    }


@contextmanager
def running_gateway(folder: Path) -> Generator[Gateway]:
    """gateway.yaml with everything behind it there."""
    with Destination() as store, Destination() as prometheus, Evaluators() as evaluators:
        told = variables(
            folder,
            STORE=store.url,
            SUBMETER_EVALUATORS=f"[{', '.join(evaluators.addresses)}]",
            SUBMETER_PROMETHEUS=f"{prometheus.url}/api/v1/write",
        )
        (folder / "store.yaml").write_text(STORE)
        configs = (FOLDER / "gateway.yaml", NORMALISE, folder / "store.yaml")
        collector = RunningCollector(folder / "run", configs, told, trusted=folder / "shown.pem")
        with collector:
            yield Gateway(collector, store, evaluators, prometheus, folder / "tokens")


def unpacked(body: bytes) -> bytes:
    """The content of a block in Snappy's format, which Prometheus's remote write is sent in."""
    at = next(number for number, byte in enumerate(body) if byte < 0x80) + 1
    out = bytearray()
    while at < len(body):
        tag, kind = body[at], body[at] & 3
        at += 1
        if kind == 0:
            length = (tag >> 2) + 1
            if length > 60:
                more = length - 60
                length = int.from_bytes(body[at : at + more], "little") + 1
                at += more
            out += body[at : at + length]
            at += length
            continue
        width = (1, 2, 4)[kind - 1]
        back = int.from_bytes(body[at : at + width], "little") | ((tag >> 5) << 8 if kind == 1 else 0)
        at += width
        for _ in range((tag >> 2 & 7) + 4 if kind == 1 else (tag >> 2) + 1):
            out.append(out[-back])
    return bytes(out)


def points_request(service: str, metric: str, per_user: dict[str, int]) -> ExportMetricsServiceRequest:
    """A counter with one delta point a user."""
    request = ExportMetricsServiceRequest()
    resource = request.resource_metrics.add()
    resource.resource.attributes.extend(attributes_of({"service.name": service, "service.instance.id": service}))
    made = resource.scope_metrics.add().metrics.add(name=metric)
    made.sum.aggregation_temporality, made.sum.is_monotonic = DELTA, True
    for user, value in per_user.items():
        made.sum.data_points.add(
            start_time_unix_nano=BASE_NS,
            time_unix_nano=BASE_NS + 10**9,
            as_int=value,
            attributes=attributes_of({"user.id": user, "gen_ai.request.model": "gpt-5-mini"}),
        )
    return request


def send(gateway: Gateway, signal_name: str, message: Any) -> None:
    assert gateway.collector.send(signal_name, message, **AUTHORIZED) == 200


def stored_points(gateway: Gateway, metric: str, service: str) -> list[Any]:
    """The points of a service's counter that reached the store."""
    return [
        (made.sum, point)
        for request in list(gateway.store.requests)
        if isinstance(request, ExportMetricsServiceRequest)
        for resource in request.resource_metrics
        if texts(resource.resource.attributes).get("service.name") == service
        for scope in resource.scope_metrics
        for made in scope.metrics
        if made.name == metric
        for point in made.sum.data_points
    ]


def log_requests(gateway: Gateway) -> list[ExportLogsServiceRequest]:
    return [request for request in list(gateway.store.requests) if isinstance(request, ExportLogsServiceRequest)]
