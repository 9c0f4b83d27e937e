"""Call: one request to a model while it runs; it opens a span, gathers what the answer says, and finishes once.

Everything else opens a call, feeds it or finishes it. A finished call is a `CallRecord`, which goes to the
meters of its scope, to the metrics, and to whoever observes (the evaluator).
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import NonRecordingSpan, Status, StatusCode, set_span_in_context

from submeter import context, semconv, settings
from submeter.context import meter as live
from submeter.core import abandoned, exceptions, gate, instruments
from submeter.core.answer import Answer
from submeter.core.attributes import asked, known_names, named, told
from submeter.core.beneath import above, tell_above
from submeter.core.counted import is_first as is_first_of
from submeter.core.endpoint import included, summed
from submeter.core.guard import attempt
from submeter.core.parents import parent, parents
from submeter.core.recorded import record_of
from submeter.core.telemetry import telemetry
from submeter.core.tellers import attributed, tellers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opentelemetry.context import Context

    from submeter.context import Scope
    from submeter.core.endpoint import Endpoint
    from submeter.core.telemetry import Telemetry
    from submeter.core.transcript import Transcript
    from submeter.record import CallRecord

observers: list[Callable[[CallRecord, Scope], None]] = []
"""Called with every finished call, after its meters counted it."""

patient: dict[Callable[[CallRecord, Scope], None], Callable[[Call], bool]] = {}
"""An observer -> whether a call is nothing to it and need not be shown. One that is not here sees every call."""

_clock = time.perf_counter_ns
live.guarded = attempt


class Call(Answer):
    """One request to a model, from its opening to its only end.

    Args:
        endpoint: what kind of call it is and how its answer is read.
        provider: value of `gen_ai.provider.name`.
        server: host and port the request goes to; the port is `None` when unknown.
        body: the request's fields.
        is_stream: whether the caller asked for a stream.
        since: when it began, in nanoseconds since the epoch and on the performance counter, if that was not now.
    """

    is_lines = False
    """Whether its body is lines of JSON, as a report's may be."""

    is_leaving = True
    """Whether the request has yet to leave the host, so that it can be refused."""

    is_counted = True
    """Whether it is a request to a model; else those that come of it are counted in its place."""

    __slots__ = (
        "__weakref__",
        "_ended_ns",
        "_is_finished",
        "_lock",
        "_recorded",
        "is_followed",
        "is_reading",
        "is_stream",
        "kind",
        "model",
        "opened_ns",
        "provider",
        "scope",
        "server",
        "span",
        "started_ns",
        "used",
    )

    def __init__(
        self,
        endpoint: Endpoint,
        provider: str,
        server: tuple[str, int | None],
        body: Mapping[str, Any],
        *,
        is_stream: bool = False,
        since: tuple[int, int] | None = None,
    ) -> None:
        self._is_finished = True  # until the span is open there is nothing to finish
        super().__init__(endpoint)
        self.kind = endpoint.kind
        self.provider = provider
        self.server = server
        self.is_stream = is_stream
        self.scope = attributed() if tellers else context.current()
        model: Any = body["model"] if "model" in body else ""  # noqa: SIM401  (a look, where `get` is a call)
        self.model: str = model if type(model) is str and model in known_names else named(model)
        self.is_followed = False
        self.is_reading = False
        if gate.ask is not None:
            gate.ask(self)
        self._lock = threading.Lock()
        used: Telemetry = telemetry()
        self.used = used
        name = f"{endpoint.kind} {self.model}" if self.model else endpoint.kind
        attributes = asked(self, body)
        if above:
            tell_above()
        self.started_ns = time.time_ns() if since is None else since[0]
        self.span = used.start_span(name, attributes, self.started_ns, parent() if parents else None)
        if used.gathers_content:
            self.transcript = attempt(_transcript, body, settings.capture_content())
        self.opened_ns = _clock() if since is None else since[1]
        self._is_finished = False

    def finish(self, error: BaseException | None = None, *, is_early: bool = False) -> None:
        """Ends the call: span, metrics, meters and observers. Only the first call of this does anything."""
        with self._lock:
            if self._is_finished:
                return
            self._is_finished = True
        if self.within:
            attempt(self._count_within)
        ended_ns = self.started_ns + _clock() - self.opened_ns
        if self.chunks and not is_early:
            # A proxy that gives up may end the stream cleanly, and the SDK takes what it has for the whole answer.
            is_cut = self.endpoint.is_end_told and not self.finish_reasons and "output_tokens" not in self.counts
            is_early = error is not None or is_cut
        if self.endpoint.counts_as or self.endpoint.is_fetchable:
            attempt(self._count_once)
        if not self.endpoint.is_inclusive or self.endpoint.beside:
            attempt(self._sum)
        if error is not None or is_early or not attempt(self._can_wait):
            self._close(ended_ns, error, is_early=is_early)
            return
        # The rest is left to whoever asks first: an exporter, a collection of metrics, who looks at a meter.
        self._ended_ns, self._recorded = ended_ns, None
        end_later: Any = getattr(self.span, "end_later", None)
        attempt(end_later, ended_ns, self.attributes)
        attempt(instruments.count, self.record)
        if self.scope.meters:
            self._await()

    def _await(self) -> None:
        """Has the meters of its scope wait for the record."""
        scope = self.scope
        self.scope = attempt(scope.unmetered, default=scope)
        for meter in scope.meters:
            attempt(meter.add, self.record)

    def _close(self, ended_ns: int, error: BaseException | None, *, is_early: bool) -> None:
        if is_early:
            self.finish_reasons = dict.fromkeys(self.finish_reasons or (0,), semconv.FINISH_ERROR)
        # Each apart, so that a failure of one never leaves the span open or another without its numbers.
        record: CallRecord | None = attempt(self._record, ended_ns, error, is_early)
        if record is not None:
            attempt(self._write, record, error)
        attempt(self.span.end, ended_ns)
        if record is None or not self.is_counted:
            return
        for meter in self.scope.meters:
            attempt(meter.add, record)
        attempt(instruments.count, record)
        for observer in observers:
            if observer not in patient or not attempt(patient[observer], self):
                attempt(observer, record, self.scope)

    def _can_wait(self) -> bool:
        """Whether the rest can be left to the thread that batches spans: there is one, and nobody needs it before."""
        if not hasattr(self.span, "end_later") or self.is_stream or not self.is_counted:
            return False
        if self.transcript is not None:
            return False
        for observer in observers:  # noqa: SIM110  (a generator would be two calls more)
            if observer not in patient or not patient[observer](self):
                return False
        return True

    def record(self) -> CallRecord | None:
        """The record of a call that was left for later, made by whoever asks first; `None` where that failed."""
        if self._recorded is None:
            # Two threads may both make it, and make the same; a lock might be held for ever in a child forked off.
            self._recorded = attempt(self._record, self._ended_ns, None, False)  # noqa: FBT003  (through the guard)
        return self._recorded

    def attributes(self, asked: dict[str, Any]) -> dict[str, Any]:
        """All attributes of such a call's span, given those that it began with; in the thread that batches."""
        attempt(instruments.ease)
        record = self.record()
        return asked if record is None else attempt(self._attributes, asked, record, default=asked)

    def _attributes(self, asked: dict[str, Any], record: CallRecord) -> dict[str, Any]:
        return {**asked, **self.facts, **told(record)}

    def _sum(self) -> None:
        """Makes totals of counts that the provider gives beside one another. Once: what is added stays added."""
        counts, self.counts = self.counts, {}  # so that a failure leaves no count, and none that is half a sum
        if not self.endpoint.is_inclusive:
            included(counts)
        if self.endpoint.beside:
            summed(counts, self.endpoint.beside)
        self.counts = counts

    def _count_once(self) -> None:
        endpoint = self.endpoint
        if not self.counts:
            return
        is_first = is_first_of(str(self.facts.get(semconv.RESPONSE_ID, "")))
        if endpoint.counts_as and is_first:
            self.kind = endpoint.counts_as
            self.span.set_attribute(semconv.KIND, self.kind)
            self.span.update_name(self.kind)
            self.facts.pop(semconv.RESPONSE_STATUS, None)
        elif endpoint.counts_as:
            self.forget_usage()

    def _count_within(self) -> None:
        """Counts the requests to models that the provider made within this one and states beside it."""
        from submeter.core.reported import counted_within  # noqa: PLC0415  (which imports this, and is seldom needed)

        counted_within(self, _clock() - self.opened_ns)

    def finish_early(self) -> None:
        """Ends a call whose stream the host closed or dropped before its end."""
        self.finish(is_early=True)

    def drop(self) -> None:
        """Ends the call of a stream that nobody reads any more, from within the collector perhaps."""
        if not self._is_finished and self.opened_ns >= abandoned.born_ns:
            abandoned.bury(self.finish_early)

    def __del__(self) -> None:
        try:
            is_finished = self._is_finished
        except AttributeError:  # `__init__` failed before it began: there is nothing to end
            return
        if not is_finished:
            attempt(self.drop)

    def _record(self, ended_ns: int, error: BaseException | None, is_partial: bool) -> CallRecord:  # noqa: FBT001  (through the guard)
        return record_of(self, ended_ns, error, is_partial)

    def answer(self, answer: Any) -> None:
        """Reads the whole answer of a call that is not a stream."""
        self.read(answer)
        if self.transcript is not None:
            attempt(self.transcript.read, answer)

    def _tell_content(self, attributes: Mapping[str, Any]) -> None:
        if self.transcript is not None:
            self.span.set_attributes(self.transcript.attributes())
            asked = dict(getattr(self.span, "attributes", None) or attributes)
            self.transcript.emit(asked, self.above(), time.time_ns())

    def above(self) -> Context:
        """What links an event or a span to this one's span, which may be one that no context takes."""
        return set_span_in_context(NonRecordingSpan(self.span.get_span_context()))

    def _write(self, record: CallRecord, error: BaseException | None) -> None:
        span = self.span
        if span.is_recording():
            attributes = {**self.facts, **told(record)}
            span.set_attributes(attributes)
            if self.transcript is not None and self.kind in semconv.INFERENCE_KINDS:
                attempt(self._tell_content, attributes)
            if error is not None:
                span.set_attributes(exceptions.details_of(error))
                span.set_status(Status(StatusCode.ERROR))
                attempt(exceptions.emit, record, error, self.above())


def _transcript(body: Mapping[str, Any], mode: str) -> Transcript:
    from submeter.core.transcript import Transcript  # noqa: PLC0415  (only where content was asked for)

    return Transcript(body, mode)
