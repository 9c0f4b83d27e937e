"""OTLP over HTTP into a real server process: what real exporters send, and what others might."""

from __future__ import annotations

import gzip
import json
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import zstandard
from google.protobuf.json_format import MessageToDict
from google.rpc.status_pb2 import Status
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from tests.server.running import RunningServer
from tests.server.telemetry import add_call, calls, log, traces

if TYPE_CHECKING:
    from pathlib import Path


def session(server: RunningServer, name: str) -> Any:
    found = [row for row in server.ask("sessions?limit=1000")["sessions"] if row["session_id"] == name]
    return found[0] if found else None


@pytest.mark.parametrize("compression", list(Compression))
def test_the_sdks_span_exporter_is_understood(server: RunningServer, compression: Compression) -> None:
    name = f"sdk-{compression.value}"
    provider = TracerProvider()
    provider.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(server.url + "/v1/traces", compression=compression))
    )
    with provider.get_tracer("submeter").start_as_current_span("chat m") as span:
        span.set_attributes(
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.usage.input_tokens": 7,
                "gen_ai.usage.output_tokens": 3,
                "session.id": name,
            }
        )
    provider.shutdown()
    row = session(server, name)
    assert (row["calls"], row["input_tokens"], row["output_tokens"]) == (1, 7, 3)


def test_the_sdks_log_and_metric_exporters_are_understood(server: RunningServer) -> None:
    logs = LoggerProvider()
    logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(server.url + "/v1/logs")))
    logs.get_logger("app").emit(LogRecord(body="hello", severity_text="INFO"))
    logs.shutdown()
    reader = PeriodicExportingMetricReader(OTLPMetricExporter(server.url + "/v1/metrics"))
    metrics = MeterProvider([reader])
    metrics.get_meter("app").create_counter("requests").add(3)
    metrics.shutdown()
    assert server.counter("submeter_intake_items_total", signal="logs", outcome="stored") >= 1
    assert server.counter("submeter_intake_items_total", signal="metrics", outcome="stored") >= 1


def test_json_is_answered_in_json_and_stored(server: RunningServer) -> None:
    tree = MessageToDict(calls("json", 2))
    for span in tree["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        span["traceId"], span["spanId"] = "ab" * 16, f"{hash(span['spanId']) & (2**63 - 1):016x}"
    answer = server.post("/v1/traces", json.dumps(tree).encode(), "application/json")
    assert (answer.status, answer.headers["content-type"], answer.json) == (200, "application/json", {})
    assert session(server, "json")["calls"] == 2


@pytest.mark.parametrize(("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstandard.compress)])
def test_compressed_bodies_are_stored(server: RunningServer, encoding: str, pack: Any) -> None:
    body = pack(calls(f"packed-{encoding}").SerializeToString())
    assert server.post("/v1/traces", body, Content_Encoding=encoding).status == 200
    assert session(server, f"packed-{encoding}")["calls"] == 1


def test_an_empty_request_is_fine(server: RunningServer) -> None:
    answer = server.post("/v1/traces", b"")
    assert answer.status == 200
    assert ExportTraceServiceResponse.FromString(answer.body) == ExportTraceServiceResponse()


def test_bad_spans_are_named_and_their_neighbours_stored(server: RunningServer) -> None:
    request, spans = traces()
    add_call(spans, "partial")
    add_call(spans, "partial").trace_id = b"short"
    add_call(spans, "partial")
    answer = server.send("traces", request)
    response = ExportTraceServiceResponse.FromString(answer.body)
    assert answer.status == 200
    assert response.partial_success.rejected_spans == 1
    assert "trace id" in response.partial_success.error_message
    assert session(server, "partial")["calls"] == 2
    assert server.counter("submeter_intake_items_total", outcome="rejected") >= 1


def test_the_same_request_sent_again_is_acknowledged_and_stored_once(server: RunningServer) -> None:
    request = calls("again", 3)
    answers = [server.send("traces", request).status for _ in range(3)]
    assert answers == [200, 200, 200]
    assert session(server, "again")["calls"] == 3
    assert server.counter("submeter_intake_repeated_requests_total") >= 2


def test_the_same_spans_in_other_requests_are_counted_once(server: RunningServer) -> None:
    first = calls("overlap", 3)
    second = ExportTraceServiceRequest()
    second.CopyFrom(first)
    second.MergeFrom(calls("overlap", 1))
    assert server.send("traces", first).status == server.send("traces", second).status == 200
    row = session(server, "overlap")
    assert (row["calls"], row["input_tokens"]) == (4, 400)


@pytest.mark.parametrize(
    ("body", "content_type", "encoding", "status", "kind"),
    [
        (b"\xff\xff", "application/x-protobuf", "", 400, "malformed"),
        (b"{", "application/json", "", 400, "malformed"),
        (b"no gzip", "application/x-protobuf", "gzip", 400, "malformed"),
        (b"", "text/plain", "", 415, "unsupported"),
        (b"", "application/x-protobuf", "br", 415, "unsupported"),
        (bytes(21 * 2**20), "application/x-protobuf", "", 413, "too_large"),
        (gzip.compress(bytes(100 * 2**20)), "application/x-protobuf", "gzip", 413, "too_large"),
    ],
    ids=["protobuf", "json", "gzip", "type", "encoding", "large", "bomb"],
)
def test_what_cannot_be_taken_is_refused_and_counted(
    server: RunningServer, body: bytes, content_type: str, encoding: str, status: int, kind: str
) -> None:
    before = server.counter("submeter_intake_requests_total", outcome=kind, transport="http")
    answer = server.post("/v1/traces", body, content_type, **({"Content_Encoding": encoding} if encoding else {}))
    assert answer.status == status
    if content_type == "application/x-protobuf":
        assert Status.FromString(answer.body).message
    else:
        assert answer.message
    assert server.counter("submeter_intake_requests_total", outcome=kind, transport="http") == before + 1


def test_other_methods_and_paths_say_where_to_go(server: RunningServer) -> None:
    assert (server.get("/v1/traces").status, server.get("/v1/nothing").status) == (405, 404)
    assert "/v1/traces" in server.get("/v1/nothing").message


def test_a_body_that_does_not_come_is_given_up(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", ("--max-wait", "1")) as server:
        address = urlsplit(server.url)
        with socket.create_connection((address.hostname, address.port or 0), 30) as slow:
            slow.sendall(
                b"POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                b"Content-Length: 1000\r\n\r\n{"
            )
            assert slow.recv(100).startswith(b"HTTP/1.1 408")
        assert server.send("logs", log("still here")).status == 200


def test_beyond_the_rate_senders_are_asked_to_wait(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", ("--max-rate", "10")) as server:
        first, second = calls("rate", 400), calls("rate", 5)
        assert server.send("traces", first).status == 200
        answer = server.send("traces", second)
        assert answer.status == 429
        assert int(answer.headers["retry-after"]) >= 1
        assert "10 items a second" in Status.FromString(answer.body).message
        assert server.send("traces", first).status == 200, "what is stored needs no room"


def test_a_limit_of_bytes_can_be_set(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", ("--max-body", "1000")) as server:
        assert server.send("traces", calls("small", 1)).status == 200
        assert server.send("traces", calls("large", 50)).status == 413
        assert server.post("/v1/traces", gzip.compress(bytes(1001)), Content_Encoding="gzip").status == 413
