"""A span's row is what the collector's exporter would store: ids in hex, values as text, events and links."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from store.telemetry import NOON_NS, key_values, log_request, request, span
from submeter.store.attributes import text_of
from submeter.store.dialects import MARKS
from submeter.store.rows import span_batch

if TYPE_CHECKING:
    from submeter.store.database import Store

TEXTS = [
    (AnyValue(), ""),
    (AnyValue(string_value=""), ""),
    (AnyValue(string_value="x"), "x"),
    (AnyValue(int_value=-5), "-5"),
    (AnyValue(int_value=0), "0"),
    (AnyValue(bool_value=False), "false"),
    (AnyValue(bool_value=True), "true"),
    (AnyValue(double_value=0.0), "0"),
    (AnyValue(double_value=1.5), "1.5"),
    (AnyValue(double_value=2.0), "2"),
    (AnyValue(double_value=1e300), "1e+300"),
    (AnyValue(double_value=math.nan), "nan"),
    (AnyValue(double_value=-math.inf), "-inf"),
    (AnyValue(bytes_value=b"\x00\x01"), "AAE="),
    (AnyValue(array_value=ArrayValue(values=[AnyValue(string_value="ä"), AnyValue(int_value=1)])), '["ä",1]'),
    (
        AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key="k", value=AnyValue(bool_value=True))])),
        '{"k":true}',
    ),
    (AnyValue(array_value=ArrayValue(values=[AnyValue(), AnyValue(bytes_value=b"a")])), '[null,"YQ=="]'),
]


@pytest.mark.parametrize(("value", "text"), TEXTS)
def test_a_value_is_told_as_the_exporter_tells_it(value: AnyValue, text: str) -> None:
    assert text_of(value) == text


def all_rows(store: Store, table: str) -> list[dict[str, Any]]:
    return json.loads(store.read(f"SELECT * FROM otel.{table} ORDER BY Timestamp", {}, "JSON"))["data"]  # noqa: S608  (ours)


def test_a_span_is_stored_whole(store: Store) -> None:
    one = span({"a": 1, "b": "ü", "c": True}, trace=0xABC, id_=0xD, parent=0xE, name="work", kind=5, is_error=True)
    one.status.message = "no"
    one.trace_state = "k=v"
    event = one.events.add(time_unix_nano=NOON_NS + 7, name="exception")
    event.attributes.extend(key_values({"exception.type": "E"}))
    one.events.add(time_unix_nano=NOON_NS + 8, name="second")
    link = one.links.add(trace_id=b"\x01" * 16, span_id=b"\x02" * 8, trace_state="l")
    link.attributes.extend(key_values({"why": "retry"}))
    batch = request([one, span({}, start_ns=NOON_NS + 1, duration_s=0)], scope="lib", version="1.2")
    store.insert_traces(batch, "a")
    first, second = all_rows(store, "otel_traces")
    assert first == {
        "Timestamp": "2026-09-21 12:00:00.000000000",
        "TraceId": "00000000000000000000000000000abc",
        "SpanId": "000000000000000d",
        "ParentSpanId": "000000000000000e",
        "TraceState": "k=v",
        "SpanName": "work",
        "SpanKind": "Consumer",
        "ServiceName": "shop",
        "ResourceAttributes": {"service.name": "shop"},
        "ScopeName": "lib",
        "ScopeVersion": "1.2",
        "SpanAttributes": {"a": "1", "b": "ü", "c": "true"},
        "Duration": 1_000_000_000,
        "StatusCode": "Error",
        "StatusMessage": "no",
        "Events.Timestamp": ["2026-09-21 12:00:00.000000007", "2026-09-21 12:00:00.000000008"],
        "Events.Name": ["exception", "second"],
        "Events.Attributes": [{"exception.type": "E"}, {}],
        "Links.TraceId": ["01" * 16],
        "Links.SpanId": ["02" * 8],
        "Links.TraceState": ["l"],
        "Links.Attributes": [{"why": "retry"}],
    }
    assert (second["SpanAttributes"], second["Events.Name"], second["Duration"]) == ({}, [], 0)


def test_a_trace_can_be_looked_up_by_its_times(store: Store) -> None:
    store.insert_traces(request([span({}, trace=5), span({}, trace=5, start_ns=NOON_NS + 9 * 10**9)]), "a")
    answer = store.read("SELECT TraceId, Start, End FROM otel.otel_traces_trace_id_ts", {}, "TSV").decode()
    assert answer.split("\t") == ["0" * 31 + "5", "2026-09-21 12:00:00", "2026-09-21 12:00:09\n"]


def test_a_log_record_is_stored_whole(store: Store) -> None:
    batch = log_request({"k": 1.5}, event="my.event", body="hello")
    record = batch.resource_logs[0].scope_logs[0].log_records[0]
    record.trace_id, record.span_id = b"\x01" * 16, b"\x02" * 8
    record.severity_text, record.severity_number, record.flags = "WARN", 13, 0x101  # pyright: ignore[reportAttributeAccessIssue]
    scope = batch.resource_logs[0].scope_logs[0]
    scope.schema_url, scope.scope.name, scope.scope.version = "u", "lib", "1"
    scope.scope.attributes.extend(key_values({"sa": "x"}))
    batch.resource_logs[0].schema_url = "r"
    bare = scope.log_records.add(observed_time_unix_nano=NOON_NS + 1)
    bare.body.kvlist_value.values.extend(key_values({"a": 1}))
    assert store.insert_logs(batch, "a") == 2
    first, second = all_rows(store, "otel_logs")
    assert first == {
        "Timestamp": "2026-09-21 12:00:00.000000000",
        "TraceId": "01" * 16,
        "SpanId": "02" * 8,
        "TraceFlags": 1,
        "SeverityText": "WARN",
        "SeverityNumber": 13,
        "ServiceName": "shop",
        "Body": "hello",
        "ResourceSchemaUrl": "r",
        "ResourceAttributes": {"service.name": "shop"},
        "ScopeSchemaUrl": "u",
        "ScopeName": "lib",
        "ScopeVersion": "1",
        "ScopeAttributes": {"sa": "x"},
        "LogAttributes": {"k": "1.5"},
        "EventName": "my.event",
    }
    assert (second["Body"], second["Timestamp"]) == ('{"a":1}', "2026-09-21 12:00:00.000000001")


def test_a_batch_of_very_many_words_keeps_them_apart(store: Store) -> None:
    spans = [span({f"key-{n}": f"value-{n}"}, name=f"name-{n}", start_ns=NOON_NS + n) for n in range(70_000)]
    store.insert_traces(request(spans), "a")
    query = (
        "SELECT SpanName, SpanAttributes FROM otel.otel_traces"
        " WHERE SpanName IN {names:Array(String)} ORDER BY Timestamp"
    )
    names = ["name-0", "name-255", "name-256", "name-65536", "name-69999"]
    rows = json.loads(store.read(query, {"names": names}, "JSON"))["data"]
    assert [(row["SpanName"], row["SpanAttributes"]) for row in rows] == [
        (f"name-{n}", {f"key-{n}": f"value-{n}"}) for n in (0, 255, 256, 65_536, 69_999)
    ]


names = st.text(max_size=20).filter(lambda name: name not in MARKS)
values = st.one_of(st.text(max_size=200), st.integers(-(2**63), 2**63 - 1), st.booleans(), st.floats())


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(names, values, max_size=5), max_size=20), st.integers(0))
def test_any_attributes_come_back_as_they_went_in(store: Store, attributes: list[dict[str, Any]], seed: int) -> None:
    service = f"shop-{seed}-{hash(str(attributes))}"
    spans = [span(one, start_ns=NOON_NS + number, name=f"{number}") for number, one in enumerate(attributes)]
    batch = request(spans, service=service)
    store.insert_traces(batch, service)
    query = (
        "SELECT DISTINCT SpanName, SpanAttributes FROM otel.otel_traces"
        " WHERE ServiceName = {service:String} ORDER BY toUInt32(SpanName)"
    )
    rows = json.loads(store.read(query, {"service": service}, "JSON"))["data"]
    sent = [{entry.key: text_of(entry.value) for entry in one.attributes} for one in spans]
    assert [row["SpanAttributes"] for row in rows] == sent


def test_the_records_come_in_the_order_of_the_spans() -> None:
    spans = [span({"gen_ai.usage.input_tokens": number}) for number in range(5)]
    batch = span_batch(request(spans).SerializeToString())
    assert [record.usage.input_tokens for record in batch.records] == list(range(5))


def test_unknown_kinds_and_states_fall_back_to_the_first() -> None:
    one = Span(kind=99, status={"code": 77})  # pyright: ignore[reportArgumentType]
    assert span_batch(request([one]).SerializeToString()).rows == 1
