"""OTLP over gRPC into a real server process."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import grpc
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from tests.server.over_grpc import PATHS, export, retry_delay_s
from tests.server.running import RunningServer
from tests.server.telemetry import add_call, calls, log, traces

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def channel(server: RunningServer) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.grpc) as opened:
        yield opened


def calls_of(server: RunningServer, session: str) -> int:
    return sum(row["calls"] for row in server.ask("sessions")["sessions"] if row["session_id"] == session)


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_the_sdks_exporter_is_understood(server: RunningServer, compression: grpc.Compression) -> None:
    provider = TracerProvider()
    exporter = OTLPSpanExporter(server.grpc, insecure=True, compression=compression)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    with provider.get_tracer("submeter").start_as_current_span("chat m") as span:
        span.set_attributes(
            {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 7, "session.id": str(compression)}
        )
    provider.shutdown()
    assert calls_of(server, str(compression)) == 1


def test_logs_and_metrics_are_taken(server: RunningServer, channel: grpc.Channel) -> None:
    export(channel, "logs", log("over grpc"))
    metrics = ExportMetricsServiceRequest()
    metric = metrics.resource_metrics.add().scope_metrics.add().metrics.add(name="m")
    metric.gauge.data_points.add(as_int=3, time_unix_nano=1)
    export(channel, "metrics", metrics)
    assert server.counter("submeter_intake_requests_total", transport="grpc", signal="logs", outcome="ok") >= 1
    assert server.counter("submeter_intake_requests_total", transport="grpc", signal="metrics", outcome="ok") >= 1


def test_bad_spans_are_named_and_their_neighbours_stored(server: RunningServer, channel: grpc.Channel) -> None:
    request, spans = traces()
    add_call(spans, "grpc-partial")
    add_call(spans, "grpc-partial").span_id = b""
    answer = ExportTraceServiceResponse.FromString(export(channel, "traces", request))
    assert answer.partial_success.rejected_spans == 1
    assert calls_of(server, "grpc-partial") == 1


def test_a_request_over_both_transports_is_stored_once(server: RunningServer, channel: grpc.Channel) -> None:
    request = calls("both", 2)
    export(channel, "traces", request)
    assert server.send("traces", request).status == 200
    assert calls_of(server, "both") == 2


def test_what_is_no_request_is_an_invalid_argument(server: RunningServer, channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        export(channel, "traces", b"\xff\xff")
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert server.counter("submeter_intake_requests_total", transport="grpc", outcome="malformed") >= 1


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_a_message_beyond_the_limit_is_refused_and_the_server_goes_on(
    server: RunningServer, channel: grpc.Channel, compression: grpc.Compression
) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        export(channel, "traces", bytes(50 * 2**20), compression=compression)
    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    export(channel, "logs", log("still here"))


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """A frame of HTTP/2."""
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


def test_an_encoding_that_grpc_does_not_know_is_refused_by_name(server: RunningServer, channel: grpc.Channel) -> None:
    """Python's gRPC client cannot send zstd; the frames here are those of Go's, which can."""
    said = {
        ":method": "POST",
        ":scheme": "http",
        ":path": PATHS["traces"],
        ":authority": server.grpc,
        "content-type": "application/grpc",
        "te": "trailers",
        "grpc-encoding": "zstd",
    }
    head = b"".join(b"\0" + b"".join(bytes([len(text)]) + text.encode() for text in header) for header in said.items())
    body = b"\1" + (3).to_bytes(4) + b"abc"
    host, port = server.grpc.split(":")
    answer = b""
    with socket.create_connection((host, int(port)), 20) as raw:
        raw.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b""))
        raw.sendall(frame(1, 4, 1, head) + frame(0, 1, 1, body))
        while b"grpc-message" not in answer:
            more = raw.recv(4096)
            assert more, answer
            answer += more
    assert b"grpc-encoding" in answer
    export(channel, "traces", calls("after-zstd"), compression=grpc.Compression.Deflate)
    assert calls_of(server, "after-zstd") == 1


def test_beyond_the_rate_senders_are_told_when_to_come_again(tmp_path: Path) -> None:
    with (
        RunningServer(tmp_path / "data", ("--max-rate", "10")) as server,
        grpc.insecure_channel(server.grpc) as channel,
    ):
        export(channel, "traces", calls("rate", 1000))
        with pytest.raises(grpc.RpcError) as refused:
            export(channel, "traces", calls("rate", 5))
        assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert retry_delay_s(refused.value) >= 1


def test_the_token_is_demanded_here_too(tmp_path: Path) -> None:
    with (
        RunningServer(tmp_path / "data", variables={"SUBMETER_TOKEN": "s3cret"}) as server,
        grpc.insecure_channel(server.grpc) as channel,
    ):
        for metadata in ((), (("authorization", "Bearer wrong"),)):
            with pytest.raises(grpc.RpcError) as refused:
                export(channel, "traces", calls("token"), metadata=metadata)
            assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
        export(channel, "traces", calls("token"), metadata=(("authorization", "Bearer s3cret"),))
