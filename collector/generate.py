"""`python -m collector.generate`: writes normalise.yaml from the table of dialects that the store reads by.

The statements do to a span's attributes what `submeter.store.normalisation` does, so that a span means the same
whether it reaches the store through the collector's exporter or through `submeter up`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from submeter import semconv
from submeter.store.dialects import (
    COUNT_NAMES,
    EXCLUSIVE,
    EXCLUSIVE_JSON_KEYS,
    JSON_COSTS,
    JSON_COUNTS,
    LEFT_OUT,
    SOURCES,
    TELLING,
    UNPRICING,
    VALUES,
    Exclusive,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FILE: Final = Path(__file__).with_name("normalise.yaml")
HEADER: Final = (
    "# Other instrumentations' names and counts, translated to the conventions'. Give it beside a pipeline that\n"
    "# says transform/normalise: --config gateway.yaml --config normalise.yaml\n"
    "# Generated from src/submeter/store/dialects.py by `python -m collector.generate`; change the table, not this.\n"
)
_COUNT_SHAPE: Final = "^[0-9]+([.][0-9]*)?([eE][+-]?[0-9]+)?$"
_MOST: Final = 10**15
_COUNTS: Final = tuple(COUNT_NAMES.values())
_INPUT: Final = "input_tokens"
_REST: Final = 'span.cache["rest"]'
_HIGHEST_DIGIT: Final = 9

CLAMPED: Final[Sequence[tuple[str, tuple[str, ...]]]] = (
    (semconv.INPUT_TOKENS, (semconv.CACHE_READ_TOKENS, semconv.CACHE_WRITE_TOKENS)),
    (semconv.CACHE_WRITE_TOKENS, (semconv.CACHE_WRITE_5M_TOKENS, semconv.CACHE_WRITE_1H_TOKENS)),
    (semconv.OUTPUT_TOKENS, (semconv.REASONING_TOKENS,)),
    (semconv.INPUT_TOKENS, (semconv.TEXT_INPUT_TOKENS, semconv.IMAGE_INPUT_TOKENS, semconv.AUDIO_INPUT_TOKENS)),
    (semconv.OUTPUT_TOKENS, (semconv.TEXT_OUTPUT_TOKENS, semconv.IMAGE_OUTPUT_TOKENS, semconv.AUDIO_OUTPUT_TOKENS)),
)
"""A total and the parts that must fit into it, in the order in which they are clamped."""


def statements() -> list[str]:
    """The statements in the collector's transformation language, in the order in which they run."""
    return [
        *_renamed(),
        *_unfolded(),
        *_translated(),
        *_cleaned(),
        *_repaired(),
        *_clamped(),
    ]


def text() -> str:
    """The file's content."""
    group: dict[str, Any] = {
        "context": "span",
        "conditions": [f'instrumentation_scope.name != "{semconv.SCOPE}"'],
        "statements": statements(),
    }
    transform = {"error_mode": "ignore", "trace_statements": [group]}
    return HEADER + yaml.safe_dump(
        {"processors": {"transform/normalise": transform}}, width=1000, sort_keys=False, allow_unicode=True
    )


def _attribute(name: str) -> str:
    return f'span.attributes["{name}"]'


def _is_count(path: str) -> str:
    """The condition that a value is a whole number of tokens, however it is typed."""
    shape = f'IsMatch({path}, "{_COUNT_SHAPE}")'
    return f"{shape} and Double({path}) < {_MOST}.0 and Double({path}) == Double(Int(Double({path})))"


def _is_there(name: str) -> str:
    path = _attribute(name)
    if name in _COUNTS:
        return f"({path} != nil and {_is_count(path)})"
    return f'({path} != nil and {path} != "")'


def _renamed() -> Iterator[str]:
    for target, sources in SOURCES.items():
        for source in sources:
            path = _attribute(source)
            if target in _COUNTS:
                yield (
                    f"set({_attribute(target)}, Int(Double({path}))) "
                    f"where {path} != nil and {_is_count(path)} and not {_is_there(target)}"
                )
            else:
                yield (
                    f'set({_attribute(target)}, {path}) where {path} != nil and {path} != "" '
                    f"and not {_is_there(target)}" + (_unless_zero(path) if source == UNPRICING[1] else "")
                )

    for name, kind in TELLING.items():
        is_told = f"{_attribute(name)} != nil and not {_is_there(semconv.KIND)}"
        yield f'set({_attribute(semconv.KIND)}, "{kind}") where {is_told}'


def _unless_zero(path: str) -> str:
    """What keeps out a 0 of those who say so that they know no price."""
    is_number = f'IsMatch({path}, "{_COUNT_SHAPE}")'
    return f" and not ({_is_of(UNPRICING[0])} and {is_number} and Double({path}) == 0.0)"


