"""Calls as the tests need them: what a test does not name is a plain, finished chat call."""

from __future__ import annotations

from itertools import count
from typing import Any

from submeter.record import CallRecord
from submeter.usage import Usage

SECOND_NS = 1_000_000_000
HOUR_NS = 3_600 * SECOND_NS
DAY_NS = 24 * HOUR_NS

NOON_NS = 1_791_547_200 * SECOND_NS
"""2026-10-09 12:00:00 UTC, a Friday."""

_SPANS = count(1)

_PLAIN: dict[str, Any] = {
    "trace_id": f"{7:032x}",
    "service": "shop",
    "provider": "openai",
    "kind": "chat",
    "request_model": "gpt-5",
    "response_model": "gpt-5-2025-08-07",
    "session_id": "s-42",
    "user_id": "u-7",
    "context_window": 100_000,
}


def call(
    input_tokens: int | None = 0, output_tokens: int | None = 0, *, at_ns: int = NOON_NS, **fields: Any
) -> CallRecord:
    """A call that ended at `at_ns`; each has its own span id, `fields` override everything."""
    found: dict[str, Any] = {
        **_PLAIN,
        "started_ns": at_ns - SECOND_NS,
        "ended_ns": at_ns,
        "span_id": f"{next(_SPANS):016x}",
        "usage": Usage(input_tokens=input_tokens, output_tokens=output_tokens),
        **fields,
    }
    return CallRecord(**found)
