"""Quiet: says once, in words that help, that telemetry cannot be delivered, instead of the exporter's many.

A program that has never heard of OpenTelemetry must not have its output filled by it.
"""

from __future__ import annotations

import logging
import time

from submeter import settings

AGAIN_S = 600.0
"""How long one line has to do, in seconds."""


class Quiet(logging.Filter):
    """Replaces the exporters' log records by one line of ours every ten minutes."""

    _said_at = -AGAIN_S

    def filter(self, record: logging.LogRecord) -> bool:
        """Lets nothing below a warning be changed, and a warning or error pass as our one line."""
        if record.levelno < logging.WARNING:
            return True
        now = time.monotonic()
        if now - Quiet._said_at < AGAIN_S:
            return False
        Quiet._said_at = now
        record.msg = (
            "submeter cannot deliver its telemetry to %s; your program is not affected. Start `submeter up` "
            "or a collector there, or set OTEL_EXPORTER_OTLP_ENDPOINT. (%s)"
        )
        record.args = (settings.endpoint(), _cause(record))
        record.exc_info = None
        return True


def _cause(record: logging.LogRecord) -> str:
    text = " ".join(record.getMessage().split()) if record.args is not None else ""
    return text[:160] + ("..." if len(text) > 160 else "")  # noqa: PLR2004  (a line)
