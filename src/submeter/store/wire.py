"""OTLP spans read from the wire by messages of our own, which leave every attribute as the bytes it is.

The same bytes under another description: an attribute that is not taken apart costs nothing, and most attributes
of a batch repeat, so that their text is looked up and not made (`Pairs`). The standard messages make an object
per attribute and per value, which was a fifth of the intake's time.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

from submeter.store.attributes import number_text, text_of
from submeter.store.native import ONE_BYTE

if TYPE_CHECKING:
    from submeter.store.native import Texts

_TYPES: Final = {
    "bytes": FieldDescriptorProto.TYPE_BYTES,
    "string": FieldDescriptorProto.TYPE_STRING,
    "fixed64": FieldDescriptorProto.TYPE_FIXED64,
    "int32": FieldDescriptorProto.TYPE_INT32,
}
_Messages = Mapping[str, Mapping[str, tuple[int, str]]]

_MESSAGES: Final[_Messages] = {
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
        "last_event": (11, "?bytes"),
        "last_link": (13, "?bytes"),
        "status": (15, "bytes"),
    },
}
"""Every message that is read: its fields, their numbers in OTLP, and their types.

`*` says repeated; `?` that the field is `ABSENT` if it is not there, so that of events and links one learns whether
there are any without an object for each span that has none.
"""

_DETAILS: Final[_Messages] = {
    "Request": {"resource_spans": (1, "*ResourceSpans")},
    "ResourceSpans": {"scope_spans": (2, "*ScopeSpans")},
    "ScopeSpans": {"spans": (2, "*Span")},
    "Span": {"events": (11, "*Event"), "links": (13, "*Link")},
    "Event": {"time_unix_nano": (1, "fixed64"), "name": (2, "string"), "attributes": (3, "*bytes")},
    "Link": {
        "trace_id": (1, "bytes"),
        "span_id": (2, "bytes"),
        "trace_state": (3, "string"),
        "attributes": (4, "*bytes"),
    },
    "Status": {"message": (2, "string"), "code": (3, "int32")},
}
"""The same of what few spans have."""

ABSENT: Final = b"-"
"""What a `?` field is if it is not there; no message is written so."""

_KEY: Final = 0x0A
_VALUE: Final = 0x12
_STRING: Final = 0x0A
_INT: Final = 0x18
_DOUBLE: Final = 0x21
_MANY_BYTES: Final = 0x80
"""From here on a length takes more than one byte."""

_LEAST: Final = 6
"""Bytes of an attribute with an empty name and an empty text."""

_CONTINUES: Final = 0x80808080
_CONTINUED: Final = (-1, 0, 0x80, 0x8080, 0x808080)
"""Which of the bytes of a number say that it goes on, by how many bytes it has."""

_double: Final = struct.Struct("<d")


class _Keys(dict[bytes, str]):
    """Names of attributes by their bytes, the same object for the same name."""

    def __missing__(self, data: bytes) -> str:
        key = self[data] = data.decode()
        return key


class Pairs(dict[bytes, tuple[str, str]]):
    """Attributes of one batch, by their bytes: an attribute that repeats is taken apart once.

    A short text stands on the wire as the engine wants it, a length and UTF-8; it goes into `encoded` as it is.
    """

    def __init__(self, encoded: Texts) -> None:
        self._encoded = encoded
        self._keys = _Keys()

    def __missing__(self, data: bytes) -> tuple[str, str]:
        pair = self[data] = self._short(data) or _any(data)
        return pair

    def texts(self, attributes: Any) -> dict[str, str]:
        """All attributes as texts; of a repeated key the last one counts."""
        return dict(map(self.__getitem__, attributes))

    def _short(self, data: bytes) -> tuple[str, str] | None:
        """An attribute as nearly all are: a short key, then a short text or a number, and nothing else."""
        size = len(data)
        if size < _LEAST or data[0] != _KEY:
            return None
        end = data[1] + 2
        rest = size - end - 2
        if end > _MANY_BYTES or not 2 <= rest < _MANY_BYTES or data[end] != _VALUE or data[end + 1] != rest:  # noqa: PLR2004  (a kind and a byte)
            return None
        kind = data[end + 2]
        if kind == _STRING and data[end + 3] == rest - 2:
            encoded = data[end + 3 :]
            text = encoded[1:].decode()
        else:
            text = _number_text(kind, data[end + 3 :])
            if text is None:
                return None
            encoded = ONE_BYTE[len(text)] + text.encode()
        self._encoded[text] = encoded
        return self._keys[data[2:end]], text


class Statuses(dict[bytes, tuple[int, str]]):
    """Code and message of every status of a batch, by its bytes."""

    def __missing__(self, data: bytes) -> tuple[int, str]:
        status = _STATUS.FromString(data)
        pair = self[data] = status.code, status.message
        return pair


class Details:
    """Events and links of the spans of a request, which is read once more for them, and only if it is asked."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @cached_property
    def _resources(self) -> Any:
        return _DETAILED.FromString(self._data).resource_spans

    def of(self, resource: int, scope: int) -> Any:
        """The spans, with `events` and `links`, of the scope at that place of the resource at that place."""
        return self._resources[resource].scope_spans[scope].spans


def spans_of(data: bytes) -> Any:
    """The request in `data`, a message like `ExportTraceServiceRequest` with its attributes and states as bytes.

    Raises:
        DecodeError: the bytes are not such a request.
    """
    return _REQUEST.FromString(data)


def _number_text(kind: int, tail: bytes) -> str | None:
    """What a number of this kind is in text, if it is a double or a whole number of at most four bytes."""
    if kind == _INT and len(tail) < len(_CONTINUED):
        bits = int.from_bytes(tail, "little")
        if bits & _CONTINUES != _CONTINUED[len(tail)]:
            return None
        return str(bits & 0x7F | bits >> 1 & 0x3F80 | bits >> 2 & 0x1FC000 | bits >> 3 & 0xFE00000)
    if kind != _DOUBLE or len(tail) != _double.size:
        return None
    (number,) = _double.unpack(tail)
    text = repr(number)
    return text if text[-2:] != ".0" else number_text(number)


def _any(data: bytes) -> tuple[str, str]:
    pair = KeyValue.FromString(data)
    return pair.key, text_of(pair.value)


def _pool_of(package: str, messages: _Messages) -> DescriptorPool:
    """The messages as protobuf knows them, under the older syntax, which has defaults."""
    file = FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto2")
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for field, (number, type_name) in fields.items():
            bare = type_name.lstrip("*?")
            label = FieldDescriptorProto.LABEL_REPEATED if type_name[0] == "*" else FieldDescriptorProto.LABEL_OPTIONAL
            default = ABSENT.decode() if type_name[0] == "?" else None
            if bare in _TYPES:
                message.field.add(name=field, number=number, label=label, type=_TYPES[bare], default_value=default)
            else:
                kind, owner = FieldDescriptorProto.TYPE_MESSAGE, f".{package}.{bare}"
                message.field.add(name=field, number=number, label=label, type=kind, type_name=owner)
    pool = DescriptorPool()
    pool.Add(file)
    return pool


def _class_of(pool: DescriptorPool, name: str) -> Any:
    return GetMessageClass(pool.FindMessageTypeByName(name))


_details: Final = _pool_of("submeter.details", _DETAILS)
_REQUEST: Final = _class_of(_pool_of("submeter.wire", _MESSAGES), "submeter.wire.Request")
_DETAILED: Final = _class_of(_details, "submeter.details.Request")
_STATUS: Final = _class_of(_details, "submeter.details.Status")
