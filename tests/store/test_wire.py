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


def varint(number: int, padding: int) -> bytes:
    """A number as the wire has it, with `padding` bytes more than it needs."""
    found = bytearray()
    while number >= 0x80 or padding:
        padding -= number < 0x80
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(found) + bytes([number])


def part(number: int, kind: int, data: bytes, padding: int = 0) -> bytes:
    """A field: its number and wire type, its length where it has one, what it holds."""
    size = varint(len(data), padding) if kind == 2 else b""
    return varint(number << 3 | kind, padding) + size + data


def group(number: int) -> bytes:
    """A field of the old kind that has a start and an end, with nothing between."""
    return part(number, 3, b"") + part(number, 4, b"")


def pair(name: bytes, held: bytes) -> bytes:
    return name + held


def cut(data: bytes, size: int) -> bytes:
    return data[: max(len(data) - size, 0)]


PADDINGS = st.sampled_from([0, 0, 0, 0, 1, 3])
SIZES = st.one_of(st.integers(0, 20), st.sampled_from([*range(118, 134), 300]))
DATA = st.one_of(st.binary(max_size=12), st.builds(bytes.ljust, st.just(b"a"), SIZES, st.just(b"b")))
COUNTS = st.one_of(st.integers(0, 200), st.integers(0, 2**64 - 1), st.sampled_from([127, 128, 2**28 - 1, 2**28]))
VARINTS = st.builds(varint, COUNTS, PADDINGS)
LOOSE = st.one_of(
    st.builds(part, st.integers(1, 9), st.just(0), VARINTS, PADDINGS),
    st.builds(part, st.integers(1, 9), st.just(1), st.binary(min_size=8, max_size=8), PADDINGS),
    st.builds(part, st.integers(1, 9), st.just(2), DATA, PADDINGS),
    st.builds(part, st.integers(1, 9), st.just(5), st.binary(min_size=4, max_size=4), PADDINGS),
    st.builds(group, st.integers(1, 20)),
)
"""Fields of any number and type, in messages where they belong and where they do not, with groups among them."""
STATED = st.one_of(
    st.builds(part, st.just(1), st.just(2), DATA, PADDINGS),
    st.builds(part, st.sampled_from([2, 3]), st.just(0), VARINTS, PADDINGS),
    st.builds(part, st.just(4), st.just(1), st.binary(min_size=8, max_size=8), PADDINGS),
)
"""The simple values as `AnyValue` has them."""
CUTS = st.sampled_from([0, 0, 0, 1, 2, 5])
HELD = st.builds(cut, st.lists(st.one_of(STATED, STATED, LOOSE), min_size=1, max_size=2).map(b"".join), CUTS)
NAMES = st.builds(part, st.just(1), st.just(2), DATA, PADDINGS)
HOLDERS = st.builds(part, st.sampled_from([2, 2, 2, 3]), st.just(2), HELD, PADDINGS)
BUILT = st.one_of(
    st.builds(pair, NAMES, HOLDERS),
    st.lists(st.one_of(NAMES, HOLDERS, LOOSE), max_size=4).map(b"".join),
)
BYTES = st.builds(cut, BUILT, CUTS)
"""Attributes put together by hand: repeated, absent and unknown fields, numbers longer than they need be, cut off."""


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


def reads_alike(data: bytes) -> None:
    """Whether these bytes are the same attribute to us as to the standard messages, or an error to both."""
    try:
        expected = KeyValue.FromString(data)
    except DecodeError:
        with pytest.raises((DecodeError, UnicodeDecodeError)):
            Pairs(Texts())[data]
    else:
        assert dict([Pairs(Texts())[data]]) == texts([expected])


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
@given(st.one_of(BYTES, st.binary(max_size=40)))
def test_whatever_bytes_an_attribute_is_it_reads_as_the_standard_messages_read_it(data: bytes) -> None:
    reads_alike(data)


SEEDS = (
    KeyValue(key="k", value=AnyValue(string_value="v")),
    KeyValue(key="k", value=AnyValue(int_value=7)),
    KeyValue(key="k", value=AnyValue(int_value=2**28 - 1)),
    KeyValue(key="k", value=AnyValue(double_value=0.5)),
    KeyValue(key="\n" * 12, value=AnyValue(string_value="\n\x12\x18" * 4)),
    KeyValue(key="k" * 126, value=AnyValue(string_value="v")),
    KeyValue(key="k" * 127, value=AnyValue(bool_value=True)),
    KeyValue(key="k", value=AnyValue(string_value="v" * 125)),
    KeyValue(key="k", value=AnyValue(string_value="v" * 126)),
)
CUT_OFF = b"\n\1k\x12\1\n"
"""An attribute whose value is a kind and nothing else."""


@pytest.mark.parametrize("data", [*(seed.SerializeToString() for seed in SEEDS), CUT_OFF], ids=range(len(SEEDS) + 1))
def test_with_any_byte_changed_cut_out_or_doubled_it_reads_as_the_standard_messages_read_it(data: bytes) -> None:
    for at in (*range(min(len(data), 20)), *range(max(len(data) - 6, 20), len(data))):
        for byte in range(256):
            reads_alike(data[:at] + bytes([byte]) + data[at + 1 :])
        reads_alike(data[:at])
        reads_alike(data[:at] + data[at + 1 :])
        reads_alike(data[:at] + data[at:] * 2)


def test_bytes_that_are_no_request_are_refused() -> None:
    with pytest.raises(DecodeError):
        spans_of(b"\xff\xff")
