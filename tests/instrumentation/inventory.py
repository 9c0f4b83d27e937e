"""Inventory: the methods of an SDK whose answers state tokens, found by its own type hints, with an answer for each."""

from __future__ import annotations

import datetime as dt
import inspect
import json
import sys
import typing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast

import pydantic

if TYPE_CHECKING:
    from collections.abc import Iterator

_COUNTS = frozenset({"input_tokens", "output_tokens", "prompt_tokens", "completion_tokens"})
_MADE = frozenset({"cached_property", "property"})
_FINAL = ("completed", "ended", "succeeded", "idle")
_TEXTS = {"session.agent": "agent", "endpoint": "/v1/chat/completions"}


@dataclass(frozen=True)
class Method:
    """One method whose answer states tokens.

    `path` leads to it from a client, and names the event where its answer is a stream; `answer` is one it could
    give, `form` says how that is sent: a document, a page of a list, a stream's event, or a line of a body.
    """

    path: str
    answer: Any
    form: str
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])


def methods(client: Any) -> Iterator[Method]:
    """The methods of `client` and of its resources, in order."""
    for path, kind in _resources(client, ""):
        for name in dir(kind):
            function = inspect.getattr_static(kind, name)
            if name.startswith(("_", "with_")) or not inspect.isfunction(function):
                continue
            yield from _methods(f"{path}{name}", kind, function)


def opened(client: Any) -> Iterator[str]:
    """The methods that give something which yields answers later: a helper, or a connection."""
    for path, kind in _resources(client, ""):
        for name in dir(kind):
            function = inspect.getattr_static(kind, name)
            if inspect.isfunction(function) and not name.startswith(("_", "with_")):
                given = str(inspect.signature(function).return_annotation)
                if "Manager" in given or "Runner" in given:
                    yield f"{path}{name}"


def stated(answer: Any) -> dict[str, int]:
    """The tokens that an answer of ours states, summed over its usage objects, cached ones included."""
    found = {"input_tokens": 0, "output_tokens": 0}
    for usage in _usages(answer):
        found["input_tokens"] += usage.get("input_tokens", usage.get("prompt_tokens", 0))
        found["output_tokens"] += usage.get("output_tokens", usage.get("completion_tokens", 0))
        # What Anthropic says beside the input, and not within it.
        found["input_tokens"] += usage.get("cache_read_input_tokens") or 0
        found["input_tokens"] += usage.get("cache_creation_input_tokens") or 0
    return {name: count for name, count in found.items() if count}


def _usages(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, list):
        for item in cast("list[Any]", node):
            yield from _usages(item)
    elif isinstance(node, dict):
        fields = cast("dict[str, Any]", node)
        for name in ("usage", "model_usage"):
            if isinstance(fields.get(name), dict) and _COUNTS & fields[name].keys():
                yield fields[name]
                return
        for item in fields.values():
            yield from _usages(item)


def _resources(owner: Any, path: str) -> Iterator[tuple[str, type[Any]]]:
    kind: Any = owner.__class__
    # As attributes of the object up to openai 1.60 and anthropic 0.45, made when they are asked for since.
    made = [name for name in dir(kind) if type(inspect.getattr_static(kind, name)).__name__ in _MADE]
    names: set[str] = {*made, *vars(owner)}
    for name in sorted(names):
        value: Any = None if name.startswith(("_", "with_")) else getattr(owner, name, None)
        if ".resources." in type(value).__module__:
            yield f"{path}{name}.", type(value)
            yield from _resources(value, f"{path}{name}.")


def _methods(path: str, kind: type[Any], function: Any) -> Iterator[Method]:
    try:
        given = typing.get_type_hints(inspect.unwrap(function), vars(sys.modules[kind.__module__])).get("return")
    except NameError:  # hints for the type checker alone: nothing that is sent has them
        return
    arguments = _arguments(function)
    for choice in _choices(given):
        form, told = _form(choice)
        for variant in _choices(told):
            if not _states(variant, set()):
                continue
            answer = _example(variant, "", _States())
            if form == "event":
                is_asked = "stream" in inspect.signature(function).parameters
                name = answer.get("event") or answer.get("type") or "a chunk"
                yield Method(f"{path}: {name}", answer, form, {**arguments, **({"stream": True} if is_asked else {})})
                continue
            is_one_of_many = form == "page" and len(_choices(told)) > 1
            name = f"{path}: {answer.get('type')}" if is_one_of_many else path
            yield Method(name, {"data": [answer]} if form == "page" else answer, form, arguments)