def _unfolded() -> Iterator[str]:
    for number, (attribute, keys_of) in enumerate(JSON_COUNTS.items()):
        stated = f'span.cache["counts{number}"]'
        yield _parsed(attribute, stated)
        for count, keys in keys_of.items():
            target = COUNT_NAMES[count]
            path = f'{stated}["first"]'
            yield f'delete_key({stated}, "first") where {stated} != nil'
            for key in keys:
                outer, _, inner = key.partition(".")
                found = f'{stated}["{outer}"]'
                there = f"{stated} != nil"
                if inner:
                    there += f" and {found} != nil and IsMap({found})"
                    found += f'["{inner}"]'
                yield f"set({path}, {found}) where {there} and {found} != nil and {path} == nil"
            usable = f"{stated} != nil and {path} != nil and {_is_count(path)} and not {_is_there(target)}"
            for key in EXCLUSIVE_JSON_KEYS.intersection(keys):
                better = [f'{stated}["{name}"] == nil' for name in keys[: keys.index(key)]]
                yield f"set({_cached('exclusive', count)}, true) where {' and '.join([usable, *better])}"
            yield f"set({_attribute(target)}, Int(Double({path}))) where {usable}"
    for number, (attribute, key) in enumerate(JSON_COSTS.items()):
        stated = f'span.cache["costs{number}"]'
        yield _parsed(attribute, stated)
        yield (
            f'set({_attribute(semconv.COST_USD)}, {stated}["{key}"]) where {stated} != nil '
            f'and IsDouble({stated}["{key}"]) and not {_is_there(semconv.COST_USD)}'
        )


def _parsed(attribute: str, into: str) -> str:
    path = _attribute(attribute)
    return f'set({into}, ParseJSON({path})) where IsString({path}) and IsMatch({path}, "^[{{]")'


def _translated() -> Iterator[str]:
    for target, values in VALUES.items():
        path = _attribute(target)
        yield f'set({path}, ToLowerCase({path})) where IsString({path}) and {path} != ""'
        names: dict[str, list[str]] = {}
        for value, name in values.items():
            if name in values and values[name] != name:
                raise ValueError(
                    f"{target}: {value!r} is called {name!r}, which has yet another name: say the last one"
                )
            names.setdefault(name, []).append(value)
        for name, aliases in names.items():
            listed = ", ".join(f'"{alias}"' for alias in aliases)
            yield f'set({path}, "{name}") where {path} != nil and ContainsValue([{listed}], {path})'


def _cleaned() -> Iterator[str]:
    for name in _COUNTS:
        path = _attribute(name)
        wrong = f"{path} != nil and (not IsInt({path}) or {path} < 0 or {path} >= {_MOST})"
        yield f"set({path}, Int(Double({path}))) where {path} != nil and not IsInt({path}) and {_is_count(path)}"
        yield f"set({_attribute(semconv.USAGE_INCONSISTENT)}, true) where {wrong}"
        yield f'delete_key(span.attributes, "{name}") where {wrong}'


def _repaired() -> Iterator[str]:
    mark = _attribute(semconv.USAGE_REPAIRED)
    for row in EXCLUSIVE:
        yield f"set({_cached('exclusive', _INPUT)}, true) where {_counts_without_cached(row)}"
    for name, parts in LEFT_OUT.items():
        total, left_out = _attribute(COUNT_NAMES[name]), _cached("left_out", name)
        yield f"set({left_out}, 0)"
        for part in (_attribute(COUNT_NAMES[part]) for part in parts):
            yield f"set({left_out}, {left_out} + {part}) where {part} != nil"
        condition = f"{_cached('exclusive', name)} == true"
        condition = f"({condition} or {left_out} > {total})" if name == _INPUT else condition
        yield (
            f"set({_cached('repairing', name)}, true) where {total} != nil and {mark} == nil and {left_out} > 0 "
            f"and {condition}"
        )
    for name in LEFT_OUT:
        total, is_repaired = _attribute(COUNT_NAMES[name]), f"{_cached('repairing', name)} == true"
        yield f"set({total}, {total} + {_cached('left_out', name)}) where {is_repaired}"
        yield f"set({mark}, true) where {is_repaired}"


def _cached(what: str, count: str) -> str:
    """Where the statements keep something about a count among themselves."""
    return f'span.cache["{what}_{count}"]'


def _counts_without_cached(row: Exclusive) -> str:
    found = f'{_is_of(row.scope)} and {_attribute(semconv.PROVIDER)} == "{row.provider}"'
    if row.on:
        found += f" and {_attribute(row.on)} != nil"
    if row.unless:
        found += f" and {_attribute(row.unless)} == nil"
    if not row.before:
        return found
    first = int(row.before)
    if not 1 <= first <= _HIGHEST_DIGIT:
        raise ValueError(f"{row.scope}: versions from {row.before} on need a pattern of two digits; write one here")
    newer = f"^0*([{first}-9]|[1-9][0-9]+)([.].*)?$"
    return f'{found} and not IsMatch(instrumentation_scope.version, "{newer}")'


def _is_of(scope: str) -> str:
    """The condition that the span's scope is another or below it."""
    return f'IsMatch(instrumentation_scope.name, "^{scope.replace(".", "[.]")}([.]|$)")'


def _clamped() -> Iterator[str]:
    for name, parts in CLAMPED:
        total = _attribute(name)
        yield f"set({_REST}, {total}) where {total} != nil"
        for part in map(_attribute, parts):
            both = f"{total} != nil and {part} != nil"
            yield f"set({_attribute(semconv.USAGE_INCONSISTENT)}, true) where {both} and {part} > {_REST}"
            yield f"set({part}, {_REST}) where {both} and {part} > {_REST}"
            yield f"set({_REST}, {_REST} - {part}) where {both}"


def main() -> int:
    """Writes the file."""
    FILE.write_text(text())
    sys.stdout.write(f"{FILE.name}: {len(statements())} statements\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
