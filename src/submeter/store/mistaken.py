"""Mistaken: ids in a form that is not stored, and ids that no session has, with what was perhaps meant."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Final

from submeter.store.errors import UnknownSession

if TYPE_CHECKING:
    from submeter.store.database import Reader

TRACE_BYTES: Final = 16
SPAN_BYTES: Final = 8
_HEX: Final = re.compile(r"[0-9a-f]+")


def hexadecimal(text: str, size: int) -> str:
    """The id of a trace or a span as it is stored, in lower hexadecimal digits; empty where it is none.

    Args:
        text: in hexadecimal digits, or in Base64, as protobuf's own JSON and some viewers write ids.
        size: its bytes, `TRACE_BYTES` or `SPAN_BYTES`.
    """
    plain = text.strip().lower()
    if len(plain) == size * 2 and _HEX.fullmatch(plain):
        return plain
    try:
        found = base64.b64decode(text.strip().translate({45: "+", 95: "/"}), validate=True)
    except ValueError:
        return ""
    return found.hex() if len(found) == size else ""


def unknown_session(store: Reader, session: str) -> UnknownSession:
    """Why there is no such session: it is a trace's id, or is spelled otherwise."""
    if trace := hexadecimal(session, TRACE_BYTES):
        of = store.ask("trace_sessions", {"trace": trace})
        if of:
            return UnknownSession(session, [row["session_id"] for row in of], is_trace=True)
    similar = store.ask("similar_sessions", {"session": session})
    return UnknownSession(session, [row["session_id"] for row in similar])