def _form(given: Any) -> tuple[str, Any]:
    name = getattr(typing.get_origin(given) or given, "__name__", str(given))
    told: tuple[Any, ...] = (
        typing.get_args(given) or getattr(given, "__pydantic_generic_metadata__", {}).get("args") or ()
    )
    if "Page" in name:
        return "page", told[0] if told else given
    if name in ("Stream", "AsyncStream"):
        return "event", told[0]
    if "JSONLDecoder" in name:
        return "line", told[0]
    return "document", given


def _choices(given: Any) -> list[Any]:
    if typing.get_origin(given) is typing.Annotated:
        return _choices(typing.get_args(given)[0])
    is_union = "Union" in str(typing.get_origin(given))
    return [choice for part in typing.get_args(given) for choice in _choices(part)] if is_union else [given]


def _is_model(given: Any) -> bool:
    return isinstance(given, type) and issubclass(given, pydantic.BaseModel)


def _states(given: Any, seen: set[Any]) -> bool:
    """Whether an answer of this type can state tokens that were taken."""
    if given in seen:
        return False
    if not _is_model(given):
        return any(_states(part, {*seen, given}) for part in typing.get_args(given))
    fields = given.model_fields
    if _COUNTS & fields.keys():
        return True
    seen.add(given)
    return any(_states(each.annotation, seen) for each in fields.values())


class _States:
    """Numbers that tell the counts apart."""

    def __init__(self) -> None:
        self.next = 100

    def number(self) -> int:
        """The next one."""
        self.next += 7
        return self.next


def _example(given: Any, name: str, numbers: _States) -> Any:
    """A value of the type: everything that is required, and everything that leads to tokens."""
    choices = [choice for choice in _choices(given) if choice is not type(None)]
    chosen: Any = next((choice for choice in choices if _states(choice, set())), choices[0] if choices else None)
    if _is_model(chosen):
        return {
            field.alias or key: _example(field.annotation, key, numbers)
            for key, field in chosen.model_fields.items()
            if field.is_required() or _states(field.annotation, set()) or key in (*_COUNTS, "status", "ended_at", "id")
        }
    return _plain(chosen, name, numbers)


def _plain(given: Any, name: str, numbers: _States) -> Any:
    origin, told = typing.get_origin(given), typing.get_args(given)
    if origin is Literal:
        return next((option for option in _FINAL if option in told), told[0])
    if origin in (list, typing.Iterable):
        return [_example(told[0], name, numbers)]
    if origin is dict:
        return {}
    if given in (int, float):
        return numbers.number()
    if given is dt.datetime:
        return "2026-11-24T00:00:00Z"
    return _TEXTS.get(name, f"{name}_{numbers.number()}") if given is not bool else False


def _arguments(function: Any) -> dict[str, Any]:
    special: dict[str, Any] = {
        "messages": [{"role": "user", "content": "Where?"}],
        "max_tokens": 16,
        "file": ("a.wav", b"a"),
        "image": ("a.png", b"a"),
        "tool_outputs": [],
        "requests": [],
        "events": [],
    }
    return {
        name: special.get(name, "m")
        for name, each in list(inspect.signature(function).parameters.items())[1:]
        if each.default is inspect.Parameter.empty and each.kind is not inspect.Parameter.VAR_KEYWORD
    }


def sent(method: Method) -> tuple[str, bytes]:
    """The content type and the body of the method's answer."""
    data = json.dumps(method.answer)
    kind = method.answer.get("type")
    event = f"event: {kind}\n" if kind else ""
    return {
        "event": ("text/event-stream", f"{event}data: {data}\n\n".encode()),
        "line": ("application/x-jsonl", f"{data}\n".encode()),
    }.get(method.form, ("application/json", data.encode()))
