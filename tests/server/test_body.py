"""Bodies: both formats, three compressions, and everything a careless or hostile sender may send instead."""

from __future__ import annotations

import contextlib
import gzip
import json
import zlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import lz4.frame  # pyright: ignore[reportMissingTypeStubs]
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from submeter.server import clickhouse_wire as wire
from submeter.server.body import JSON, PROTOBUF, BodyError, decoded, unpacked
from submeter.server.signals import LOGS, METRICS, SIGNALS, TRACES, Signal

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT = 1_000_000
COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


def span_json(**fields: Any) -> dict[str, Any]:
    span = {
        "traceId": "5b8efff798038103d269b633813fc60c",
        "spanId": "eee19b7ec3c1b174",
        "parentSpanId": "eee19b7ec3c1b173",
        "name": "chat m",
        "startTimeUnixNano": "1544712660000000000",
        "endTimeUnixNano": 1544712661000000000,
        "kind": 3,
        "attributes": [{"key": "gen_ai.usage.input_tokens", "value": {"intValue": "12"}}],
        **fields,
    }
    return {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}


def traces(tree: Any) -> ExportTraceServiceRequest:
    request = decoded(TRACES, json.dumps(tree).encode(), JSON)
    assert isinstance(request, ExportTraceServiceRequest)
    return request


@pytest.mark.parametrize("encoding", COMPRESSIONS)
@given(body=st.binary(max_size=5000))
def test_every_compression_gives_the_body_back(encoding: str, body: bytes) -> None:
    assert unpacked(COMPRESSIONS[encoding](body), encoding, LIMIT) == body


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_two_members_are_one_body(encoding: str) -> None:
    pack = COMPRESSIONS[encoding]
    assert unpacked(pack(b"first ") + pack(b"second"), encoding, LIMIT) == b"first second"


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "lz4"])
def test_a_hundred_thousand_empty_members_are_read_in_passing(encoding: str) -> None:
    """Ten times as many, which a body may hold, took a quarter of an hour where each copied all that follow it."""
    frame: Any = lz4.frame
    pack: Callable[[bytes], bytes] = frame.compress if encoding == "lz4" else COMPRESSIONS[encoding]
    opened = wire.decoded if encoding == "lz4" else unpacked
    assert opened(pack(b"") * 100_000 + pack(b"the end"), encoding, LIMIT) == b"the end"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd", "identity"])
def test_a_body_of_exactly_the_limit_passes_and_one_byte_more_does_not(encoding: str) -> None:
    pack = COMPRESSIONS[encoding]
    assert len(unpacked(pack(bytes(LIMIT)), encoding, LIMIT)) == LIMIT
    with pytest.raises(BodyError) as refused:
        unpacked(pack(bytes(LIMIT + 1)), encoding, LIMIT)
    assert refused.value.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_a_bomb_is_refused_without_being_unpacked(encoding: str) -> None:
    bomb = COMPRESSIONS[encoding](bytes(200 * 2**20))
    with pytest.raises(BodyError) as refused:
        unpacked(bomb, encoding, LIMIT)
    assert refused.value.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
@pytest.mark.parametrize("damage", ["cut", "garbage"])
def test_a_damaged_body_is_malformed_and_never_half_taken(encoding: str, damage: str) -> None:
    packed = COMPRESSIONS[encoding](b"x" * 500 + bytes(range(256)) * 4)
    with pytest.raises(BodyError) as refused:
        unpacked(packed[:-5] if damage == "cut" else b"\x00garbage", encoding, LIMIT)
    assert refused.value.status == HTTPStatus.BAD_REQUEST


def test_an_unknown_encoding_names_the_known_ones() -> None:
    with pytest.raises(BodyError, match="gzip, zstd") as refused:
        unpacked(b"", "br", LIMIT)
    assert refused.value.status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE


def test_json_ids_are_hexadecimal_and_integers_may_be_text() -> None:
    span = traces(span_json()).resource_spans[0].scope_spans[0].spans[0]
    assert span.trace_id.hex() == "5b8efff798038103d269b633813fc60c"
    assert span.span_id.hex() == "eee19b7ec3c1b174"
    assert span.parent_span_id.hex() == "eee19b7ec3c1b173"
    assert span.start_time_unix_nano == 1544712660000000000
    assert span.end_time_unix_nano == 1544712661000000000
    assert span.kind == 3
    assert span.attributes[0].value.int_value == 12


def test_json_links_carry_hexadecimal_ids_too() -> None:
    link = {"traceId": "00" * 15 + "01", "spanId": "00" * 7 + "02"}
    span = traces(span_json(links=[link])).resource_spans[0].scope_spans[0].spans[0]
    assert (span.links[0].trace_id[-1], span.links[0].span_id[-1]) == (1, 2)


