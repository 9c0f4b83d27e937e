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
    field = value.WhichOneof("value")
    if field is None:
        return ""
    if field == "int_value":
        return str(value.int_value)
    plain = plain_of(value)
    if isinstance(plain, str):
        return plain
    if isinstance(plain, float):
        return number_text(plain)
    return json.dumps(plain, separators=(",", ":"), ensure_ascii=False)


def plain_of(value: AnyValue) -> object:
    """The value as a Python object; bytes as base64 text, nothing as `None`."""
    field = value.WhichOneof("value")
    if field is None:
        return None
    if field == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    if field == "array_value":
        return [plain_of(item) for item in value.array_value.values]
    if field == "kvlist_value":
        return {item.key: plain_of(item.value) for item in value.kvlist_value.values}
    return getattr(value, field)


def number_text(value: float) -> str:
    """A double in the shortest decimal that reads back the same, without a needless `.0`."""
    if value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004
        return str(int(value))
    return repr(value)


def texts(attributes: Iterable[KeyValue]) -> dict[str, str]:
    """All attributes as texts; of a repeated key the last one counts.

    The common types are read by their fields: of a value's fields only the stated one is not empty, and
    asking which one is stated costs as much as the rest.
    """
    return {
        entry.key: value.string_value
        or (
            str(whole)
            if (whole := value.int_value)
            else number_text(number)
            if (number := value.double_value)
            else text_of(value)
        )
        for entry in attributes
        for value in (entry.value,)
    }
