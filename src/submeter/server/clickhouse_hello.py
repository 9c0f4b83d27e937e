"""The first question of ClickHouse's Go driver, answered by hand.

The driver names the revision of the protocol it would like and decodes this one answer at it; the revision that
the answer states is the one it decodes all later answers at. The embedded engine writes blocks of revision 0,
so 0 is what is stated.
"""

from __future__ import annotations

import re
import struct
from typing import Final

from submeter.store.native import text, varint

_HELLO: Final = re.compile(
    r"\s*SELECT\s+displayName\(\),\s*version\(\),\s*revision\(\),\s*timezone\(\)\s*(?:FORMAT\s+Native)?\s*;?\s*",
    re.IGNORECASE,
)
_CUSTOM_SERIALIZATION: Final = 54454
"""From this revision on a column says in one byte whether it is written in another way than its type's."""

_BLOCK_INFO: Final = b"\x01\x00\x02" + struct.pack("<i", -1) + b"\x00"


def is_hello(query: str) -> bool:
    """Whether `query` is the driver's first question."""
    return _HELLO.fullmatch(query) is not None


def hello(name: str, version: str, client_revision: int) -> bytes:
    """The answer to it, in the Native format of `client_revision`."""
    mark = b"\x00" if client_revision >= _CUSTOM_SERIALIZATION else b""
    columns = (
        ("displayName()", "String", text(name)),
        ("version()", "String", text(version)),
        ("revision()", "UInt32", struct.pack("<I", 0)),
        ("timezone()", "String", text("UTC")),
    )
    head = (_BLOCK_INFO if client_revision else b"") + varint(len(columns)) + varint(1)
    return head + b"".join(text(column) + text(kind) + mark + value for column, kind, value in columns)
