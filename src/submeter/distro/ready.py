"""Ready spans: a finished call handed to the span processors as one record, where nothing stands against it.

The SDK's own span checks, copies and locks each attribute twice; most of what a call costs is that. A ready span
is the same telemetry, built once at the end: only where the provider and its processors are the SDK's own, which do
nothing when a span starts, the sampler takes every span, and no limit could cut an attribute. Anything else, or an
SDK that looks different inside, gets an ordinary span. Where all processors batch, what a span tells of its end can be
worked out in their thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.trace import sampling
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    get_current_span,
)

from submeter import semconv
from submeter.core.guard import attempt
from submeter.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MOST_ATTRIBUTES = 128
"""The attribute limit of the SDK; a lower one could cut a call's attributes."""

_Span = TypeVar("_Span", bound=sdk.ReadableSpan)
_SCOPE = InstrumentationScope(semconv.SCOPE, VERSION)
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_UNSET = Status(StatusCode.UNSET)
_PROCESSORS = {BatchSpanProcessor, SimpleSpanProcessor}


class ReadySpan:
    """A call's span while it runs: what an ordinary span offers of which a call makes use."""

    __slots__ = ("_kind", "_maker", "_name", "_start_ns", "_status", "attributes", "context", "parent")

    def __init__(
        self,
        maker: ReadySpans,
        name: str,
        attributes: dict[str, Any],
        context: SpanContext,
        parent: SpanContext | None,
        start_ns: int,
    ) -> None:
        self._maker = maker
        self._name = name
        self._start_ns = start_ns
        self._status = _UNSET
        self.attributes = attributes
        self.context = context
        self.parent = parent

    def get_span_context(self) -> SpanContext:
        """The ids of the span."""
        return self.context

    def is_recording(self) -> bool:
        """Always: a span that is not recorded is never a ready one."""
        return True

    def set_attribute(self, name: str, value: Any) -> None:
        """Sets one attribute."""
        self.attributes[name] = value

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Sets several attributes."""
        self.attributes.update(attributes)

    def update_name(self, name: str) -> None:
        """Gives the span another name."""
        self._name = name

    def set_status(self, status: Status) -> None:
        """Sets the status."""
        self._status = status

    def end(self, end_time: int) -> None:
        """Hands the span, finished at `end_time` nanoseconds since the epoch, to the processors."""
        self._maker.processor.on_end(self._finished(sdk.ReadableSpan, end_time))

    def _finished(self, kind: type[_Span], end_time: int) -> _Span:
        return kind(
            self._name,
            self.context,
            self.parent,
            self._maker.provider.resource,
            self.attributes,
            kind=SpanKind.CLIENT,
            status=self._status,
            start_time=self._start_ns,
            end_time=end_time,
            instrumentation_scope=_SCOPE,
        )


class LaterSpan(sdk.ReadableSpan):
    """A finished span that asks for its attributes when an exporter first looks at them."""

    def ask(self, tell: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
        """Has `tell` make all attributes of those known so far, when they are wanted."""
        self._tell: Callable[[dict[str, Any]], Mapping[str, Any]] = tell
        self._asked: Any = self._attributes
        del self._attributes

    def __getattr__(self, name: str) -> Any:  # of what is not there: `_attributes`, until it is asked for
        if name != "_attributes":
            raise AttributeError(name)
        # Two threads may both ask, and find the same.
        self._attributes = attributes = attempt(self._tell, self._asked, default=self._asked)
        return attributes


class PatientSpan(ReadySpan):
    """A ready span whose processors all batch."""

    __slots__ = ()

    def end_later(self, end_time: int, tell: Callable[[dict[str, Any]], Mapping[str, Any]]) -> None:
        """Hands the span over, finished at `end_time`, with what gives its attributes to whoever exports it."""
        span = self._finished(LaterSpan, end_time)
        span.ask(tell)
        self._maker.processor.on_end(span)


class ReadySpans:
    """Makes ready spans for one provider, as long as nothing about it changes."""

    def __init__(self, provider: sdk.TracerProvider, processor: Any, processors: tuple[Any, ...]) -> None:
        self.provider = provider
        self.processor = processor
        self._processors = processors
        self._ids = provider.id_generator
        self._kind = PatientSpan if _can_wait(processors) else ReadySpan
        self._flags = _SAMPLED
        if getattr(self._ids, "is_trace_id_random", lambda: False)():
            self._flags = TraceFlags(TraceFlags.SAMPLED | getattr(TraceFlags, "RANDOM_TRACE_ID", 0))

    def start(self, name: str, attributes: dict[str, Any], at_ns: int) -> ReadySpan | None:
        """A span started at `at_ns`, or `None` where an ordinary one is needed."""
        if self.processor._span_processors is not self._processors:  # noqa: SLF001  (a processor was added since)
            return None
        parent = get_current_span().get_span_context()
        if not parent.is_valid:
            context = SpanContext(self._ids.generate_trace_id(), self._ids.generate_span_id(), False, self._flags)  # noqa: FBT003
            return self._kind(self, name, attributes, context, None, at_ns)
        if not parent.trace_flags.sampled:
            return None
        context = SpanContext(
            parent.trace_id,
            self._ids.generate_span_id(),
            False,  # noqa: FBT003  (the API's own order)
            parent.trace_flags,
            parent.trace_state,
        )
        return self._kind(self, name, attributes, context, parent, at_ns)


def _can_wait(processors: tuple[Any, ...]) -> bool:
    if not processors or any(type(one) is not BatchSpanProcessor for one in processors):
        return False
    probe = LaterSpan("", attributes={})
    try:
        probe.ask(lambda asked: asked)
    except AttributeError:  # another SDK inside, as below
        return False
    return probe.attributes == {}


def ready_spans(provider: Any) -> ReadySpans | None:
    """Ready spans for `provider`, `None` where only ordinary ones will do."""
    if type(provider) is not sdk.TracerProvider or provider.sampler not in {sampling.DEFAULT_ON, sampling.ALWAYS_ON}:
        return None
    try:
        limits = provider._span_limits  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        processor: Any = provider._active_span_processor  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        processors: tuple[Any, ...] = processor._span_processors  # noqa: SLF001
        is_off = provider._disabled  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        is_cut = (
            (limits.max_span_attributes or MOST_ATTRIBUTES) < MOST_ATTRIBUTES
            or limits.max_attribute_length is not None
            or limits.max_span_attribute_length is not None
        )
    except AttributeError:  # another SDK inside than 1.34 to 1.45
        return None
    if is_off or is_cut or any(type(one) not in _PROCESSORS for one in processors):
        return None
    return ReadySpans(provider, processor, processors)
