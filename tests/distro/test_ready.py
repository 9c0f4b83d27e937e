"""Ready spans: the same telemetry as ordinary ones, and never where an ordinary one would differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, TraceIdRatioBased

from instrumentation import streams, whole
from instrumentation.anthropic_dialects import MESSAGES
from instrumentation.host import Host, watched
from instrumentation.openai_dialects import CHAT
from metering import Metering, in_memory, metered
from submeter.distro.ready import ready_spans

if TYPE_CHECKING:
    from instrumentation.dialect import Dialect

pytestmark = pytest.mark.usefixtures("clean_gc")

TIMES = ("gen_ai.response.time_to_first_chunk",)


class Watching(SpanProcessor):
    """A processor that is not the SDK's own: with it, spans are ordinary."""


def played(made: Metering, dialect: Dialect) -> list[Any]:
    with metered(made), made.traces.get_tracer("the application").start_as_current_span("work"):
        for play, reply in (
            (whole.plain, dialect.document()),
            (streams.drained, dialect.stream()),
            (streams.closed_early, dialect.stream()),
            (whole.refused_as_bad, dialect.error(400)),
        ):
            watched(play, Host(dialect, [reply], is_async=False))
        return made.ended()


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
