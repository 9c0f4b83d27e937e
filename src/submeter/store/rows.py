"""OTLP spans as rows of otel_traces, and the calls among them as records.

One pass over the request: every span becomes a row; a span that may be a call has its attributes normalised
first, so that the row, the tables fed from it and the record say the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from submeter import semconv
from submeter.store.calls import Facts, Owner, Witness, each_once, rank_of, record_of
from submeter.store.names import NamesOf
from submeter.store.native import Lists, Maps, Numbers, Strings, Texts, Words, block
from submeter.store.normalisation import is_call, normalised
from submeter.store.wire import Pairs, spans_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from submeter.record import CallRecord

LAST_NS: Final = 2**63 - 2
"""The last instant, in nanoseconds since the epoch, that a time column holds and a range without end includes."""

_KINDS: Final = ("Unspecified", "Internal", "Server", "Client", "Producer", "Consumer")
_STATUS: Final = ("Unset", "Ok", "Error")
_ERROR: Final = 2


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

    def extend(self, group: Group, attributes: Sequence[dict[str, str]]) -> None:
        """Adds the spans of one scope, column by column; `attributes` are as they are to be stored."""
        owner, spans, size = group.owner, group.spans, len(group.spans)
        self.time.extend(group.starts)
        self.trace.extend(group.traces)
        self.span.extend_unique(group.ids)
        self.parent.extend(group.parents)
        self.state.extend([span.trace_state for span in spans])
        self.name.extend([span.name for span in spans])
        self.kind.extend([_word(_KINDS, span.kind) for span in spans])
        self.attributes.extend(attributes)
        self.duration.extend([max(end - start, 0) for start, end in zip(group.starts, group.ends, strict=True)])
        self.status.extend([_word(_STATUS, status.code) for status in group.status])
        self.message.extend([status.message for status in group.status])
        self._extend_events([span.events for span in spans], group.pairs)
        self._extend_links([span.links for span in spans], group.pairs)
        self.service.repeat(owner.service, size)
        self.resource.repeat(owner.resource, size)
        self.scope.repeat(owner.scope, size)
        self.version.repeat(owner.version, size)
        self.rows += size

    def _extend_events(self, lists: Sequence[Any], pairs: Pairs) -> None:
        if not any(map(len, lists)):
            for column in (self.event_time, self.event_name, self.event_attributes):
                column.add_none(len(lists))
            return
        for events in lists:
            self.event_time.add([min(event.time_unix_nano, LAST_NS) for event in events])
            self.event_name.add([event.name for event in events])
            self.event_attributes.add([pairs.texts(event.attributes) for event in events])

    def _extend_links(self, lists: Sequence[Any], pairs: Pairs) -> None:
        if not any(map(len, lists)):
            for column in (self.link_trace, self.link_span, self.link_state, self.link_attributes):
                column.add_none(len(lists))
            return
        for links in lists:
            self.link_trace.add([link.trace_id.hex() for link in links])
            self.link_span.add([link.span_id.hex() for link in links])
            self.link_state.add([link.trace_state for link in links])
            self.link_attributes.add([pairs.texts(link.attributes) for link in links])

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


class Group:
    """The spans of one scope of one resource, and what both their rows and their records need."""

    def __init__(self, owner: Owner, spans: Sequence[Any], pairs: Pairs) -> None:
        self.owner = owner
        self.spans = spans
        self.pairs = pairs
        self.starts = [min(span.start_time_unix_nano, LAST_NS) for span in spans]
        self.ends = [min(span.end_time_unix_nano, LAST_NS) for span in spans]
        self.traces = [span.trace_id.hex() for span in spans]
        self.ids = [span.span_id.hex() for span in spans]
        self.parents = [span.parent_span_id.hex() for span in spans]
        self.status = [span.status for span in spans]

    def facts(self, at: int) -> Facts:
        """What a record takes of the span at this place, besides its attributes."""
        return Facts(
            self.starts[at],
            self.ends[at],
            self.traces[at],
            self.ids[at],
            self.parents[at],
            self.status[at].code == _ERROR,
        )


def span_batch(data: bytes) -> Batch:
    """The rows and calls of one request, `data`.

    Raises:
        DecodeError: the bytes are no request.
    """
    spans, witnesses, pairs = Spans(), list[Witness](), Pairs()
    for resource_spans in spans_of(data).resource_spans:
        resource = pairs.texts(resource_spans.resource.attributes)
        service = resource.get(semconv.SERVICE_NAME, "")
        for scope_spans in resource_spans.scope_spans:
            owner = Owner(service, resource, scope_spans.scope.name, scope_spans.scope.version)
            group = Group(owner, list(scope_spans.spans), pairs)
            spans.extend(group, _normalised(group, witnesses))
    return Batch(spans.encoded(), spans.rows, each_once(witnesses))


def _normalised(group: Group, witnesses: list[Witness]) -> list[dict[str, str]]:
    """The attributes of every span, with the conventions' names where it may be a call; calls go to `witnesses`."""
    owner, names_of = group.owner, NamesOf()
    found = [group.pairs.texts(span.attributes) for span in group.spans]
    for at, attributes in enumerate(found):
        names = names_of[tuple(attributes)]
        if not names.may_be_call:
            continue
        found[at], usage = normalised(attributes, owner.scope, owner.version, names)
        if is_call(found[at]):
            record = record_of(found[at], names, usage, owner, group.facts(at))
            witnesses.append(Witness(rank_of(owner.scope, group.spans[at].kind), record))
    return found


def _word(words: Sequence[str], index: int) -> str:
    return words[index] if 0 <= index < len(words) else words[0]
