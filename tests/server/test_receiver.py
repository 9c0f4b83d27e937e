"""Every signal over every transport, in every format and compression, is stored; bad ones are told alike everywhere."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any, Final, cast

import grpc
import pytest
import zstandard
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from tests.server.clickhouse import ask
from tests.server.over_grpc import PATHS, export
from tests.server.telemetry import add_call, counted, log, traces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from google.protobuf.message import Message
    from tests.server.running import Answer, RunningServer

PACKED: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "": bytes,
    "gzip": gzip.compress,
    "zstd": zstandard.compress,
    "deflate": zlib.compress,
}
GRPC: Final = {
    "": grpc.Compression.NoCompression,
    "gzip": grpc.Compression.Gzip,
    "deflate": grpc.Compression.Deflate,
}
REJECTED: Final = {"traces": "rejectedSpans", "logs": "rejectedLogRecords", "metrics": "rejectedDataPoints"}
ANSWERS: Final[Mapping[str, Any]] = {
    "traces": ExportTraceServiceResponse,
    "logs": ExportLogsServiceResponse,
    "metrics": ExportMetricsServiceResponse,
}
STORED: Final = {
    "traces": "SELECT ServiceName, SpanAttributes['session.id'] FROM otel_traces",
    "logs": "SELECT ServiceName, Body FROM otel_logs",
    "metrics": "SELECT ServiceName, Attributes['user.id'] FROM otel_metrics_sum",
}
LATE_NS: Final = 2**32 * 10**9


def made(signal: str, mark: str, *, is_bad: bool = False) -> Message:
    """A request of one item that is named `mark`; for `is_bad` a second one that cannot be stored."""
    if signal == "traces":
        request, spans = traces(mark)
        add_call(spans, mark)
        if is_bad:
            add_call(spans, mark).span_id = b""
        return request
    if signal == "logs":
        records = log(mark)
        records.resource_logs[0].resource.attributes[0].value.string_value = mark
        if is_bad:
            records.resource_logs[0].scope_logs[0].log_records.add(trace_id=b"short")
        return records
    points = counted(mark, 7, mark)
    if is_bad:
        points.resource_metrics[0].scope_metrics[0].metrics[0].sum.data_points.add(time_unix_nano=LATE_NS)
    return points


IDS: Final = frozenset({"traceId", "spanId"})


def hexadecimal(text: str) -> str:
    """What is base64 in protobuf's JSON."""
    return base64.b64decode(text).hex()


def as_json(message: Message) -> bytes:
    """A request as OTLP's JSON, whose ids are hexadecimal."""

    def told(node: Any) -> Any:
        if isinstance(node, list):
            return [told(part) for part in cast("list[Any]", node)]
        if not isinstance(node, dict):
            return node
        fields = cast("dict[str, Any]", node)
        return {name: hexadecimal(part) if name in IDS else told(part) for name, part in fields.items()}

    return json.dumps(told(MessageToDict(message))).encode()


@pytest.fixture(scope="module")
def channel(server: RunningServer) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(server.grpc) as opened:
        yield opened


def over_http(server: RunningServer, signal: str, body: bytes, media: str, encoding: str = "") -> Answer:
    named = {"Content_Encoding": encoding} if encoding else {}
    return server.post(f"/v1/{signal}", body, f"application/{media}", **named)


def stored(server: RunningServer, signal: str, mark: str) -> bytes:
    return ask(server, query=f"{STORED[signal]} WHERE ServiceName = {{mark:String}}", param_mark=mark).body


@pytest.mark.parametrize("encoding", PACKED)
@pytest.mark.parametrize("media", ["x-protobuf", "json"])
@pytest.mark.parametrize("signal", PATHS)
def test_over_http_every_signal_comes_in_every_form(
    server: RunningServer, signal: str, media: str, encoding: str
) -> None:
    mark = f"{signal}-{media}-{encoding}"
    request = made(signal, mark)
    body = as_json(request) if media.startswith("json") else request.SerializeToString()
    answer = over_http(server, signal, PACKED[encoding](body), media, encoding)
    assert answer.status == 200, answer.body
    assert stored(server, signal, mark) == f"{mark}\t{mark}\n".encode()


@pytest.mark.parametrize("encoding", GRPC)
@pytest.mark.parametrize("signal", PATHS)
def test_over_grpc_every_signal_comes_in_every_form(
    server: RunningServer, channel: grpc.Channel, signal: str, encoding: str
) -> None:
    mark = f"{signal}-grpc-{encoding}"
    export(channel, signal, made(signal, mark), compression=GRPC[encoding])
    assert stored(server, signal, mark) == f"{mark}\t{mark}\n".encode()


def partial(server: RunningServer, channel: grpc.Channel, signal: str, transport: str, request: Message) -> Any:
    """What an answer says of the items that it did not take, as OTLP's JSON has it."""
    body = as_json(request) if transport == "json" else request.SerializeToString()
    answer = export(channel, signal, body) if transport == "grpc" else over_http(server, signal, body, transport).body
    return (json.loads(answer) if transport == "json" else MessageToDict(ANSWERS[signal].FromString(answer)))[
        "partialSuccess"
    ]


@pytest.mark.parametrize("transport", ["x-protobuf", "json", "grpc"])
@pytest.mark.parametrize("signal", PATHS)
def test_of_a_request_with_bad_items_the_good_ones_are_stored(
    server: RunningServer, channel: grpc.Channel, signal: str, transport: str
) -> None:
    mark = f"partial-{signal}-{transport}"
    before = server.counter("submeter_intake_items_total", signal=signal, outcome="rejected")
    told = partial(server, channel, signal, transport, made(signal, mark, is_bad=True))
    assert told[REJECTED[signal]] == "1"
    assert " id" in told["errorMessage"] or "February 2106" in told["errorMessage"]
    assert stored(server, signal, mark) == f"{mark}\t{mark}\n".encode()
    assert server.counter("submeter_intake_items_total", signal=signal, outcome="rejected") == before + 1


@pytest.mark.parametrize("signal", PATHS)
def test_malformed_requests_of_every_signal_are_told_and_counted(
    server: RunningServer, channel: grpc.Channel, signal: str
) -> None:
    def count(transport: str) -> int:
        return server.counter("submeter_intake_requests_total", signal=signal, transport=transport, outcome="malformed")

    http, over = count("http"), count("grpc")
    for body, media in ((b"\xff\xff", "x-protobuf"), (b"[1]", "json"), (b'{"resourceSpans": 3', "json")):
        assert over_http(server, signal, body, media).status == 400
    with pytest.raises(grpc.RpcError) as refused:
        export(channel, signal, b"\xff\xff")
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert (count("http"), count("grpc")) == (http + 3, over + 1)
