"""Calls of one batch of spans, as records for the evaluator, each call once.

The same rules as in schema/044_llm_call_intake_mv.sql and 046_llm_call_shadows_mv.sql, which see the spans
of other batches too.
"""

from __future__ import annotations

import json
import math
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from submeter import semconv
from submeter.record import CallRecord
from submeter.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from submeter.store.names import Names

OURS: Final = 0
ANOTHER: Final = 1
NATIVE: Final = 2
SERVER: Final = 3
_SPAN_KIND_SERVER: Final = 2
_COST_CEILING_USD: Final = 1e12


Facts = tuple[int, int, str, str, str, bool]
"""What a span says besides its attributes: start, end, ids of trace, span and parent, and whether it failed.

Times in nanoseconds; ids in hex, the parent's is empty for a root.
"""


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
    if scope.startswith((semconv.SCOPE_ANTHROPIC_NATIVE, semconv.SCOPE_MISTRAL_NATIVE)):
        return NATIVE
    return SERVER if span_kind == _SPAN_KIND_SERVER else ANOTHER


def record_of(attributes: Mapping[str, str], names: Names, usage: Usage, owner: Owner, facts: Facts) -> CallRecord:
    """The record of a span whose normalised attributes, with their `names`, describe a call."""
    stated = _UNSTATED.copy()
    stated[:_FACTS] = facts[:_FACTS]
    stated[_SERVICE], stated[_SCOPE] = owner.service, owner.scope
    for place, key in names.texts:
        stated[place] = attributes[key]
    for place, key, read in names.values:
        stated[place] = read(attributes[key])
    stated[_TAGS] = {name: attributes[key] for key, name in names.tags}
    stated[_USAGE] = usage
    if names.has_window:
        stated[_IN_WINDOW] = _in_window(attributes)
    stated[_SESSION] = stated[_SESSION] or stated[_CONVERSATION]
    if facts[_FACTS] and not stated[_ERROR]:
        stated[_ERROR] = semconv.ERROR_OTHER
    return CallRecord(*stated)


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


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _whole(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() else None


def stated_cost(value: str) -> float | None:
    """The cost in US dollars that an attribute's text states; `None` for what can be none."""
    cost = _number(value) if value else None
    return cost if cost is not None and 0 <= cost < _COST_CEILING_USD else None


def _in_window(attributes: Mapping[str, str]) -> Usage:
    """What a model's window held when a call ended that was several requests."""
    return Usage(
        input_tokens=_whole(attributes[semconv.CONTEXT_INPUT_TOKENS]),
        output_tokens=_whole(attributes.get(semconv.CONTEXT_OUTPUT_TOKENS, "")),
    )


def is_true(value: str) -> bool:
    """Whether the text of an attribute is that of a true one."""
    return value == "true"


TEXTS: Final[Mapping[str, str]] = {
    "provider": semconv.PROVIDER,
    "kind": semconv.KIND,
    "request_model": semconv.REQUEST_MODEL,
    "response_model": semconv.RESPONSE_MODEL,
    "response_id": semconv.RESPONSE_ID,
    "session_id": semconv.SESSION_ID,
    "conversation_id": semconv.CONVERSATION_ID,
    "user_id": semconv.USER_ID,
    "operation": semconv.OPERATION,
    "step": semconv.STEP,
    "agent": semconv.AGENT_NAME,
    "framework": semconv.FRAMEWORK,
    "price_version": semconv.COST_PRICE_VERSION,
    "service_tier": semconv.SERVICE_TIER,
    "error_type": semconv.ERROR_TYPE,
}
"""The fields of a record that are what an attribute says, and that attribute."""

VALUES: Final[Mapping[str, tuple[str, Callable[[str], object]]]] = {
    "cost_usd": (semconv.COST_USD, stated_cost),
    "is_batch": (semconv.IS_BATCH, is_true),
    "is_stream": (semconv.REQUEST_STREAM, is_true),
    "context_window": (semconv.CONTEXT_WINDOW, _whole),
    "time_to_first_chunk_s": (semconv.RESPONSE_TIME_TO_FIRST_CHUNK, _number),
    "finish_reasons": (semconv.RESPONSE_FINISH_REASONS, _reasons),
}
"""The fields of a record that an attribute's text is made into, that attribute, and how."""

PLACES: Final[Mapping[str, int]] = {field.name: place for place, field in enumerate(fields(CallRecord))}
"""Where a record's fields stand. Forty of them are given by place: to name each costs as much as to make the record."""

_SERVICE: Final = PLACES["service"]
_SCOPE: Final = PLACES["scope"]
_TAGS: Final = PLACES["tags"]
_USAGE: Final = PLACES["usage"]
_IN_WINDOW: Final = PLACES["in_window"]
_SESSION: Final = PLACES["session_id"]
_CONVERSATION: Final = PLACES["conversation_id"]
_ERROR: Final = PLACES["error_type"]
_FACTS: Final = PLACES["service"]
"""The fields of a record that `Facts` begins with, which are the first."""

_UNSTATED: Final[list[Any]] = [None if field.default is MISSING else field.default for field in fields(CallRecord)]
"""The fields of a record that states nothing."""
