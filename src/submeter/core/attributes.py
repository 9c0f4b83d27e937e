"""Attributes of a call's span: what the request asked, and what the finished call told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from submeter import context, semconv
from submeter.core.endpoint import dig
from submeter.usage import COUNTS, counts_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from submeter.core.call import Call
    from submeter.core.endpoint import Endpoint
    from submeter.record import CallRecord

_COUNT_ATTRIBUTES = tuple(getattr(semconv, name.upper()) for name in COUNTS)
_SCALARS = frozenset({str, int, float, bool})

_NOT_GIVEN = frozenset({"Omit", "NotGiven"})
"""The types by which the SDKs made by Stainless mark what was not given; a look into one costs an exception."""

_LISTS = frozenset({semconv.REQUEST_STOP_SEQUENCES, semconv.REQUEST_ENCODING_FORMATS})
"""Attributes that the conventions want as a list, where a request may give one value."""


_DOUBLES = frozenset(
    {
        semconv.REQUEST_FREQUENCY_PENALTY,
        semconv.REQUEST_PRESENCE_PENALTY,
        semconv.REQUEST_TEMPERATURE,
        semconv.REQUEST_TOP_P,
    }
)
"""Attributes that the conventions want as a double, where a request may give a whole number."""


_LEAST, _MOST = -(2**63), 2**63 - 1
"""What exporters can write of whole numbers. A request may have any, which the provider then refuses."""

_NAMES_KEPT = 1000
known_names: set[str] = set()
"""Names of models that exporters can write: to look one up costs less than to see it through."""

_OUTPUT = semconv.OUTPUT_TYPE
_OUTPUT_TYPES = {"json_object": semconv.OUTPUT_JSON, "json_schema": semconv.OUTPUT_JSON}
"""What requests call an output that the conventions call by another name."""


def asked(call: Call, body: Mapping[str, Any]) -> dict[str, Any]:
    """What is known at the start of a call, so that a sampler sees it."""
    endpoint = call.endpoint
    attributes: dict[str, Any] = {
        semconv.KIND: endpoint.kind,
        semconv.PROVIDER: call.provider,
        **endpoint.attributes,
        **call.scope.attributes,
    }
    if call.model:
        attributes[semconv.REQUEST_MODEL] = call.model
    if call.server[0]:
        attributes[semconv.SERVER_ADDRESS] = call.server[0]
        if call.server[1] is not None:
            attributes[semconv.SERVER_PORT] = call.server[1]
    if call.is_stream:
        attributes[semconv.REQUEST_STREAM] = True
    _asked_by(endpoint, body, attributes)
    if endpoint.choice_count and endpoint.choice_count in body:
        choices = body[endpoint.choice_count]
        if isinstance(choices, int) and choices != 1 and _LEAST <= choices <= _MOST:
            attributes[semconv.REQUEST_CHOICE_COUNT] = choices
    return attributes


def _asked_by(endpoint: Endpoint, body: Mapping[str, Any], attributes: dict[str, Any]) -> None:
    wanted = endpoint.request
    for name in body:
        if name in wanted and type(body[name]).__name__ not in _NOT_GIVEN:
            attribute, value = wanted[name], body[name]
            if type(value) is int and not _LEAST <= value <= _MOST:
                continue
            if type(value) is not float and (type(value) is not int or attribute in _DOUBLES):
                value = _value(attribute, value)
            if value is not None:
                attributes[attribute] = value
    if endpoint.reasoning or endpoint.output_type:
        _asked_inside(endpoint, body, attributes)


def _asked_inside(endpoint: Endpoint, body: Mapping[str, Any], attributes: dict[str, Any]) -> None:
    for attribute, path in ((semconv.REQUEST_REASONING_LEVEL, endpoint.reasoning), (_OUTPUT, endpoint.output_type)):
        if path and path[0] in body and type(body[path[0]]).__name__ not in _NOT_GIVEN:
            said = dig(body[path[0]], path[1:])
            if said is not None and isinstance(said, str):
                attributes[attribute] = _OUTPUT_TYPES.get(said, said) if attribute is _OUTPUT else said


def plain(given: str) -> str:
    """The text that a request sends of `given`, which may be a value of an enumeration, with a hash of its own."""
    return given if type(given) is str else str.__str__(given)


def named(given: Any) -> str:
    """The name of a model that a request gives, as exporters can write it: it is part of the name of a span."""
    name = context.writable(given) if isinstance(given, str) else ""
    if len(known_names) >= _NAMES_KEPT:
        known_names.clear()
    known_names.add(name)
    return name


def _value(attribute: str, given: Any) -> Any:
    """What an attribute can hold of a request's value."""
    if type(given) in _SCALARS:
        if attribute in _DOUBLES:
            return float(given) if type(given) is int else given
        return (given,) if attribute in _LISTS and type(given) is str else given
    if isinstance(given, str):
        return (plain(given),) if attribute in _LISTS else plain(given)
    if isinstance(given, list | tuple):
        return tuple(plain(item) for item in cast("list[Any]", given) if isinstance(item, str)) or None
    return None


def told(record: CallRecord) -> dict[str, Any]:
    """What is known at the end of a call."""
    usage = record.usage
    stated = zip(_COUNT_ATTRIBUTES, counts_in(usage), strict=True)
    told: dict[str, Any] = {attribute: count for attribute, count in stated if count is not None}
    if record.finish_reasons:
        told[semconv.RESPONSE_FINISH_REASONS] = record.finish_reasons
    if record.cost_usd is not None:
        told[semconv.COST_USD] = record.cost_usd
        told[semconv.COST_PRICE_VERSION] = record.price_version
    if record.context_window is not None:
        told[semconv.CONTEXT_WINDOW] = record.context_window
        utilization = record.context_utilization
        if utilization is not None:
            told[semconv.CONTEXT_UTILIZATION] = utilization
    if record.in_window is not None:
        told[semconv.CONTEXT_INPUT_TOKENS] = record.in_window.input_tokens or 0
        told[semconv.CONTEXT_OUTPUT_TOKENS] = record.in_window.output_tokens or 0
    if record.is_stream or record.error_type or usage.estimated or usage.is_inconsistent or usage.is_partial:
        told |= _seldom(record)
    return told


def _seldom(record: CallRecord) -> dict[str, Any]:
    """A stream's time to its first chunk, an error, and what keeps counts from being the provider's last word."""
    told: dict[str, Any] = {}
    if record.time_to_first_chunk_s is not None:
        told[semconv.RESPONSE_TIME_TO_FIRST_CHUNK] = record.time_to_first_chunk_s
    if record.error_type:
        told[semconv.ERROR_TYPE] = record.error_type
    if record.usage.estimated:
        told[semconv.USAGE_ESTIMATED] = record.usage.estimated
    if record.usage.is_inconsistent:
        told[semconv.USAGE_INCONSISTENT] = True
    if record.usage.is_partial:
        told[semconv.USAGE_PARTIAL] = True
    return told
