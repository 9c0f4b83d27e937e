"""Adds the conventions' names and counts to a span's attributes, whoever wrote them.

A span keeps its own attributes; the conventions' names stand beside them. A name that is there already is
kept, else the first source that is there gives its value. Applying it twice changes nothing more.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, cast

from submeter import semconv
from submeter.store.dialects import (
    AGGREGATE_KINDS,
    ANSWERED,
    ASKED,
    COUNT_NAMES,
    EXCLUSIVE,
    EXCLUSIVE_JSON_KEYS,
    JSON_COSTS,
    JSON_COUNTS,
    LEFT_OUT,
    MADE,
    PREPARED,
    SOURCES,
    TELLING,
    UNPRICING,
    VALUES,
    Exclusive,
)
from submeter.store.names import Names, names_of
from submeter.usage import COUNTS, Usage, usage_of
from submeter.value import replace

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_NUMBER: Final = re.compile(r"[0-9]+(\.[0-9]*)?([eE][+-]?[0-9]+)?")
_MOST_TOKENS: Final = 1e15
_PLAIN_DIGITS: Final = 16
_UNSTATED: Final[list[Any]] = [None] * len(COUNTS)
"""The counts of a usage that states none, in the order of its fields."""

_INPUT: Final = "input_tokens"
_COUNT_TARGETS: Final = frozenset(COUNT_NAMES.values())
_CALL_KINDS: Final = semconv.INFERENCE_KINDS | {semconv.KIND_EMBEDDINGS}


def normalised(
    attributes: dict[str, str], scope: str, version: str, names: Names | None = None
) -> tuple[dict[str, str], Usage]:
    """The attributes with the conventions' names added, counts repaired, and the usage they state.

    Applying it twice changes nothing more. `attributes` itself is left alone; it is what comes back where nothing
    is to be changed. `names` is what the names of `attributes` say, where that is known already.
    """
    names = names or names_of(attributes)
    usage = _plain_usage(attributes, scope, version, names)
    if usage is not None:
        return attributes, usage
    out = dict(attributes)
    exclusive = set[str]()
    if names.is_odd:
        _rename(out, scope)
        exclusive = _unfold(out)
    _translate(out)
    row = _exclusive_of(scope, version, out.get(semconv.PROVIDER, ""))
    if row is not None and (not row.on or row.on in out) and row.unless not in out:
        exclusive.add(_INPUT)
    usage = _repaired(out, exclusive)
    return out, usage


def _plain_usage(attributes: Mapping[str, str], scope: str, version: str, names: Names) -> Usage | None:
    """The usage of attributes that need no change, as submeter's own do not; nothing if anything is to be repaired."""
    if names.is_odd:
        return None
    provider = attributes.get(semconv.PROVIDER, "")
    if not _is_plain(provider, attributes.get(semconv.KIND, "")) or _exclusive_of(scope, version, provider):
        return None
    counts = _UNSTATED.copy()
    for place, key in names.counts:
        value = attributes[key]
        if not value.isdecimal() or len(value) >= _PLAIN_DIGITS or str(number := int(value)) != value:
            return None
        counts[place] = number
    for total, parts in names.divisions:
        if sum([counts[part] for part in parts]) > counts[total]:
            return None
    return Usage(*counts)


@lru_cache(maxsize=1024)
def _is_plain(provider: str, kind: str) -> bool:
    """Whether both are words of the conventions already."""
    stated = {semconv.PROVIDER: provider, semconv.KIND: kind}
    out = dict(stated)
    _translate(out)
    return out == stated


def is_call(attributes: Mapping[str, str]) -> bool:
    """Whether normalised attributes describe one request to a model, and not what wraps requests."""
    kind = attributes.get(semconv.KIND, "")
    if kind in AGGREGATE_KINDS or semconv.COUNTED_BENEATH in attributes:
        return False
    if semconv.INPUT_TOKENS in attributes or semconv.OUTPUT_TOKENS in attributes:
        return True
    return kind in _CALL_KINDS and not _is_answered_elsewhere(attributes) and not _is_prepared(attributes)


def _is_answered_elsewhere(attributes: Mapping[str, str]) -> bool:
    """Whether it is the first of the two spans that Logfire 5 makes of a streamed call; errors bear a level."""
    return attributes.get(ASKED[0]) == ASKED[1] and not attributes.keys() & ANSWERED


def _is_prepared(attributes: Mapping[str, str]) -> bool:
    """Whether it is what LlamaIndex does before a call, in OpenInference's words."""
    return attributes.get(PREPARED[0], "").startswith(PREPARED[1]) and not attributes.keys() & MADE


