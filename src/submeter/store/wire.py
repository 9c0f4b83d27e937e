"""OTLP spans read from the wire by messages of our own, which leave every attribute as the bytes it is.

The same bytes under another description: an attribute that is not taken apart costs nothing, and most attributes
of a batch repeat, so that their text is looked up and not made (`Pairs`). The standard messages make an object
per attribute and per value, which was a fifth of the intake's time.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from submeter.store.attributes import number_text, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_TYPES: Final = {
    "bytes": FieldDescriptorProto.TYPE_BYTES,
    "string": FieldDescriptorProto.TYPE_STRING,
    "fixed64": FieldDescriptorProto.TYPE_FIXED64,
    "int32": FieldDescriptorProto.TYPE_INT32,
}
_MESSAGES: Final[Mapping[str, Mapping[str, tuple[int, str]]]] = {
    "Request": {"resource_spans": (1, "*ResourceSpans")},
    "ResourceSpans": {"resource": (1, "Resource"), "scope_spans": (2, "*ScopeSpans")},
    "Resource": {"attributes": (1, "*bytes")},
    "ScopeSpans": {"scope": (1, "Scope"), "spans": (2, "*Span")},
    "Scope": {"name": (1, "string"), "version": (2, "string")},
    "Span": {
        "trace_id": (1, "bytes"),
        "span_id": (2, "bytes"),
        "trace_state": (3, "string"),
        "parent_span_id": (4, "bytes"),
        "name": (5, "string"),
        "kind": (6, "int32"),
        "start_time_unix_nano": (7, "fixed64"),
        "end_time_unix_nano": (8, "fixed64"),
        "attributes": (9, "*bytes"),
        "events": (11, "*Event"),
        "links": (13, "*Link"),
        "status": (15, "Status"),
    },
    "Event": {"time_unix_nano": (1, "fixed64"), "name": (2, "string"), "attributes": (3, "*bytes")},
    "Link": {
        "trace_id": (1, "bytes"),
        "span_id": (2, "bytes"),
        "trace_state": (3, "string"),
        "attributes": (4, "*bytes"),
    },
    "Status": {"message": (2, "string"), "code": (3, "int32")},
}
"""Every message that is read: its fields, their numbers in OTLP, and their types; `*` says repeated."""

_PACKAGE: Final = "submeter.wire"
_KEY: Final = 0x0A
_VALUE: Final = 0x12
_STRING: Final = 0x0A
_INT: Final = 0x18
_DOUBLE: Final = 0x21
_ONE_BYTE: Final = 0x80


class Pairs(dict[bytes, tuple[str, str]]):
    """Attributes of one batch, by their bytes: an attribute that repeats is taken apart once."""

    def __missing__(self, data: bytes) -> tuple[str, str]:
        pair = self[data] = _short(data) or _any(data)
        return pair

    def texts(self, attributes: Any) -> dict[str, str]:
        """All attributes as texts; of a repeated key the last one counts."""
        return dict(map(self.__getitem__, attributes))


def spans_of(data: bytes) -> Any:
    """The request in `data`, a message like `ExportTraceServiceRequest` with its attributes as bytes.

    Raises:
        DecodeError: the bytes are not such a request.
    """
    return _REQUEST.FromString(data)


def _short(data: bytes) -> tuple[str, str] | None:
    """An attribute as nearly all are: a short key, then a short text or a number, and nothing else."""
    size = len(data)
    if size < 4 or data[0] != _KEY or (key_size := data[1]) >= _ONE_BYTE:  # noqa: PLR2004  (key and value)
        return None
    end = 2 + key_size
    if size < end + 4 or data[end] != _VALUE or data[end + 1] != size - end - 2:
        return None
    kind, key, at = data[end + 2], data[2:end].decode(), end + 3
    if kind == _STRING and data[at] == size - at - 1:
        text = data[at + 1 :].decode()
    elif kind == _INT and (number := _varint(data, at)) is not None:
        text = str(number)
    elif kind == _DOUBLE and size == at + 8:
        text = number_text(_double(data, at)[0])
    else:
        return None
    return key, text


def _varint(data: bytes, at: int) -> int | None:
    """The number that ends with the data, or nothing if it does not."""
    number, shift, last = 0, 0, len(data) - 1
    while at < last and data[at] >= _ONE_BYTE:
        number |= (data[at] & 127) << shift
        shift += 7
        at += 1
    if at != last or data[at] >= _ONE_BYTE:
        return None
    number |= data[at] << shift
    return number if number < 1 << 63 else number - (1 << 64)


_double: Final = struct.Struct("<d").unpack_from


def _any(data: bytes) -> tuple[str, str]:
    pair = KeyValue.FromString(data)
    return pair.key, text_of(pair.value)


def _class_of_requests() -> Any:
    file = FileDescriptorProto(name="submeter/wire.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, type_name) in fields.items():
            bare = type_name.lstrip("*")
            label = FieldDescriptorProto.LABEL_REPEATED if bare != type_name else FieldDescriptorProto.LABEL_OPTIONAL
            if bare in _TYPES:
                message.field.add(name=field, number=number, label=label, type=_TYPES[bare])
            else:
                kind, owner = FieldDescriptorProto.TYPE_MESSAGE, f".{_PACKAGE}.{bare}"
                message.field.add(name=field, number=number, label=label, type=kind, type_name=owner)
    pool = DescriptorPool()
    pool.Add(file)
    return GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Request"))


_REQUEST: Final = _class_of_requests()
