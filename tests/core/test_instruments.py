"""Instruments: who tells what waits for a collection, and what is done where nobody collects."""

# The queue and the instruments in use are what instruments.py keeps to itself.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import metrics

from instrumentation.host import Host
from instrumentation.openai_dialects import CHAT
from metering import forget, in_memory, metered
from submeter import semconv
from submeter.core import instruments, telemetry
from submeter.core.telemetry import Providers, global_providers
from submeter.distro import exporters, providers
from submeter.record import CallRecord
from submeter.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Generator

pytestmark = pytest.mark.usefixtures("clean_gc")

RECORD = CallRecord(0, 1, provider="openai", kind="chat", usage=Usage(input_tokens=3))


@contextmanager
def counting_for(chosen: Any) -> Generator[None]:
    """Calls are counted for this provider of meters."""
    forget()
    others = global_providers()
    telemetry.use(lambda: Providers(others.traces, chosen, others.logs))
    try:
        yield
    finally:
        forget()


def test_the_thread_that_batches_makes_room_before_a_call_must(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instruments, "EASED", 4)
    monkeypatch.setattr(instruments, "TURN", 3)
    with metered(in_memory(is_batching=True)) as made:
        host = Host(CHAT, [CHAT.document()], is_async=False)
        for _ in range(12):
            host.calls.create(**CHAT.request)
        assert len(instruments._waiting) == 12
        first, second, *others = made.ended()[1:]  # the first call loads the evaluator, and is told at once
        assert first.attributes
        assert len(instruments._waiting) == 9
        assert first.attributes
        assert len(instruments._waiting) == 9
        assert second.attributes
        assert all(span.attributes for span in others)
        assert len(instruments._waiting) == 3
        assert made.total(semconv.METRIC_INPUT_TOKENS) == 12 * CHAT.truth["input_tokens"]
        assert instruments._waiting == type(instruments._waiting)()


def asked() -> CallRecord:
    pytest.fail("nobody needs this record")


@pytest.mark.parametrize("chosen", [metrics.NoOpMeterProvider(), metrics.get_meter_provider()], ids=["none", "not set"])
def test_where_nobody_collects_calls_are_dropped_untold(chosen: Any) -> None:
    with counting_for(chosen):
        for _ in range(3 * instruments.FULL):
            instruments.count(asked)
        assert instruments.FULL - instruments.PIECE <= len(instruments._waiting) < instruments.FULL
        instruments.flush()
        assert not instruments._waiting


def test_what_waits_when_the_application_sets_its_metrics_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    made = in_memory()
    proxy: Any = type(metrics.get_meter_provider())()
    monkeypatch.setattr(instruments, "get_meter_provider", lambda: proxy)
    with counting_for(proxy):
        for _ in range(instruments.FULL + 1):
            instruments.count(RECORD)
        waiting = len(instruments._waiting)
        proxy.on_set_meter_provider(made.metrics)
        monkeypatch.setattr(instruments, "get_meter_provider", lambda: made.metrics)
        instruments.count(RECORD)
        assert made.total(semconv.METRIC_INPUT_TOKENS) == 3 * (waiting + 1)


def test_metrics_that_are_switched_off_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    forget()
    monkeypatch.setenv("OTEL_METRICS_EXPORTER", "none")
    try:
        made = providers._metrics(in_memory().traces.resource)
        assert type(made) is metrics.NoOpMeterProvider
        providers._stop(made)
    finally:
        exporters.kinds.cache_clear()
