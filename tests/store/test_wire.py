"""The messages of our own read what the standard messages read, whatever the attributes are."""

from __future__ import annotations

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from submeter.store.attributes import texts
from submeter.store.native import Texts, text
from submeter.store.wire import ABSENT, Details, Pairs, Statuses, spans_of

NUMBERS = st.one_of(st.integers(-(2**63), 2**63 - 1), st.sampled_from([0, 1, 127, 128, 16_383, 16_384, -1]))
SIMPLE = st.one_of(
    st.builds(AnyValue),
    st.builds(AnyValue, string_value=st.text(max_size=300)),
    st.builds(AnyValue, int_value=NUMBERS),
    st.builds(AnyValue, double_value=st.floats()),
    st.builds(AnyValue, bool_value=st.booleans()),
    st.builds(AnyValue, bytes_value=st.binary(max_size=20)),
)


def listed(items: list[AnyValue]) -> AnyValue:
    return AnyValue(array_value=ArrayValue(values=items))


def keyed(key: str, item: AnyValue) -> AnyValue:
    return AnyValue(kvlist_value=KeyValueList(values=[KeyValue(key=key, value=item)]))


VALUES = st.one_of(
    SIMPLE,
    st.builds(listed, st.lists(SIMPLE, max_size=3)),
    st.builds(keyed, st.text(max_size=5), SIMPLE),
)
ATTRIBUTES = st.lists(st.builds(KeyValue, key=st.text(max_size=200), value=VALUES), max_size=8)


def one_span(attributes: list[KeyValue]) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(name="n", kind=3, trace_state="a=b")
    span.attributes.extend(attributes)
    span.events.add(name="e", time_unix_nano=7).attributes.extend(attributes)
    span.links.add(trace_state="c").attributes.extend(attributes)
    span.status.message, span.status.code = "m", Status.STATUS_CODE_ERROR
    return request


@settings(max_examples=300, deadline=None)
@given(ATTRIBUTES)
def test_attributes_are_the_texts_that_the_standard_messages_give(attributes: list[KeyValue]) -> None:
    texts_of = Texts()
    pairs, data = Pairs(texts_of), one_span(attributes).SerializeToString()
    (span,) = spans_of(data).resource_spans[0].scope_spans[0].spans
    (details,) = Details(data).of(0, 0)
    for read in (span.attributes, details.events[0].attributes, details.links[0].attributes):
        assert pairs.texts(read) == texts(attributes)
    assert (span.name, span.kind, span.trace_state, Statuses()[span.status]) == ("n", 3, "a=b", (2, "m"))
    assert all(encoded == text(value) for value, encoded in texts_of.items())


def test_a_span_tells_whether_it_has_events_and_links() -> None:
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    spans.add()
    spans.add().events.add()
    spans.add().links.add()
    read = spans_of(request.SerializeToString()).resource_spans[0].scope_spans[0].spans
    assert [span.last_event == ABSENT for span in read] == [True, False, True]
    assert [span.last_link == ABSENT for span in read] == [True, True, False]
    assert [Statuses()[span.status] for span in read] == [(0, "")] * 3


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40))
def test_bytes_that_are_no_attribute_end_as_the_standard_messages_end(data: bytes) -> None:
    try:
        expected = KeyValue.FromString(data)
    except DecodeError:
        with pytest.raises((DecodeError, UnicodeDecodeError)):
            Pairs(Texts())[data]
    else:
        assert dict([Pairs(Texts())[data]]) == texts([expected])


def test_bytes_that_are_no_request_are_refused() -> None:
    with pytest.raises(DecodeError):
        spans_of(b"\xff\xff")
