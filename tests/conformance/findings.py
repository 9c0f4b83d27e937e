"""Findings: what the conventions would object to in spans, metrics and events; an empty list where they would not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import SpanKind, StatusCode

from conformance.facts import (
    AT_START,
    CONDITIONAL,
    ENUMS,
    EVENTS,
    METRICS,
    MODALITIES,
    PARTS,
    PROVIDER_ATTRIBUTES,
    RECOMMENDED,
    REQUIRED,
    SPANS,
    TYPES,
    UNASKED,
    SpanFacts,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from opentelemetry.sdk._logs import ReadableLogRecord
    from opentelemetry.sdk.trace import ReadableSpan

_OURS = ("submeter.", "anthropic.usage.cache_creation.", "session.id", "user.id", "http.response.status_code")
"""Attributes beside the GenAI conventions: our own, the core conventions', and the one provider's that have no name."""

_PYTHON: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "int": (int,),
    "double": (float,),
    "boolean": (bool,),
    "string[]": (list, tuple),
}
_WHERE_KNOWN = ("error.type", "gen_ai.request.model")
_EXTRA = ("gen_ai.conversation.id",)
"""Attributes of the conventions that say more of a fetched response than its own table asks for."""
_MESSAGES = ("gen_ai.input.messages", "gen_ai.output.messages")


def type_of(operation: object) -> str:
    """The type of span of an operation; empty for one that the conventions do not know."""
    return next((name for name, facts in SPANS.items() if operation in facts.operations), "")


def of_span(span: ReadableSpan, started: Mapping[str, Any] | None = None) -> list[str]:
    """Findings on one span; `started` are the attributes it had when it was started, where that was seen."""
    told = dict(span.attributes or {})
    facts = SPANS.get(type_of(told.get("gen_ai.operation.name")))
    if facts is None:
        return [f"no span of the conventions has the operation {told.get('gen_ai.operation.name')}"]
    found = [*_of_values(told, {*facts.levels, *PROVIDER_ATTRIBUTES, *_EXTRA}, is_json=True), *_of_status(span, told)]
    late = [] if started is None else [name for name in AT_START if name in told and name not in started]
    found += [f"{name} is missing at the start" for name in late]
    name = " ".join(str(told[part.strip("{}")]) for part in facts.name.split() if part.strip("{}") in told)
    if span.name != name:
        found.append(f"the span is called {span.name}, not {name}")
    if span.kind is not SpanKind.CLIENT:
        found.append(f"the span's kind is {span.kind}")
    return [*found, *_missing(facts, told)]


def _of_status(span: ReadableSpan, told: Mapping[str, Any]) -> Iterator[str]:
    if span.status.status_code is StatusCode.OK:
        yield "an instrumentation set the status OK"
    if (span.status.status_code is StatusCode.ERROR) != ("error.type" in told):
        yield f"status {span.status.status_code} with error.type {told.get('error.type')}"


def _missing(facts: SpanFacts, told: Mapping[str, Any]) -> Iterator[str]:
    is_answered = "error.type" not in told and "error" not in told.get("gen_ai.response.finish_reasons", ())
    is_answered = is_answered and told.get("gen_ai.response.status") not in ("queued", "in_progress")
    for name, level in facts.levels.items():
        is_wanted = level == REQUIRED or (level == RECOMMENDED and name not in UNASKED and name not in facts.when)
        if is_wanted and name not in told and (is_answered or not name.startswith(("gen_ai.response", "gen_ai.usage"))):
            yield f"{name} is missing"
    if "server.address" in told and "server.port" not in told:
        yield "server.port is missing"
    if told.get("gen_ai.request.stream") is False:
        yield "gen_ai.request.stream is told of what is no stream"
    if told.get("gen_ai.request.choice.count") == 1:
        yield "gen_ai.request.choice.count is told where it is 1"
    if is_answered and told.get("gen_ai.request.stream") and "gen_ai.response.time_to_first_chunk" not in told:
        yield "gen_ai.response.time_to_first_chunk is missing"
    if facts.levels.get("gen_ai.usage.output_tokens"):
        yield from _containment(told)


def _containment(told: Mapping[str, Any]) -> Iterator[str]:
    for total in ("input_tokens", "output_tokens"):
        whole = told.get(f"gen_ai.usage.{total}", 0)
        for name, count in told.items():
            if name.startswith("gen_ai.usage.") and name.endswith(f".{total}") and count > whole:
                yield f"{name} is {count}, of a total of {whole}"


def _of_values(told: Mapping[str, Any], allowed: set[str], *, is_json: bool) -> Iterator[str]:
    for name, value in told.items():
        if name.startswith(_OURS):
            continue
        kind = TYPES.get(name)
        if kind is None or name not in allowed:
            yield f"{name} does not belong here"
        elif kind == "any":
            yield from _of_content(name, json.loads(value) if is_json else value)
        elif type(value) not in _PYTHON[kind]:
            yield f"{name} is a {type(value).__name__}, not a {kind}"
        elif value not in ENUMS.get(name, {value} if isinstance(value, str) else ()) and name in ENUMS:
            yield f"{name} is {value}"


def _of_content(name: str, value: Any) -> Iterator[str]:
    if name == "gen_ai.tool.definitions":
        yield from (f"{name}: {tool} lacks its type or name" for tool in value if not {"type", "name"} <= set(tool))
        return
    messages: list[Any] = list(value) if name in _MESSAGES else [{"role": "system", "parts": value}]
    for message in messages:
        if not isinstance(message.get("role"), str) or not isinstance(message.get("parts"), list | tuple):
            yield f"{name}: {message} is no message"
            continue
        for part in message["parts"]:
            lacking = [field for field in ("type", *PARTS.get(part.get("type"), ())) if part.get(field) is None]
            if lacking:
                yield f"{name}: {part} lacks {lacking}"
            if part.get("modality", "image") not in MODALITIES:
                yield f"{name}: {part['modality']} is no modality"


def of_metric(name: str, metric: Any) -> list[str]:
    """Findings on one metric with its points; a metric of our own gives none."""
    if name.startswith("submeter."):
        return []
    facts = METRICS.get(name)
    if facts is None:
        return [f"{name} is no metric of the conventions"]
    found: list[str] = []
    if metric.unit != facts.unit:
        found.append(f"{name} is in {metric.unit}, not {facts.unit}")
    is_counter = getattr(metric.data, "is_monotonic", False)
    if is_counter is not (facts.instrument == "counter"):
        found.append(f"{name} is no {facts.instrument}")
    for point in metric.data.data_points:
        told = dict(point.attributes or {})
        found += [f"{name}: {one}" for one in _of_values(told, set(facts.levels), is_json=False)]
        found += [
            f"{name}: {attribute} is missing"
            for attribute, level in facts.levels.items()
            if attribute not in told and level in (REQUIRED, CONDITIONAL) and attribute not in _WHERE_KNOWN
        ]
        if facts.boundaries and tuple(point.explicit_bounds) != facts.boundaries:
            found.append(f"{name} has the boundaries {point.explicit_bounds}")
    return found


def of_event(record: ReadableLogRecord) -> list[str]:
    """Findings on one event; an event of our own gives none."""
    event = record.log_record
    name = event.event_name or ""
    if name.startswith("submeter."):
        return []
    if name not in EVENTS:
        return [f"{name} is no event of the conventions"]
    text, number, levels = EVENTS[name]
    told: dict[str, Any] = dict(event.attributes or {})
    severity = event.severity_number.value if event.severity_number is not None else 0
    found = [] if (event.severity_text, severity) == (text, number) else [f"{name} is {event.severity_text}"]
    if not event.trace_id or not event.span_id:
        found.append(f"{name} is linked to no span")
    # An event carries what identifies its operation too, so that it can be read without its span.
    allowed = {*levels, *PROVIDER_ATTRIBUTES, *SPANS["gen_ai.client.inference"].levels}
    found += [f"{name}: {one}" for one in _of_values(told, allowed, is_json=False)]
    return [*found, *(f"{name}: {one} is missing" for one in levels if levels[one] == REQUIRED and one not in told)]
