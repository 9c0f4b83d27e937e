"""What is not ours fails: callbacks, observers, tracers, processors, exporters, readers, log handlers of the host."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import Sampler
from opentelemetry.trace import NoOpTracerProvider

import submeter
from faults.functions import BrokenError
from instrumentation import streams, whole
from instrumentation.anthropic_dialects import MESSAGES
from instrumentation.host import Host, watched
from instrumentation.openai_dialects import CHAT
from metering import Metering, in_memory, metered
from submeter.core import call, guard

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from instrumentation.dialect import Dialect

pytestmark = pytest.mark.usefixtures("clean_gc")


class BrokenProcessor(SpanProcessor):
    def __init__(self, *names: str) -> None:
        self._names = names

    def on_start(self, *_args: Any, **_kwargs: Any) -> None:
        if "start" in self._names:
            raise BrokenError("on_start")

    def on_end(self, span: Any) -> None:
        if "end" in self._names:
            raise BrokenError(span)


class BrokenExporter(SpanExporter):
    def export(self, spans: Sequence[Any]) -> Any:
        raise BrokenError(len(spans))


class BrokenSampler(Sampler):
    def should_sample(self, *_args: Any, **_kwargs: Any) -> Any:
        raise BrokenError("should_sample")

    def get_description(self) -> str:
        return "broken"


class BrokenProvider(TracerProvider):
    def get_tracer(self, *_args: Any, **_kwargs: Any) -> Any:
        raise BrokenError("get_tracer")


class BrokenHandler(logging.Handler):
    def handle(self, record: logging.LogRecord) -> bool:
        raise BrokenError(record.msg)


FULL = CHAT.document(usage={"prompt_tokens": 127_000, "completion_tokens": 500, "total_tokens": 127_500})
"""An answer that fills the context window, which causes a warning."""


@contextmanager
def lenient() -> Generator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guard, "is_strict", False)
        yield


def seen(dialect: Dialect, *, is_async: bool) -> list[object]:
    """A plain call, a stream, a stream left half way and a refused call of one application."""
    found: list[object] = []
    for play, reply in (
        (whole.plain, dialect.document()),
        (streams.drained, dialect.stream()),
        (streams.closed_early, dialect.stream()),
        (whole.refused_as_bad, dialect.error(400)),
    ):
        found += watched(play, Host(dialect, [reply], is_async=is_async))
    return found


def with_processor(processor: SpanProcessor) -> Metering:
    made = in_memory()
    made.traces.add_span_processor(processor)
    return made


def with_traces(traces: Any) -> Metering:
    made = in_memory()
    made.traces = traces
    return made


def with_meters(name: str) -> Metering:
    made = in_memory()

    def broken(*_args: object, **_kwargs: object) -> Any:
        raise BrokenError(name)

    setattr(made.metrics, name, broken)
    return made


BROKEN = {
    "processor at the start": lambda: with_processor(BrokenProcessor("start")),
    "processor at the end": lambda: with_processor(BrokenProcessor("end")),
    "exporter": lambda: with_processor(SimpleSpanProcessor(BrokenExporter())),
    "sampler": lambda: with_traces(TracerProvider(sampler=BrokenSampler(), shutdown_on_exit=False)),
    "tracer provider": lambda: with_traces(BrokenProvider(shutdown_on_exit=False)),
    "no telemetry at all": lambda: with_traces(NoOpTracerProvider()),
    "meter provider": lambda: with_meters("get_meter"),
}


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("dialect", [CHAT, MESSAGES], ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("what", BROKEN)
def test_broken_telemetry_never_reaches_the_host(what: str, dialect: Dialect, is_async: bool) -> None:
    bare = seen(dialect, is_async=is_async)
    with lenient(), metered(BROKEN[what]()):
        assert seen(dialect, is_async=is_async) == bare


@pytest.mark.parametrize("when", ["start", "end"])
def test_a_processor_that_raises_costs_the_span_and_not_the_meter(when: str) -> None:
    with lenient(), metered(with_processor(BrokenProcessor(when))), submeter.session("s-1") as meter:
        seen(CHAT, is_async=False)
        assert meter.usage.calls == (4 if when == "end" else 0)


def test_a_callback_that_raises_costs_that_warning_alone(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[object] = []

    def broken(warning: object) -> None:
        raise BrokenError(str(warning))

    bare = watched(whole.plain, Host(CHAT, [FULL], is_async=False))
    with lenient(), metered() as metering, submeter.session("s-1") as meter:
        submeter.on_warning(broken)
        submeter.on_warning(heard.append)
        assert watched(whole.plain, Host(CHAT, [FULL], is_async=False)) == bare
        assert len(heard) == len(meter.warnings) == 1
        assert len(metering.ended()) == 1
    assert "broken" in caplog.text


def test_a_callback_that_ends_the_program_is_no_failure_of_ours() -> None:
    def leave(_warning: object) -> None:
        raise SystemExit(3)

    with lenient(), metered():
        submeter.on_warning(leave)
        with pytest.raises(SystemExit):
            Host(CHAT, [FULL], is_async=False).calls.create(**CHAT.request)


def test_an_observer_that_raises_leaves_the_others_their_record() -> None:
    heard: list[object] = []

    def broken(*_args: object) -> None:
        raise BrokenError

    bare = seen(CHAT, is_async=False)
    with lenient(), metered() as metering:
        call.observers[:0] = [broken]
        call.observers.append(lambda record, _scope: heard.append(record))
        assert seen(CHAT, is_async=False) == bare
        assert len(heard) == len(metering.ended()) == 4


def test_a_log_handler_that_raises_when_we_report_a_failure_never_reaches_the_host() -> None:
    def broken(*_args: object) -> None:
        raise BrokenError

    logger, handler = logging.getLogger("submeter"), BrokenHandler()
    bare = seen(CHAT, is_async=False)
    logger.addHandler(handler)
    try:
        with lenient(), metered():
            call.observers.append(broken)
            assert seen(CHAT, is_async=False) == bare
            assert guard.failures == 4
    finally:
        logger.removeHandler(handler)


def test_a_failure_is_logged_once_a_kind_and_counted_each_time(caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_args: object) -> None:
        raise BrokenError

    with lenient(), metered():
        call.observers.append(broken)
        seen(CHAT, is_async=False)
        assert guard.failures == 4
    assert len([record for record in caplog.records if record.name == "submeter"]) == 1
    assert "your call is not affected" in caplog.text
