"""Event streams: the binary framing in which AWS sends events."""

from __future__ import annotations

import base64
import binascii
import json
import struct
from typing import Any


def message(payload: Any, kind: str = "chunk", message_type: str = "event") -> bytes:
    """One message with `payload` as its JSON."""
    data = json.dumps(payload).encode()
    type_header = ":event-type" if message_type == "event" else f":{message_type}-type"
    headers = b"".join(
        _header(name, value)
        for name, value in {
            type_header: kind,
            ":content-type": "application/json",
            ":message-type": message_type,
        }.items()
    )
    prelude = struct.pack("!II", len(headers) + len(data) + 16, len(headers))
    framed = prelude + struct.pack("!I", binascii.crc32(prelude)) + headers + data
    return framed + struct.pack("!I", binascii.crc32(framed))


def chunk(document: Any) -> bytes:
    """One message that passes a model's own JSON through."""
    return message({"bytes": base64.b64encode(json.dumps(document).encode()).decode()})


def _header(name: str, value: str) -> bytes:
    return bytes([len(name)]) + name.encode() + b"\x07" + struct.pack("!H", len(value)) + value.encode()
