"""Calls of one batch of spans, as records for the evaluator, each call once.

The same rules as in schema/044_llm_call_intake_mv.sql and 046_llm_call_shadows_mv.sql, which see the spans
of other batches too.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from submeter import semconv
from submeter.record import CallRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from submeter.store.names import Names
    from submeter.usage import Usage

OURS: Final = 0
ANOTHER: Final = 1
NATIVE: Final = 2
SERVER: Final = 3
_SPAN_KIND_SERVER: Final = 2
_COST_CEILING_USD: Final = 1e12


class Facts(NamedTuple):
    """What a span says besides its attributes; ids are in hex, the parent's is empty for a root."""

    start_ns: int
    end_ns: int
    trace: str
    span: str
    parent: str
    is_error: bool


class Owner(NamedTuple):
    """What all spans of one scope of one resource share."""

    service: str
    resource: dict[str, str]
    scope: str
    version: str


class Witness(NamedTuple):
    """A record and who saw the call: our instrumentation, another, the SDK itself or the model's server."""

    rank: int
    record: CallRecord


def rank_of(scope: str, span_kind: int) -> int:
    """How good a witness the spans of `scope` are; lower is better."""
    if scope == semconv.SCOPE:
        return OURS
    if scope.startswith(semconv.SCOPE_ANTHROPIC_NATIVE):
        return NATIVE
    return SERVER if span_kind == _SPAN_KIND_SERVER else ANOTHER


def record_of(attributes: Mapping[str, str], names: Names, usage: Usage, owner: Owner, facts: Facts) -> CallRecord:
    """The record of a span whose normalised attributes describe a call; `names` says which of them are tags."""
    get = attributes.get
    conversation = get(semconv.CONVERSATION_ID, "")
    return CallRecord(
        started_ns=facts.start_ns,
        ended_ns=facts.end_ns,
        trace_id=facts.trace,
        span_id=facts.span,
        parent_span_id=facts.parent,
        service=owner.service,
        scope=owner.scope,
        provider=get(semconv.PROVIDER, ""),
        kind=get(semconv.KIND, ""),
        request_model=get(semconv.REQUEST_MODEL, ""),
        response_model=get(semconv.RESPONSE_MODEL, ""),
        response_id=get(semconv.RESPONSE_ID, ""),
        session_id=get(semconv.SESSION_ID, "") or conversation,
        conversation_id=conversation,
        user_id=get(semconv.USER_ID, ""),
        operation=get(semconv.OPERATION, ""),
        step=get(semconv.STEP, ""),
        agent=get(semconv.AGENT_NAME, ""),
        framework=get(semconv.FRAMEWORK, ""),
        tags={name: attributes[key] for key, name in names.tags},
        usage=usage,
        cost_usd=_cost(get(semconv.COST_USD)),
        price_version=get(semconv.COST_PRICE_VERSION, ""),
        service_tier=get(semconv.SERVICE_TIER, ""),
        is_batch=get(semconv.IS_BATCH) == "true",
        is_stream=get(semconv.REQUEST_STREAM) == "true",
        context_window=_whole(get(semconv.CONTEXT_WINDOW)),
        time_to_first_chunk_s=_number(get(semconv.RESPONSE_TIME_TO_FIRST_CHUNK)),
        error_type=get(semconv.ERROR_TYPE, "") or (semconv.ERROR_OTHER if facts.is_error else ""),
        finish_reasons=_reasons(get(semconv.RESPONSE_FINISH_REASONS, "")),
    )


def each_once(witnesses: Iterable[Witness]) -> tuple[CallRecord, ...]:
    """The records without those that a better witness of the same batch reports too, and without repetitions."""
    unique = {(witness.record.trace_id, witness.record.span_id): witness for witness in witnesses}
    is_of_one = len({witness.record.scope for witness in unique.values()}) < 2  # noqa: PLR2004
    if is_of_one and not any(map(_is_bare, unique.values())):
        return tuple(witness.record for witness in unique.values())
    by_trace: dict[str, list[Witness]] = {}
    for witness in unique.values():
        by_trace.setdefault(witness.record.trace_id, []).append(witness)
    return tuple(
        witness.record
        for witness in unique.values()
        if not any(_shadows(other, witness) for other in by_trace[witness.record.trace_id])
    )


def _shadows(other: Witness, witness: Witness) -> bool:
    first, second = other.record, witness.record
    if _order(other) >= _order(witness):
        return False
    if first.scope == second.scope:
        return _is_bare(witness) and first.parent_span_id == second.span_id
    return (
        (first.response_id != "" and first.response_id == second.response_id)
        or first.parent_span_id == second.span_id
        or second.parent_span_id == first.span_id
        or (witness.rank == SERVER and other.rank < SERVER and _is_within(second, first))
    )


def _is_bare(witness: Witness) -> bool:
    """Whether another instrumentation's span states no usage: another one may be nearer to the same call."""
    usage = witness.record.usage
    return witness.rank == ANOTHER and usage.input_tokens is None and usage.output_tokens is None


def _is_within(inner: CallRecord, outer: CallRecord) -> bool:
    return outer.started_ns <= inner.started_ns and outer.ended_ns >= inner.ended_ns


def _order(witness: Witness) -> tuple[int, int, str, str]:
    record = witness.record
    return (witness.rank, -record.started_ns, record.scope, record.span_id)


def _reasons(value: str) -> tuple[str, ...]:
    if not value.startswith("["):
        return (value,) if value else ()
    try:
        reasons: object = json.loads(value)
    except ValueError:
        return ()
    return tuple(reason if isinstance(reason, str) else "" for reason in cast("list[object]", reasons))


def _number(value: str | None) -> float | None:
    if not value:
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _whole(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdigit() else None


def _cost(value: str | None) -> float | None:
    cost = _number(value)
    return cost if cost is not None and 0 <= cost < _COST_CEILING_USD else None
