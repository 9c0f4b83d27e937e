"""OTLP spans as rows of otel_traces, and the calls among them as records.

One pass over the request: every span becomes a row; a span that may be a call has its attributes normalised
first, so that the row, the tables fed from it and the record say the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from submeter import semconv
from submeter.store.attributes import texts
from submeter.store.calls import Ids, Owner, Witness, each_once, rank_of, record_of
from submeter.store.dialects import MARKS
from submeter.store.native import Lists, Maps, Numbers, Strings, Texts, Words, block, text
from submeter.store.normalisation import is_call, normalised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    from submeter.record import CallRecord

LAST_NS: Final = 2**63 - 2
"""The last instant, in nanoseconds since the epoch, that a time column holds and a range without end includes."""

_KINDS: Final = ("Unspecified", "Internal", "Server", "Client", "Producer", "Consumer")
_STATUS: Final = ("Unset", "Ok", "Error")


class Batch(NamedTuple):
    """What one request becomes: a block of rows in the engine's format, and the calls in it."""

    block: bytes
    rows: int
    records: tuple[CallRecord, ...]


class Spans:
    """The columns of otel_traces under construction."""

    def __init__(self) -> None:
        texts_of = Texts()
        self.time = Numbers("DateTime64(9, 'UTC')", "q")
        self.trace = Strings(texts_of)
        self.span = Strings(texts_of)
        self.parent = Strings(texts_of)
        self.state = Strings(texts_of)
        self.name = Words()
        self.kind = Words()
        self.service = Words()
        self.resource = Maps(texts_of)
        self.scope = Words()
        self.version = Words()
        self.attributes = Maps(texts_of)
        self.duration = Numbers("UInt64", "Q")
        self.status = Words()
        self.message = Strings(texts_of)
        self.event_time = Lists(Numbers("DateTime64(9, 'UTC')", "q"))
        self.event_name = Lists(Words())
        self.event_attributes = Lists(Maps(texts_of))
        self.link_trace = Lists(Strings(texts_of))
        self.link_span = Lists(Strings(texts_of))
        self.link_state = Lists(Strings(texts_of))
        self.link_attributes = Lists(Maps(texts_of))
        self.rows = 0

    def add(self, span: Span, ids: Ids, attributes: dict[str, str], end_ns: int) -> None:
        """Adds what one span has of its own; `add_owner` adds the rest."""
        start_ns = min(span.start_time_unix_nano, LAST_NS)
        status = span.status
        self.time.add(start_ns)
        self.trace.add(ids.trace)
        self.span.append(text(ids.span))
        self.parent.add(ids.parent)
        self.state.add(span.trace_state)
        self.name.add(span.name)
        self.kind.add(_word(_KINDS, span.kind))
        self.attributes.add(attributes)
        self.duration.add(max(end_ns - start_ns, 0))
        self.status.add(_word(_STATUS, status.code))
        self.message.add(status.message)
        self._add_events(span)
        self._add_links(span)
        self.rows += 1

    def add_owner(self, owner: Owner, times: int) -> None:
        """Adds what `times` spans share with their resource and scope."""
        self.service.repeat(owner.service, times)
        self.resource.repeat(owner.resource, times)
        self.scope.repeat(owner.scope, times)
        self.version.repeat(owner.version, times)

    def _add_events(self, span: Span) -> None:
        events = span.events
        if not events:
            for column in (self.event_time, self.event_name, self.event_attributes):
                column.add_none()
            return
        self.event_time.add([min(event.time_unix_nano, LAST_NS) for event in events])
        self.event_name.add([event.name for event in events])
        self.event_attributes.add([texts(event.attributes) for event in events])

    def _add_links(self, span: Span) -> None:
        links = span.links
        if not links:
            for column in (self.link_trace, self.link_span, self.link_state, self.link_attributes):
                column.add_none()
            return
        self.link_trace.add([link.trace_id.hex() for link in links])
        self.link_span.add([link.span_id.hex() for link in links])
        self.link_state.add([link.trace_state for link in links])
        self.link_attributes.add([texts(link.attributes) for link in links])

    def encoded(self) -> bytes:
        """All rows as one block."""
        return block(
            (
                ("Timestamp", self.time),
                ("TraceId", self.trace),
                ("SpanId", self.span),
                ("ParentSpanId", self.parent),
                ("TraceState", self.state),
                ("SpanName", self.name),
                ("SpanKind", self.kind),
                ("ServiceName", self.service),
                ("ResourceAttributes", self.resource),
                ("ScopeName", self.scope),
                ("ScopeVersion", self.version),
                ("SpanAttributes", self.attributes),
                ("Duration", self.duration),
                ("StatusCode", self.status),
                ("StatusMessage", self.message),
                ("Events.Timestamp", self.event_time),
                ("Events.Name", self.event_name),
                ("Events.Attributes", self.event_attributes),
                ("Links.TraceId", self.link_trace),
                ("Links.SpanId", self.link_span),
                ("Links.TraceState", self.link_state),
                ("Links.Attributes", self.link_attributes),
            ),
            self.rows,
        )


def span_batch(request: ExportTraceServiceRequest) -> Batch:
    """The rows and calls of one request."""
    spans, witnesses = Spans(), list[Witness]()
    for resource_spans in request.resource_spans:
        resource = texts(resource_spans.resource.attributes)
        service = resource.get(semconv.SERVICE_NAME, "")
        for scope_spans in resource_spans.scope_spans:
            scope = scope_spans.scope
            owner = Owner(service, resource, scope.name, scope.version)
            for span in scope_spans.spans:
                _take(span, owner, spans, witnesses)
            spans.add_owner(owner, len(scope_spans.spans))
    return Batch(spans.encoded(), spans.rows, each_once(witnesses))


def _take(span: Span, owner: Owner, spans: Spans, witnesses: list[Witness]) -> None:
    attributes = texts(span.attributes)
    ids = Ids(span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex())
    end_ns = min(span.end_time_unix_nano, LAST_NS)
    if not MARKS.isdisjoint(attributes):
        attributes, usage = normalised(attributes, owner.scope, owner.version)
        if is_call(attributes):
            record = record_of(span, ids, attributes, usage, owner, end_ns)
            witnesses.append(Witness(rank_of(owner.scope, span.kind), record))
    spans.add(span, ids, attributes, end_ns)


def _word(words: Sequence[str], index: int) -> str:
    return words[index] if 0 <= index < len(words) else words[0]
