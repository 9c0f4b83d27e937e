"""Dropped calls end soon, and never in the middle of telemetry code whose locks this thread may hold."""

from __future__ import annotations

import gc
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.trace import SpanProcessor

import submeter
from instrumentation.host import Host
from instrumentation.openai_dialects import CHAT
from metering import in_memory, metered
from submeter import context
from submeter.context.meter import MeterUsage
from submeter.core import abandoned, guard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metering import Metering
    from submeter.record import CallRecord

pytestmark = pytest.mark.usefixtures("clean_gc", "collected_by_hand")


@pytest.fixture
def collected_by_hand() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def half_read() -> list[Any]:
    """A stream that was read in part, in a cycle that only the collector can end."""
    host = Host(CHAT, [CHAT.stream()], is_async=False)
    chunks = host.calls.create(**CHAT.request, stream=True)
    next(chunks)
    knot: list[Any] = [chunks]
    knot.append(knot)
    return knot


def test_a_dropped_stream_ends_at_once_where_that_is_safe(metering: Metering) -> None:
    half_read()
    gc.collect()
    assert len(metering.all_ended()) == 1


def test_a_dropped_stream_ends_at_once_in_a_thread_too(metering: Metering) -> None:
    def work() -> None:
        half_read()
        gc.collect()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert len(metering.all_ended()) == 1


class Collecting(SpanProcessor):
    """Collects garbage while the SDK hands it a span, and notes how many spans ended meanwhile."""

    def __init__(self) -> None:
        self.depth = 0
        self.deepest = 0

    def on_end(self, span: Any) -> None:  # noqa: ARG002  (the SDK's signature)
        self.depth += 1
        self.deepest = max(self.deepest, self.depth)
        gc.collect()
        self.depth -= 1


def test_collected_inside_telemetry_code_it_waits_for_the_next_call() -> None:
    made, collecting = in_memory(), Collecting()
    made.traces.add_span_processor(collecting)
    with metered(made):
        half_read()
        Host(CHAT, [CHAT.document()], is_async=False).calls.create(**CHAT.request)
        assert collecting.deepest == 1
        assert len(made.all_ended()) == 1
        Host(CHAT, [CHAT.document()], is_async=False).calls.create(**CHAT.request)
        assert len(made.all_ended()) == 3


def test_collected_inside_telemetry_code_it_ends_with_the_next_collection_of_metrics() -> None:
    made = in_memory()
    made.traces.add_span_processor(Collecting())
    with metered(made):
        half_read()
        Host(CHAT, [CHAT.document()], is_async=False).calls.create(**CHAT.request)
        assert len(made.all_ended()) == 1
        made.reader.get_metrics_data()
        assert len(made.all_ended()) == 2


def test_collected_inside_a_log_handler_it_waits(metering: Metering) -> None:
    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:  # noqa: ARG002  (the library's signature)
            gc.collect()

    logger, handler = logging.getLogger("the application"), Handler()
    logger.addHandler(handler)
    half_read()
    logger.warning("something")
    logger.removeHandler(handler)
    assert metering.all_ended() == []
    assert len(metering.ended()) == 1


def test_what_waits_ends_once_and_a_failure_of_one_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "is_strict", False)
    ended: list[int] = []

    def fail() -> None:
        raise ValueError

    monkeypatch.setattr(abandoned, "_is_safe", lambda: False)
    for end in (lambda: ended.append(1), fail, lambda: ended.append(2)):
        abandoned.bury(end)
    assert ended == []
    abandoned.settle()
    abandoned.settle()
    assert ended == [1, 2]


def closed_early() -> None:
    chunks = Host(CHAT, [CHAT.stream()], is_async=False).calls.create(**CHAT.request, stream=True)
    next(chunks)
    chunks.close()


def test_under_our_own_wrappers_it_ends_at_once() -> None:
    with metered() as metering:

        @submeter.session("s-1")
        def work(meter: context.Meter) -> int:
            closed_early()
            return meter.usage.calls

        with submeter.session("s-1") as meter:
            assert work(meter) == 1
            with ThreadPoolExecutor(1) as pool:
                assert pool.submit(work, meter).result() == 2
        assert len(metering.all_ended()) == 2


def test_collected_while_a_meter_counts_it_waits(metering: Metering, monkeypatch: pytest.MonkeyPatch) -> None:
    add = MeterUsage.add

    def collecting(usage: MeterUsage, *records: CallRecord) -> None:
        gc.collect()
        before.append(len(metering.all_ended()))
        add(usage, *records)

    before: list[int] = []
    monkeypatch.setattr(MeterUsage, "add", collecting)
    half_read()
    with submeter.session("s-1") as meter:
        Host(CHAT, [CHAT.document()], is_async=False).calls.create(**CHAT.request)
        assert meter.usage.calls == 1
    assert before == [1]
    assert len(metering.ended()) == 2
