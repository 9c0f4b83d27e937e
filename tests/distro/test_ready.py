"""Ready spans: the same telemetry as ordinary ones, and never where an ordinary one would differ."""

from __future__ import annotations

import copy
import gc
import subprocess
import sys
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, TraceIdRatioBased

import submeter
from instrumentation import streams, whole
from instrumentation.anthropic_dialects import MESSAGES
from instrumentation.host import Host, watched
from instrumentation.openai_dialects import CHAT
from instrumentation.transport import document
from metering import Metering, in_memory, metered
from submeter.core.call import observers
from submeter.distro import watch
from submeter.distro.ready import LaterSpan, ready_spans
from submeter.value import replace

if TYPE_CHECKING:
    from instrumentation.dialect import Dialect
    from submeter.record import CallRecord

HERE = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.usefixtures("clean_gc")

TIMES = ("gen_ai.response.time_to_first_chunk",)

FORKED = """
import os
import sys
sys.path.insert(0, "")
import httpx2
import openai
import submeter
from metering import in_memory
made = in_memory(is_batching=True)
submeter.instrument(tracer_provider=made.traces, meter_provider=made.metrics, logger_provider=made.logs)
usage = {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10}
answer = {"id": "c", "object": "chat.completion", "created": 1, "model": "gpt-4o", "choices": [], "usage": usage}
transport = httpx2.MockTransport(lambda request: httpx2.Response(200, json=answer))
client = openai.OpenAI(api_key="k", http_client=httpx2.Client(transport=transport))
with submeter.session("s-1") as meter:
    for _ in range(2):
        client.chat.completions.create(model="gpt-4o", messages=[])
child = os.fork()
if child:
    os.waitpid(child, 0)
total = made.total("gen_ai.client.inference.usage.input_tokens")
print("parent" if child else "child", len(made.ended()), total, meter.usage.input_tokens, flush=True)
os._exit(0)
"""


class Watching(SpanProcessor):
    """A processor that is not the SDK's own: with it, spans are ordinary."""


def played(made: Metering, dialect: Dialect) -> list[Any]:
    with metered(made), made.traces.get_tracer("the application").start_as_current_span("work"):
        for play, reply in (
            (whole.plain, dialect.document()),  # loads the evaluator
            (whole.plain, dialect.document()),
            (streams.drained, dialect.stream()),
            (streams.closed_early, dialect.stream()),
            (whole.refused_as_bad, dialect.error(400)),
        ):
            watched(play, Host(dialect, [reply], is_async=False))
        return made.ended()


def call(dialect: Dialect) -> None:
    watched(whole.plain, Host(dialect, [dialect.document()], is_async=False))


def told(span: Any) -> dict[str, Any]:
    attributes = {name: value for name, value in span.attributes.items() if name not in TIMES}
    scope = span.instrumentation_scope
    return {
        "name": span.name,
        "kind": span.kind,
        "status": (span.status.status_code, span.status.description),
        "attributes": {name: (type(value), value) for name, value in attributes.items()},
        "timed": sorted(name for name in span.attributes if name in TIMES),
        "scope": (scope.name, scope.version),
        "events": len(span.events),
        "links": len(span.links),
        "resource": dict(span.resource.attributes),
        "has parent": span.parent is not None,
        "flags": span.context.trace_flags,
        "is in order": span.start_time <= span.end_time,
    }


@pytest.mark.parametrize("dialect", [CHAT, MESSAGES], ids=lambda dialect: dialect.name)
def test_they_tell_what_ordinary_spans_tell(dialect: Dialect) -> None:
    ready, ordinary = in_memory(), in_memory()
    ordinary.traces.add_span_processor(Watching())
    assert ready_spans(ready.traces) is not None
    assert ready_spans(ordinary.traces) is None
    assert [told(span) for span in played(ready, dialect)] == [told(span) for span in played(ordinary, dialect)]


@pytest.mark.parametrize("dialect", [CHAT, MESSAGES], ids=lambda dialect: dialect.name)
def test_what_is_worked_out_by_the_thread_that_batches_is_the_same(dialect: Dialect) -> None:
    later, ordinary = in_memory(is_batching=True), in_memory()
    ordinary.traces.add_span_processor(Watching())
    spans = played(later, dialect)
    assert [type(span) is LaterSpan for span in spans] == [False, True, False, False, False]
    assert [told(span) for span in spans] == [told(span) for span in played(ordinary, dialect)]
    for name in ("submeter.cost", "gen_ai.client.inference.usage.input_tokens"):
        assert later.total(name) == ordinary.total(name) != 0


def test_one_that_is_copied_before_anybody_looked_has_its_attributes() -> None:
    span = played(in_memory(is_batching=True), CHAT)[1]
    assert type(span) is LaterSpan
    again = copy.copy(span)
    assert again.to_json() == span.to_json()
    assert "gen_ai.usage.input_tokens" in (again.attributes or {})
    with pytest.raises(AttributeError, match="nothing_of_it"):
        _ = span.nothing_of_it


def test_a_call_that_somebody_waits_for_is_told_at_once() -> None:
    made = in_memory(is_batching=True)
    with metered(made):
        call(CHAT)
        heard: list[object] = []
        observers.append(lambda record, _scope: heard.append(record))
        call(CHAT)
        assert len(heard) == 1
        assert not any(type(span) is LaterSpan for span in made.ended())


