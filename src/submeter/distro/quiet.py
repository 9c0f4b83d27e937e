"""Quiet: says once, in words that help, that telemetry cannot be delivered, instead of the exporters' many.

A program that has never heard of OpenTelemetry must not have its output filled by it.
"""

from __future__ import annotations

import logging
import time

from submeter import settings

AGAIN_S = 600.0
"""How long one line has to do, in seconds."""

_said_at = -AGAIN_S


def say(cause: str) -> None:
    """Logs that telemetry cannot be delivered, and what to do, at most every ten minutes."""
    global _said_at  # noqa: PLW0603  (one line for the process)
    now = time.monotonic()
    if now - _said_at < AGAIN_S:
        return
    _said_at = now
    short = " ".join(cause.split())[:160]
    logging.getLogger("submeter").warning(
        "submeter cannot deliver its telemetry to %s; your program is not affected. Start `submeter up` or a "
        "collector there, or set OTEL_EXPORTER_OTLP_ENDPOINT. (%s)",
        settings.endpoint(),
        short,
    )


class Quiet(logging.Filter):
    """Turns an exporter's warnings and errors into our one line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Passes what is less than a warning."""
        if record.levelno < logging.WARNING:
            return True
        say(record.getMessage())
        return False


def quieten(module: str) -> None:
    """Has the exporter of a module speak through our one line."""
    logger = logging.getLogger(module)
    if not any(isinstance(known, Quiet) for known in logger.filters):
        logger.addFilter(Quiet())
