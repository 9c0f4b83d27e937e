"""Recorded: the record of a finished call, with what it used, what that cost and the bounds of its model.

Two thirds of what metering a call takes is made here, and mostly by the thread that batches spans: see `Call.record`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from submeter import catalog, pricing, semconv, settings
from submeter.core import exceptions
from submeter.core.endpoint import counts_of, included
from submeter.core.guard import attempt
from submeter.record import CallRecord
from submeter.usage import usage_of

if TYPE_CHECKING:
    from submeter.catalog import Model
    from submeter.core.call import Call
    from submeter.core.transcript import Transcript
    from submeter.usage import Usage

_UNSAID = dict.fromkeys(
    (semconv.RESPONSE_MODEL, semconv.RESPONSE_ID, semconv.CONVERSATION_ID, semconv.SERVICE_TIER), ""
)
"""What a record says where the answer said nothing."""


def record_of(call: Call, ended_ns: int, error: BaseException | None, is_partial: bool) -> CallRecord:  # noqa: FBT001  (through the guard)
    """The record of `call`, which ended at `ended_ns` nanoseconds since the epoch."""
    usage = _usage(call, is_partial=is_partial, is_answered=error is None or call.chunks > 0)
    span, scope, facts, endpoint = call.span.get_span_context(), call.scope, {**_UNSAID, **call.facts}, call.endpoint
    response_model: str = facts[semconv.RESPONSE_MODEL]
    known: Model | None = attempt(catalog.answering, call.provider, call.model, response_model)
    bounds = None if endpoint.is_sum else known
    tier: str = facts[semconv.SERVICE_TIER]
    in_window = attempt(_in_window, call, usage) if call.within else None
    # A sum of many requests says of none that it was long; of those within a call the last is the longest.
    one = 0 if endpoint.is_sum else in_window.input_tokens if in_window is not None else None
    cost = attempt(pricing.cost_at, known, usage, call.started_ns, tier, endpoint.is_batch, one) if known else None
    above_span = getattr(call.span, "parent", None)
    # One by one: a merge of dictionaries into forty keywords would be a twentieth of what a call costs.
    return CallRecord(
        started_ns=call.started_ns, ended_ns=ended_ns,
        trace_id=f"{span.trace_id:032x}", span_id=f"{span.span_id:016x}",
        parent_span_id=f"{above_span.span_id:016x}" if above_span is not None else "",
        service=call.used.service, scope=semconv.SCOPE, provider=call.provider, kind=call.kind,
        request_model=call.model, response_model=response_model, response_id=facts[semconv.RESPONSE_ID],
        conversation_id=facts[semconv.CONVERSATION_ID] or scope.conversation_id,
        session_id=scope.session_id, user_id=scope.user_id, operation=scope.operation, step=scope.step,
        agent=scope.agent, framework=scope.framework, tags=scope.tags,
        usage=usage,
        cost_usd=None if cost is None else cost.usd, price_version="" if cost is None else cost.version,
        service_tier=tier, is_batch=endpoint.is_batch, is_stream=call.is_stream,
        context_window=bounds.context_window if bounds else None,
        max_input_tokens=bounds.max_input_tokens if bounds else None,
        in_window=in_window,
        server_address=call.server[0], server_port=call.server[1],
        time_to_first_chunk_s=(call.first_ns - call.opened_ns) / 1e9 if call.chunks else None,
        time_per_output_chunk_s=call.seconds_per_chunk() if call.chunks else None,
        error_type=exceptions.type_of(error) if error is not None else "",
        finish_reasons=call.reasons(),
        is_timed=call.kind == endpoint.kind and not endpoint.is_reported,
    )  # fmt: skip


def _usage(call: Call, *, is_partial: bool, is_answered: bool) -> Usage:
    counts, method = call.counts, ""
    if call.transcript is not None and is_answered and settings.estimate():
        counts, method = attempt(_estimated, call, call.transcript, default=(counts, ""))
    return usage_of(counts, estimated=method or None, is_partial=is_partial)


def _in_window(call: Call, usage: Usage) -> Usage | None:
    """What the last of the requests within a call put into the window, where `usage` is the sum of several."""
    endpoint, counts = call.endpoint, dict[str, int | None]()
    if endpoint.within is not None:
        counts_of(endpoint.within.last(call.within), endpoint.plan, counts)
    if not endpoint.is_inclusive:
        included(counts)
    held = usage_of(counts)
    return held if held.is_known and held.total_tokens < usage.total_tokens else None


def _estimated(call: Call, transcript: Transcript) -> tuple[dict[str, int | None], str]:
    from submeter.core.estimate import estimated  # noqa: PLC0415  (only where estimates are asked for)

    return estimated(call.endpoint.kind, call.model, call.counts, *transcript.texts())