def _rename(out: dict[str, str], scope: str) -> None:
    unpriced = UNPRICING[1] if _is_of(scope, UNPRICING[0]) and _is_zero(out.get(UNPRICING[1], "")) else ""
    for target, sources in SOURCES.items():
        if _states(target, out.get(target, "")):
            continue
        for source in sources:
            value = out.get(source, "")
            if _states(target, value) and source != unpriced:
                out[target] = value
                break
    told = "" if out.get(semconv.KIND) else next((kind for name, kind in TELLING.items() if name in out), "")
    if told:
        out[semconv.KIND] = told


def _states(target: str, value: str) -> bool:
    return value != "" and (target not in _COUNT_TARGETS or _count(value) is not None)


def _translate(out: dict[str, str]) -> None:
    for target, values in VALUES.items():
        value = out.get(target)
        if value:
            lowered = value.lower()
            out[target] = values.get(lowered, lowered)


def _unfold(out: dict[str, str]) -> set[str]:
    """Takes counts and costs out of JSON texts; which totals among them leave parts out."""
    exclusive = set[str]()
    for attribute, keys_of in JSON_COUNTS.items():
        stated = _object(out.get(attribute, ""))
        for count, keys in keys_of.items():
            target = COUNT_NAMES[count]
            key = next((key for key in keys if _at(stated, key) is not None), "")
            value = str(_at(stated, key))
            if _states(target, value) and not _states(target, out.get(target, "")):
                out[target] = value
                exclusive |= {count} if key in EXCLUSIVE_JSON_KEYS else set()
    for attribute, key in JSON_COSTS.items():
        cost = _object(out.get(attribute, "")).get(key)
        if isinstance(cost, int | float) and not out.get(semconv.COST_USD):
            out[semconv.COST_USD] = repr(float(cost))
    return exclusive


def _at(stated: Mapping[str, Any], key: str) -> object:
    """What an object says under a key, or under keys within one another with a dot between."""
    first, _, rest = key.partition(".")
    found = stated.get(first)
    if not rest:
        return found
    return _at(cast("dict[str, Any]", found), rest) if isinstance(found, dict) else None


def _object(value: str) -> dict[str, Any]:
    if not value.startswith("{"):
        return {}
    try:
        return cast("dict[str, Any]", json.loads(value))
    except ValueError:
        return {}


@lru_cache(maxsize=1024)
def _exclusive_of(scope: str, version: str, provider: str) -> Exclusive | None:
    """The row of `EXCLUSIVE` that is about the spans of a scope, for what one alone can say is in its attributes."""
    if scope == semconv.SCOPE:
        return None
    return next(
        (
            row
            for row in EXCLUSIVE
            if _is_of(scope, row.scope)
            and provider == row.provider
            and (not row.before or _major(version) < int(row.before))
        ),
        None,
    )


def _is_of(scope: str, above: str) -> bool:
    """Whether a scope is another or below it."""
    return f"{scope}.".startswith(f"{above}.")


def _is_zero(value: str) -> bool:
    return _NUMBER.fullmatch(value) is not None and float(value) == 0


def _major(version: str) -> int:
    head = version.partition(".")[0]
    return int(head) if head.isascii() and head.isdigit() else 0


def _repaired(out: dict[str, str], exclusive: Collection[str]) -> Usage:
    stated = {name: _count(out[key]) for name, key in COUNT_NAMES.items() if key in out}
    counts = {name: -1 if count is None else count for name, count in stated.items()}
    if semconv.USAGE_REPAIRED not in out:
        for name, parts in LEFT_OUT.items():
            total, left_out = counts.get(name, -1), sum(max(counts.get(part, 0), 0) for part in parts)
            if total >= 0 and left_out and (name in exclusive or (name == _INPUT and left_out > total)):
                counts[name] = total + left_out
                out[semconv.USAGE_REPAIRED] = "true"
    usage = usage_of(
        dict(counts),
        estimated=out.get(semconv.USAGE_ESTIMATED) or None,
        is_partial=out.get(semconv.USAGE_PARTIAL) == "true",
    )
    if usage.is_inconsistent:
        out[semconv.USAGE_INCONSISTENT] = "true"
    elif out.get(semconv.USAGE_INCONSISTENT) == "true":
        usage = replace(usage, is_inconsistent=True)
    for name in stated:
        count: int | None = getattr(usage, name)
        if count is None:
            del out[COUNT_NAMES[name]]
        else:
            out[COUNT_NAMES[name]] = str(count)
    return usage


def _count(value: str) -> int | None:
    """A count, stated as an integer or as a whole double; `None` for what is no count."""
    if not _NUMBER.fullmatch(value):
        return None
    number = float(value)
    if number >= _MOST_TOKENS or not number.is_integer():
        return None
    return int(value) if value.isdigit() else int(number)
