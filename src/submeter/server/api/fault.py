"""Fault: what is wrong with a parameter or a body, in words for people where pydantic's are for programmers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from submeter.server.api.suggestion import meant

if TYPE_CHECKING:
    from collections.abc import Collection

    from pydantic import BaseModel, ValidationError
    from pydantic_core import ErrorDetails

_WORDS: Final = {
    "int_parsing": "use a whole number",
    "int_type": "use a whole number",
    "int_from_float": "use a whole number",
    "bool_type": "use true or false",
    "bool_parsing": "use true or false",
    "string_type": "use a text",
    "literal_error": "use {expected}",
    "greater_than_equal": "use {ge} or more",
    "less_than_equal": "use {le} or less",
    "string_too_long": "use at most {max_length} letters",
    "json_invalid": "the body is no JSON ({error})",
    "model_type": "the body is no object",
}
_MOST_SHOWN: Final = 80


def reason(found: ErrorDetails) -> str:
    """Why a value cannot be used, or what may be in its place."""
    words = _WORDS.get(found["type"])
    return words.format(**found.get("ctx", {})) if words else found["msg"].removeprefix("Value error, ")


def order_refused(error: ValidationError, order: type[BaseModel]) -> str:
    """What is wrong first with the fields of `order`, and with which."""
    found = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(str(part) for part in found["loc"])
    why = unknown(place, order.model_fields) if found["type"] == "extra_forbidden" else reason(found)
    return f"{place}: {why}" if place else why


def unknown(name: str, known: Collection[str]) -> str:
    """What to use instead of a name that is none of `known`."""
    likely = meant(name, known)
    return (f"did you mean {likely}? there " if likely else "there ") + f"are {', '.join(known) or 'none'}"


def shown(value: Any) -> str:
    """A value as a refusal quotes it: no longer than somebody reads."""
    text = repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"
