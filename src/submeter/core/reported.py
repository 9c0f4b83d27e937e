"""Reported: usage that a provider states of requests it made for the application, outside of any answer to one.

Results of a batch, turns of an agent that runs at the provider, requests of a session: one answer, or one stream,
states the usage of many. Each becomes a call of its own, once in a process however often it is read.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, final

from opentelemetry import context as otel_context

from submeter import context, semconv
from submeter.context.scope import beneath, current_scope
from submeter.core.answer import Answer
from submeter.core.call import Call
from submeter.core.counted import is_first, is_new, note_singly, reports
from submeter.core.endpoint import fields_of
from submeter.core.guard import attempt
from submeter.value import replace, value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from submeter.core.endpoint import Endpoint


class Made(Call):
    """A call whose request was made before it is known of: it is counted, and cannot be refused."""

    __slots__ = ()
    is_leaving = False

    def heard(self) -> None:
        """Notes the time of the first piece of an answer whose pieces are not read."""
        self.chunks, self.first_ns = 1, time.perf_counter_ns()

    def lasted(self, duration_ns: int) -> None:
        """Says how long it took, of a call that ends where that is told."""
        self.opened_ns = time.perf_counter_ns() - duration_ns


@value(kw_only=False)
class Found:
    """One request that an item reports.

    Args:
        endpoint: how it is read.
        identity: what tells it from all others.
        fields: what is said of it.
        asked: the fields of the request, where they are not among these; its model is at `model`.
        said: who made it.
        times: when it began and how long it took, in nanoseconds, where that is said.
    """

    endpoint: Endpoint
    identity: str
    fields: Mapping[str, Any]
    asked: Mapping[str, Any] = {}
    said: context.Said = context.Said()
    times: tuple[int, int] | None = None


def count_beneath(call: Call, found: Found) -> None:
    """Counts a request that was made for `call`, beneath it."""
    # Whose work it is was settled where it was given, not where it happens to be read.
    scope = current_scope.set(beneath(call.scope, found.said))
    span = otel_context.attach(call.above())
    try:
        began_ns, duration_ns = found.times or (0, 0)
        since = (began_ns, 0) if found.times else None
        made = Made(found.endpoint, call.provider, call.server, found.asked, since=since)
        made.answer(found.fields)
        if found.times:
            made.lasted(duration_ns)
        made.finish()
    finally:
        otel_context.detach(span)
        current_scope.reset(scope)


def counted_within(call: Call, duration_ns: int) -> None:
    """Counts what the answer of `call`, which took `duration_ns` nanoseconds, tells of requests within it."""
    model, tier = call.facts.get(semconv.RESPONSE_MODEL, call.model), call.facts.get(semconv.SERVICE_TIER)
    for found in call.endpoint.within.beside(call.within) if call.endpoint.within is not None else ():
        told = replace(
            found,
            endpoint=replace(found.endpoint, is_batch=call.endpoint.is_batch),
            asked=found.asked or {"model": model},
            fields={call.endpoint.service_tier: tier, **found.fields},
            times=(call.started_ns, duration_ns),
        )
        attempt(count_beneath, call, told)


@final
@value
class Report:
    """An endpoint whose answer reports requests.

    Args:
        find: the requests that an item reports: an item of a list, an event of a stream, or a line of a body.
        listed: the field of an answer that lists items, where the answer itself is none.
        is_lines: whether the body is lines of JSON, an item each.
    """

    find: Callable[[Mapping[str, Any]], Iterable[Found]]
    listed: str = ""
    is_lines: bool = False


class Reported:
    """What reads a report, in the place of the call that reads an answer.

    Args:
        report: how it is read.
        provider: value of `gen_ai.provider.name`.
        server: host and port it comes from.
        source: what tells this report from all others, and has its items in the same order each time.
    """

    is_followed = False
    is_reading = False

    def __init__(self, report: Report, provider: str, server: tuple[str, int | None], source: str = "") -> None:
        self._report = report
        self._place = provider, server
        self._source = source
        self._at = 0
        self._first = ""
        # Where it was asked for, not where it happens to be read.
        self._count = context.carry(self._counted)

    @property
    def is_lines(self) -> bool:
        """Whether the body is lines of JSON."""
        return self._report.is_lines

    def taker(self) -> Callable[[Any], bool]:
        """What takes the items of a stream; none of them is ever kept from the host."""
        return self.observe

    def observe(self, item: Any) -> bool:
        """Counts what one item reports; one that we fail at costs itself."""
        self._at += 1
        # Asked each time: the sum may be counted while this is being read.
        if self._source not in reports:
            attempt(self._count, item)
        return False

    def answer(self, answer: Any) -> None:
        """Counts what a whole answer reports."""
        listed = self._report.listed
        for item in (fields_of(answer).get(listed) or ()) if listed else (answer,):
            self.observe(item)

    def finish(self, error: BaseException | None = None) -> None:  # noqa: ARG002  (as of a `Call`)
        """The report ended; what it did not tell, its sum may still tell."""
        self._at = 0  # a body that was read may be read once more, by lines

    def drop(self) -> None:
        """The host stopped reading; what it reads later counts then."""

    def finish_early(self) -> None:
        """The host left the block of a stream; as `drop`."""

    def _counted(self, item: Any) -> None:
        requests, is_unread = [*self._report.find(fields_of(item))], None
        if requests and self._source:
            self._first = self._first or requests[0].identity
            is_unread = is_new(self._source, self._first, self._at)
        for found in requests if is_unread is not False else ():
            told: Answer
            if is_first(found.identity):
                told = call = Made(found.endpoint, *self._place, {"model": found.fields.get("model")})
                attempt(call.answer, found.fields)
                call.finish()
            elif is_unread and found.identity:  # counted, but not from here
                told = Answer(found.endpoint)
                attempt(told.read, found.fields)
            else:
                continue
            if self._source:
                note_singly(self._source, told.counts)
