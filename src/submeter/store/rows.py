"""OTLP spans as rows of otel_traces, and the calls among them as records.

One pass over the request: every span becomes a row; a span that may be a call has its attributes normalised
first and, where another instrumentation saw it, gets a cost, so that the row, the tables fed from it and the record
say the same.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from submeter import semconv
from submeter.store.calls import OURS, Facts, Owner, Witness, each_once, rank_of, record_of
from submeter.store.costs import priced
from submeter.store.names import NamesOf
from submeter.store.native import Ids, Lists, Maps, Numbers, Strings, Texts, Words, block
from submeter.store.normalisation import is_call, normalised
from submeter.store.wire import ABSENT, Details, Pairs, Statuses, spans_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from submeter.record import CallRecord

LAST_NS: Final = 2**63 - 2
"""The last instant, in nanoseconds since the epoch, that a time column holds and a range without end includes."""

_KINDS: Final = dict(enumerate(("Unspecified", "Internal", "Server", "Client", "Producer", "Consumer")))
_STATUS: Final = dict(enumerate(("Unset", "Ok", "Error")))
_ERROR: Final = 2


class Batch(NamedTuple):
    """What one request becomes: a block of rows in the engine's format, and the calls in it."""

    block: bytes
    rows: int
    records: tuple[CallRecord, ...]


class Spans:
    """The columns of otel_traces under construction."""

    def __init__(self, texts_of: Texts) -> None:
        self.time = Numbers("DateTime64(9, 'UTC')", "q")
        self.trace = Ids(16)
        self.span = Ids(8)
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

    def extend(self, group: Group, attributes: Sequence[dict[str, str]]) -> None:
        """Adds the spans of one scope, column by column; `attributes` are as they are to be stored."""
        owner, spans, size = group.owner, group.spans, len(group.spans)
        self.time.extend(group.starts)
        self.parent.extend(group.parents)
        self.state.extend([span.trace_state for span in spans])
        self.name.extend([span.name for span in spans])
        self.kind.extend([_KINDS.get(kind, _KINDS[0]) for kind in group.kinds])
        self.attributes.extend(attributes)
        self.duration.extend([max(end - start, 0) for start, end in zip(group.starts, group.ends, strict=True)])
        self.status.extend([_STATUS.get(code, _STATUS[0]) for code, _ in group.status])
        self.message.extend([message for _, message in group.status])
        self._extend_events(group)
        self._extend_links(group)
        self.service.repeat(owner.service, size)
        self.resource.repeat(owner.resource, size)
        self.scope.repeat(owner.scope, size)
        self.version.repeat(owner.version, size)
        self.rows += size

    def _extend_events(self, group: Group) -> None:
        if all(span.last_event == ABSENT for span in group.spans):
            for column in (self.event_time, self.event_name, self.event_attributes):
                column.add_none(len(group.spans))
            return
        for events in [span.events for span in group.detailed()]:
            self.event_time.add([min(event.time_unix_nano, LAST_NS) for event in events])
            self.event_name.add([event.name for event in events])
            self.event_attributes.add([group.pairs.texts(event.attributes) for event in events])

    def _extend_links(self, group: Group) -> None:
        if all(span.last_link == ABSENT for span in group.spans):
            for column in (self.link_trace, self.link_span, self.link_state, self.link_attributes):
                column.add_none(len(group.spans))
            return
        for links in [span.links for span in group.detailed()]:
            self.link_trace.add([link.trace_id.hex() for link in links])
            self.link_span.add([link.span_id.hex() for link in links])
            self.link_state.add([link.trace_state for link in links])
            self.link_attributes.add([group.pairs.texts(link.attributes) for link in links])

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


class Reading(NamedTuple):
    """What is shared while one request is read: its attributes and states taken apart, and its rarer parts."""

    pairs: Pairs
    statuses: Statuses
    details: Details


class Group:
    """The spans of one scope of one resource, and what both their rows and their records need."""

    def __init__(
        self, owner: Owner, spans: Sequence[Any], reading: Reading, columns: Spans, detailed: Callable[[], Any]
    ) -> None:
        self.owner = owner
        self.spans = spans
        self.pairs = reading.pairs
        self.detailed = detailed
        self.starts = [min(span.start_time_unix_nano, LAST_NS) for span in spans]
        self.ends = [min(span.end_time_unix_nano, LAST_NS) for span in spans]
        self.kinds = [span.kind for span in spans]
        self.parents = [span.parent_span_id.hex() for span in spans]
        self.status = [reading.statuses[span.status] for span in spans]
        self.traces = columns.trace.extend([span.trace_id for span in spans])
        self.ids = columns.span.extend([span.span_id for span in spans])

    def facts(self, at: int) -> Facts:
        """What a record takes of the span at this place, besides its attributes."""
        is_error = self.status[at][0] == _ERROR
        return self.starts[at], self.ends[at], self.traces[at], self.ids[at], self.parents[at], is_error


def span_batch(data: bytes) -> Batch:
    """The rows and calls of one request, `data`.

    Raises:
        DecodeError: the bytes are no request.
    """
    texts_of, witnesses = Texts(), list[Witness]()
    columns, reading = Spans(texts_of), Reading(Pairs(texts_of), Statuses(), Details(data))
    for place, resource_spans in enumerate(spans_of(data).resource_spans):
        resource = reading.pairs.texts(resource_spans.resource.attributes)
        service = resource.get(semconv.SERVICE_NAME, "")
        for place_within, scope_spans in enumerate(resource_spans.scope_spans):
            owner = Owner(service, resource, scope_spans.scope.name, scope_spans.scope.version)
            detailed = partial(reading.details.of, place, place_within)
            group = Group(owner, list(scope_spans.spans), reading, columns, detailed)
            columns.extend(group, _normalised(group, witnesses))
    return Batch(columns.encoded(), columns.rows, each_once(witnesses))


def _normalised(group: Group, witnesses: list[Witness]) -> list[dict[str, str]]:
    """The attributes of every span, with the conventions' names and a cost where it is a call; calls go to `witnesses`.

    What our own host half says of a call stays as it is: where it states no cost, its prices knew none.
    """
    owner, names_of = group.owner, NamesOf()
    pair_of = group.pairs.__getitem__
    found = [dict(map(pair_of, span.attributes)) for span in group.spans]
    for at, attributes in enumerate(found):
        names = names_of[tuple(attributes)]
        if not names.may_be_call:
            continue
        stored, usage = normalised(attributes, owner.scope, owner.version, names)
        if stored is not attributes:
            found[at], names = stored, names_of[tuple(stored)]
        if is_call(stored):
            rank = rank_of(owner.scope, group.kinds[at])
            if rank != OURS and (told := priced(stored, usage, group.starts[at])) is not stored:
                stored = found[at] = told
                names = names_of[tuple(told)]
            witnesses.append(Witness(rank, record_of(stored, names, usage, owner, group.facts(at))))
    return found