@pytest.mark.parametrize("is_looked_at", [False, True], ids=["at its end", "at every call"])
@pytest.mark.parametrize("dialect", [CHAT, MESSAGES], ids=lambda dialect: dialect.name)
def test_a_meter_counts_calls_that_are_left_for_later(dialect: Dialect, is_looked_at: bool) -> None:
    later, ordinary = in_memory(is_batching=True), in_memory()
    ordinary.traces.add_span_processor(Watching())
    found: list[Any] = []
    for made in (later, ordinary):
        with submeter.session("s-1", user="u-1", operation="search") as outer, submeter.session(step="find") as inner:
            if is_looked_at:
                assert (outer.usage.calls, len(inner.calls)) == (0, 0)
            spans = played(made, dialect)
            usages = [repr(meter.usage) for meter in (outer, inner)]
            records = [[plain(record) for record in meter.calls] for meter in (outer, inner)]
            found.append((usages, records, [told(span) for span in spans], len(inner.warnings)))
            assert [record.span_id for record in outer.calls] == [f"{span.context.span_id:016x}" for span in spans]
        assert outer.usage.calls == 5
    assert found[0] == found[1]
    assert [type(span) is LaterSpan for span in later.ended()] == [False, True, False, False, False]


def plain(record: CallRecord) -> CallRecord:
    """A record without what differs from run to run."""
    return replace(
        record,
        started_ns=0,
        ended_ns=0,
        trace_id="",
        span_id="",
        parent_span_id="",
        time_to_first_chunk_s=None,
        time_per_output_chunk_s=None,
    )


def test_a_session_is_freed_without_the_collector_when_its_calls_are_told() -> None:
    made = in_memory(is_batching=True)
    with metered(made):
        call(CHAT)
        with submeter.session("s-1") as meter:
            Host(CHAT, [CHAT.document()], is_async=False).calls.create(**CHAT.request)
        gone = weakref.ref(meter)
        gc.collect()
        gc.disable()
        try:
            del meter
            assert gone() is None
        finally:
            gc.enable()


def test_a_warning_comes_within_the_very_call_that_causes_it() -> None:
    full = {**CHAT.answer, "usage": {"prompt_tokens": 125_000, "completion_tokens": 10, "total_tokens": 125_010}}
    made = in_memory(is_batching=True)
    with metered(made):
        heard: list[object] = []
        submeter.on_warning(heard.append)
        call(CHAT)
        call(CHAT)
        watched(whole.plain, Host(CHAT, [document(full)], is_async=False))
        assert len(heard) == 1


def test_a_forked_child_tells_nothing_of_what_its_parent_left_for_later() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKED], capture_output=True, text=True, timeout=60, check=False, cwd=HERE
    )
    assert done.stdout.split() == ["child", "0", "None", "18", "parent", "2", "18", "18"], done.stderr


def test_they_are_children_of_the_work_in_hand() -> None:
    made = in_memory()
    spans = played(made, CHAT)
    (work,) = [span for span in made.all_ended() if span.name == "work"]
    for span in spans:
        assert span.parent is not None
        assert work.context is not None
        assert (span.parent.span_id, span.context.trace_id) == (work.context.span_id, work.context.trace_id)
    assert len({span.context.span_id for span in spans}) == len(spans)


@pytest.mark.parametrize(
    "provider",
    [
        TracerProvider(sampler=ALWAYS_OFF, shutdown_on_exit=False),
        TracerProvider(sampler=TraceIdRatioBased(0.5), shutdown_on_exit=False),
        TracerProvider(sampler=ParentBased(ALWAYS_OFF), shutdown_on_exit=False),
        TracerProvider(span_limits=SpanLimits(max_span_attributes=5), shutdown_on_exit=False),
        TracerProvider(span_limits=SpanLimits(max_attribute_length=5), shutdown_on_exit=False),
        TracerProvider(span_limits=SpanLimits(max_span_attribute_length=5), shutdown_on_exit=False),
        object(),
    ],
    ids=["off", "ratio", "parent", "few attributes", "short attributes", "short span attributes", "another"],
)
def test_where_anything_could_differ_there_are_none(provider: Any) -> None:
    assert ready_spans(provider) is None


def test_a_processor_that_is_added_later_sees_ordinary_spans_from_then_on() -> None:
    started: list[str] = []

    class Noting(SpanProcessor):
        def on_start(self, span: Any, parent_context: Any = None) -> None:  # noqa: ARG002  (the SDK's signature)
            started.append(span.name)

    with metered() as metering:
        watched(whole.plain, Host(CHAT, [CHAT.document()], is_async=False))
        metering.traces.add_span_processor(Noting())
        watched(whole.plain, Host(CHAT, [CHAT.document()], is_async=False))
        assert started == ["chat gpt-4o"]
        assert len(metering.ended()) == 2


def test_within_a_session_the_evaluator_is_shown_what_is_something_to_it() -> None:
    with metered(in_memory(is_batching=True)), submeter.session("s-1") as meter:
        shown: list[int] = []
        cut = CHAT.document(choices=[{**CHAT.answer["choices"][0], "finish_reason": "length"}])
        for reply in (CHAT.document(), CHAT.document(), cut):
            Host(CHAT, [reply], is_async=False).calls.create(**CHAT.request)
            shown.append(watch._evaluators[0].sizes()["calls"])  # pyright: ignore[reportPrivateUsage]
        assert shown == [1, 1, 2]
        assert meter.usage.calls == 3
        assert meter.usage.total_tokens == 3 * sum(CHAT.truth[name] for name in ("input_tokens", "output_tokens"))
