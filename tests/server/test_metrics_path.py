"""Metrics alone and spans alone give the same events, with more users than the SDK has room for by default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.server.metrics_path import compared

if TYPE_CHECKING:
    from pathlib import Path

USERS = 2_500
"""The OpenTelemetry SDK gives up identity at 2,000 series of an instrument."""


def test_metrics_alone_give_the_events_that_spans_alone_give(tmp_path: Path) -> None:
    found = compared(tmp_path, USERS, 3, 100)
    assert len(found.breaches) > 50, "too few breaches to show anything"
    assert found.by_metrics.breaches == found.by_spans.breaches == found.breaches
    assert set(found.by_metrics.events) == set(found.by_spans.events)
    assert {event["type"] for event in found.by_metrics.events.values()} == {"limit_reached"}
    assert found.by_metrics.deliveries == len(found.by_metrics.events)