def test_an_attribute_named_like_an_id_stays_text() -> None:
    inner = {"values": [{"key": "spanId", "value": {"stringValue": "zz"}}]}
    attribute = {"key": "traceId", "value": {"kvlistValue": inner}}
    span = traces(span_json(attributes=[attribute])).resource_spans[0].scope_spans[0].spans[0]
    assert span.attributes[0].value.kvlist_value.values[0].value.string_value == "zz"


def test_unknown_json_fields_are_ignored() -> None:
    assert traces({**span_json(), "someday": {"x": 1}}).resource_spans


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b'"\xff"',
        b'{"resourceSpans": 3}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "xyz"}]}]}]}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "\\ud800"}]}]}]}',
        b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"startTimeUnixNano": "-1"}]}]}]}',
        b'{"x":' * 5000 + b"1" + b"}" * 5000,
        b'{"x":' * 150_000,
    ],
)
def test_json_that_is_no_request_is_malformed(body: bytes) -> None:
    with pytest.raises(BodyError) as refused:
        decoded(TRACES, body, JSON)
    assert refused.value.status == HTTPStatus.BAD_REQUEST
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)
@given(body=st.binary(max_size=300))
def test_any_bytes_are_a_request_or_malformed(signal: Signal, body: bytes) -> None:
    for media in (PROTOBUF, JSON):
        with contextlib.suppress(BodyError):
            signal.screen(decoded(signal, body, media))


def test_deeply_nested_values_are_malformed_in_protobuf() -> None:
    value = b""
    for _ in range(200):
        value = b"\x2a" + _varint(len(value) + 2) + b"\x0a" + _varint(len(value)) + value if value else b"\x2a\x00"
    for field in (b"\x12", b"\x4a", b"\x12", b"\x12", b"\x0a"):
        value = field + _varint(len(value)) + value
    with pytest.raises(BodyError):
        decoded(TRACES, value, PROTOBUF)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/grpc"])
def test_another_content_type_is_unsupported(content_type: str) -> None:
    with pytest.raises(BodyError, match="application/x-protobuf") as refused:
        decoded(TRACES, b"", content_type)
    assert refused.value.status == HTTPStatus.UNSUPPORTED_MEDIA_TYPE


def test_content_type_may_carry_a_charset() -> None:
    assert decoded(METRICS, b"{}", "application/json; charset=utf-8").ByteSize() == 0


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"traceId": ""}, "trace id"),
        ({"traceId": "00" * 16}, "trace id"),
        ({"traceId": "aa" * 4}, "trace id"),
        ({"spanId": "00" * 8}, "span id"),
        ({"spanId": "aa"}, "span id"),
        ({"endTimeUnixNano": str(2**63)}, "2106"),
        ({"startTimeUnixNano": str(2**32 * 10**9)}, "2106"),
    ],
)
def test_a_span_that_cannot_be_stored_is_taken_out_and_named(fields: dict[str, str], word: str) -> None:
    tree = span_json()
    spans = tree["resourceSpans"][0]["scopeSpans"][0]["spans"]
    spans.insert(0, {**spans[0], **fields})
    request = traces(tree)
    screened = TRACES.screen(request)
    assert (screened.accepted, screened.rejected) == (1, 1)
    assert word in screened.reason
    assert len(request.resource_spans[0].scope_spans[0].spans) == 1
    answer = TRACES.respond(screened)
    assert isinstance(answer, ExportTraceServiceResponse)
    assert answer.partial_success.rejected_spans == 1


def test_log_records_need_no_ids_but_no_broken_ones() -> None:
    records = [{"body": {"stringValue": "x"}}, {"traceId": "aa"}, {"spanId": "bb"}, {"timeUnixNano": str(2**63)}]
    request = decoded(LOGS, json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}).encode(), JSON)
    screened = LOGS.screen(request)
    assert (screened.accepted, screened.rejected) == (1, 3)


def test_data_points_are_counted_over_all_kinds_of_metric_and_late_ones_taken_out() -> None:
    last = {"timeUnixNano": str(2**32 * 10**9 - 1)}
    late = {"timeUnixNano": str(2**32 * 10**9)}
    metrics: list[dict[str, Any]] = [
        {"name": "a", "sum": {"dataPoints": [late, {}, last, late]}},
        {"name": "b", "histogram": {"dataPoints": [{}, late]}},
        {"name": "c"},
    ]
    body = json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]}).encode()
    request = decoded(METRICS, body, JSON)
    screened = METRICS.screen(request)
    assert (screened.accepted, screened.rejected) == (3, 3)
    assert "February 2106" in screened.reason
    assert METRICS.screen(request).accepted == 3
