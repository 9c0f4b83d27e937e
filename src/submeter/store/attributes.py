"""OTLP attribute values as the text that the collector's exporter would store, and as Python values."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue


def text_of(value: AnyValue) -> str:
    """The value as text: numbers in decimal, booleans as true or false, bytes in base64, the rest as JSON."""
    if value.string_value:
        return value.string_value
    match value.WhichOneof("value"):
        case "int_value":
            return str(value.int_value)
        case "bool_value":
            return "true" if value.bool_value else "false"
        case "double_value":
            return number_text(value.double_value)
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case "array_value" | "kvlist_value":
            return json.dumps(plain(value), separators=(",", ":"), ensure_ascii=False)
        case _:
            return ""


def plain(value: AnyValue) -> object:
    """The value as a Python object; bytes as base64 text."""
    match value.WhichOneof("value"):
        case "string_value":
            return value.string_value
        case "int_value":
            return value.int_value
        case "bool_value":
            return value.bool_value
        case "double_value":
            return value.double_value
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case "array_value":
            return [plain(item) for item in value.array_value.values]
        case "kvlist_value":
            return {item.key: plain(item.value) for item in value.kvlist_value.values}
        case _:
            return None


def number_text(value: float) -> str:
    """A double in the shortest decimal that reads back the same, without a needless `.0`."""
    if value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004
        return str(int(value))
    return repr(value)


def texts(attributes: Iterable[KeyValue]) -> dict[str, str]:
    """All attributes as texts; of a repeated key the last one counts."""
    return {entry.key: entry.value.string_value or text_of(entry.value) for entry in attributes}
