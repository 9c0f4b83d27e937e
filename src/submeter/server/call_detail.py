"""One span in full, for the page's drawer: its attributes and messages; of a call its tokens and price besides."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, cast

from submeter import catalog, pricing, semconv
from submeter.store.mistaken import SPAN_BYTES, TRACE_BYTES, hexadecimal
from submeter.usage import COUNTS, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from submeter.store.database import Reader

_MESSAGES: Final = {
    semconv.SYSTEM_INSTRUCTIONS: "system",
    semconv.INPUT_MESSAGES: "input",
    semconv.OUTPUT_MESSAGES: "output",
}


class SpanError(LookupError):
    """No such span is stored."""


def call_detail(store: Reader, trace_id: str, span_id: str) -> dict[str, Any]:
    """Everything about one span; `call` is `None` where it is not a counted call.

    Raises:
        SpanError: it is not stored, or an id is none.
        StoreError: the store cannot answer.
    """
    ids = {"trace": hexadecimal(trace_id, TRACE_BYTES), "span": hexadecimal(span_id, SPAN_BYTES)}
    if not all(ids.values()):
        raise SpanError(
            "a trace id is 16 bytes and a span id 8, in hexadecimal digits or Base64: take them from a session's call"
        )
    spans = store.ask("span", ids)
    if not spans:
        raise SpanError(f"no span {span_id} of trace {trace_id} is stored: it may have been too old to be kept")
    span = spans[0]
    attributes: dict[str, str] = span.pop("attributes")
    logged = [row["attributes"] for row in store.ask("span_logs", ids)]
    calls = store.ask("span_call", ids)
    return {
        "span": span,
        "attributes": {name: value for name, value in sorted(attributes.items()) if name not in _MESSAGES},
        "messages": _messages([attributes, *logged]),
        "call": calls[0] if calls else None,
        "price": _price(calls[0]) if calls else None,
    }


def _messages(sources: list[dict[str, str]]) -> list[dict[str, str]]:
    """The captured messages as role and text, from the first source that has them."""
    for attributes in sources:
        found = [message for name, kind in _MESSAGES.items() for message in _said(attributes.get(name, ""), kind)]
        if found:
            return found
    return []


def _said(text: str, kind: str) -> list[dict[str, str]]:
    if not text:
        return []
    try:
        given: object = json.loads(text)
    except ValueError:
        return [{"role": kind, "text": text}]
    messages = cast("list[object]", given) if isinstance(given, list) else [given]
    if messages and not any("role" in _fields(message) for message in messages):
        messages = [{"role": kind, "parts": messages}]
    return [{"role": str(_fields(message).get("role", kind)), "text": _text(message)} for message in messages]


def _fields(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _text(message: object) -> str:
    """What a message says: the texts of its parts, and whatever else it has as JSON."""
    fields = _fields(message)
    parts = fields.get("parts", fields.get("content", message))
    if not isinstance(parts, list):
        return _written(parts)
    said = (_fields(part).get("content", part) for part in cast("list[object]", parts))
    return "\n".join(_written(part) for part in said)


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)


def _price(call: Mapping[str, Any]) -> dict[str, Any] | None:
    """The rates that the catalog has for a call today, and what each part of its tokens costs at them."""
    usage = Usage(**{name: call[name] for name in COUNTS})
    found = catalog.answering(call["provider"], call["request_model"], call["response_model"])
    decided_by = (call["start_ns"], call["service_tier"], call["batch"], call["request_tokens"])
    cost = found and pricing.cost_at(found, usage, *decided_by)
    if found is None or cost is None:
        return None
    return {
        "model": found.name,
        "provider": found.provider,
        "is_assumed": cost.is_assumed,
        "source": found.source,
        "checked": found.checked,
        "valid_from": cost.price.valid_from if cost.price else "",
        "rates": dict(cost.price.rates) if cost.price else {},
        "parts": dict(cost.parts),
        "usd": cost.usd,
        "version": cost.version,
    }
