"""Call: one request to a model while it runs; it opens a span, gathers what the answer says, and finishes once.

Everything else opens a call, feeds it or finishes it. A finished call is a `CallRecord`, which goes to the
meters of its scope, to the metrics, and to whoever observes (the evaluator).
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import NonRecordingSpan, Status, StatusCode, set_span_in_context

from submeter import catalog, context, pricing, semconv, settings
from submeter.core import abandoned, exceptions, gate, instruments
from submeter.core.answer import Answer
from submeter.core.attributes import asked, told
from submeter.core.beneath import above, watching
from submeter.core.counted import is_first as is_first_of
from submeter.core.endpoint import included, summed
from submeter.core.guard import attempt
from submeter.core.parents import parent, parents
from submeter.core.telemetry import telemetry
from submeter.core.tellers import attributed, tellers
from submeter.record import CallRecord
from submeter.usage import usage_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opentelemetry.context import Context

    from submeter.catalog import Model
    from submeter.context import Scope
    from submeter.core.endpoint import Endpoint
    from submeter.core.telemetry import Telemetry
    from submeter.core.transcript import Transcript
    from submeter.usage import Usage

_UNSAID = dict.fromkeys(
    (semconv.RESPONSE_MODEL, semconv.RESPONSE_ID, semconv.CONVERSATION_ID, semconv.SERVICE_TIER), ""
)
"""What a record says where the answer said nothing."""

observers: list[Callable[[CallRecord, Scope], None]] = []
"""Called with every finished call, after its meters counted it."""

_clock = time.perf_counter_ns


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
        "_is_finished",
        "_lock",
        "_opened_ns",
        "_started_ns",
        "_used",
        "is_followed",
        "is_reading",
        "is_stream",
        "kind",
        "model",
        "provider",
        "scope",
        "server",
        "span",
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
        self.model: str = model if type(model) is str or isinstance(model, str) else ""
        self.is_followed = False
        self.is_reading = False
        if gate.ask is not None:
            gate.ask(self)
        self._lock = threading.Lock()
        used: Telemetry = telemetry()
        self._used = used
        name = f"{endpoint.kind} {self.model}" if self.model else endpoint.kind
        attributes = asked(self, body)
        if above:
            _tell_above()
        self._started_ns = time.time_ns() if since is None else since[0]
        self.span = used.start_span(name, attributes, self._started_ns, parent() if parents else None)
        if used.gathers_content:
            self.transcript = attempt(_transcript, body, settings.capture_content())
        self._opened_ns = _clock() if since is None else since[1]
        self._is_finished = False

    def finish(self, error: BaseException | None = None, *, is_early: bool = False) -> None:
        """Ends the call: span, metrics, meters and observers. Only the first call of this does anything."""
        with self._lock:
            if self._is_finished:
                return
            self._is_finished = True
        ended_ns = self._started_ns + _clock() - self._opened_ns
        is_early = is_early or (error is not None and self.chunks > 0)
        if is_early:
            self.finish_reasons = dict.fromkeys(self.finish_reasons or (0,), semconv.FINISH_ERROR)
        if self.endpoint.counts_as or self.endpoint.is_fetchable:
            attempt(self._count_once)
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
            attempt(observer, record, self.scope)

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

    def finish_early(self) -> None:
        """Ends a call whose stream the host closed or dropped before its end."""
        self.finish(is_early=True)

    def drop(self) -> None:
        """Ends the call of a stream that nobody reads any more, from within the collector perhaps."""
        if not self._is_finished and self._opened_ns >= abandoned.born_ns:
            abandoned.bury(self.finish_early)

    def __del__(self) -> None:
        try:
            is_finished = self._is_finished
        except AttributeError:  # `__init__` failed before it began: there is nothing to end
            return
        if not is_finished:
            attempt(self.drop)

    def _usage(self, *, is_partial: bool, is_answered: bool) -> Usage:
        if not self.endpoint.is_inclusive:
            included(self.counts)
        if self.endpoint.beside:
            summed(self.counts, self.endpoint.beside)
        counts, method = self.counts, ""
        if self.transcript is not None and is_answered and settings.estimate():
            counts, method = attempt(_estimated, self, self.transcript, default=(counts, ""))
        return usage_of(counts, estimated=method or None, is_partial=is_partial)

    def _record(self, ended_ns: int, error: BaseException | None, is_partial: bool) -> CallRecord:  # noqa: FBT001  (through the guard)
        usage = self._usage(is_partial=is_partial, is_answered=error is None or self.chunks > 0)
        span, scope, facts = self.span.get_span_context(), self.scope, {**_UNSAID, **self.facts}
        response_model: str = facts[semconv.RESPONSE_MODEL]
        known: Model | None = attempt(catalog.find, self.provider, response_model or self.model)
        bounds = None if self.endpoint.is_sum else known
        tier: str = facts[semconv.SERVICE_TIER]
        cost = attempt(pricing.cost_at, known, usage, self._started_ns, tier, self.endpoint.is_batch) if known else None
        above_span = getattr(self.span, "parent", None)
        # One by one: a merge of dictionaries into forty keywords would be a twentieth of what a call costs.
        return CallRecord(
            started_ns=self._started_ns, ended_ns=ended_ns,
            trace_id=f"{span.trace_id:032x}", span_id=f"{span.span_id:016x}",
            parent_span_id=f"{above_span.span_id:016x}" if above_span is not None else "",
            service=self._used.service, scope=semconv.SCOPE, provider=self.provider, kind=self.kind,
            request_model=self.model, response_model=response_model, response_id=facts[semconv.RESPONSE_ID],
            conversation_id=facts[semconv.CONVERSATION_ID] or scope.conversation_id,
            session_id=scope.session_id, user_id=scope.user_id, operation=scope.operation, step=scope.step,
            agent=scope.agent, framework=scope.framework, tags=scope.tags,
            usage=usage,
            cost_usd=None if cost is None else cost.usd, price_version="" if cost is None else cost.version,
            service_tier=tier, is_batch=self.endpoint.is_batch, is_stream=self.is_stream,
            context_window=bounds.context_window if bounds else None,
            max_input_tokens=bounds.max_input_tokens if bounds else None,
            server_address=self.server[0], server_port=self.server[1],
            time_to_first_chunk_s=(self.first_ns - self._opened_ns) / 1e9 if self.chunks else None,
            time_per_output_chunk_s=self.seconds_per_chunk() if self.chunks else None,
            error_type=exceptions.type_of(error) if error is not None else "",
            finish_reasons=self.reasons(),
            is_timed=self.kind == self.endpoint.kind and not self.endpoint.is_reported,
        )  # fmt: skip

    def answer(self, answer: Any) -> None:
        """Reads the whole answer of a call that is not a stream."""
        self.read(answer)
        if self.transcript is not None:
            attempt(self.transcript.read, answer)

    def _tell_content(self, attributes: Mapping[str, Any]) -> None:
        if self.transcript is not None:
            self.span.set_attributes(self.transcript.attributes())
            asked = dict(getattr(self.span, "attributes", None) or attributes)
            self.transcript.emit(asked, self._context(), time.time_ns())

    def _context(self) -> Context:
        """What links an event to the span, which may be one that no context takes."""
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
                attempt(exceptions.emit, record, error, self._context())


def _tell_above() -> None:
    watcher = watching.get()
    if watcher is not None:
        watcher.is_met = True


class Made(Call):
    """A call whose request was made before it is known of: it is counted, and cannot be refused."""

    __slots__ = ()
    is_leaving = False

    def lasted(self, duration_ns: int) -> None:
        """Says how long it took, of a call that ends where that is told."""
        self._opened_ns = _clock() - duration_ns


def _estimated(call: Call, transcript: Transcript) -> tuple[dict[str, int | None], str]:
    from submeter.core.estimate import estimated  # noqa: PLC0415  (only where estimates are asked for)

    return estimated(call.endpoint.kind, call.model, call.counts, *transcript.texts())


def _transcript(body: Mapping[str, Any], mode: str) -> Transcript:
    from submeter.core.transcript import Transcript  # noqa: PLC0415  (only where content was asked for)

    return Transcript(body, mode)
