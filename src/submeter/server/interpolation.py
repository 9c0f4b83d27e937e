"""Interpolation: a dashboard's query with its macros and variables filled in, as Grafana would fill them in.

The macros are those of Grafana's ClickHouse data source, so that one query serves both viewers. Values come
from a browser: each is put in as a quoted text, never as anything else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ALL: Final = "$__all"

_STEPS_S: Final = (
    *(1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800),
    *(3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800, 2_592_000, 31_536_000),
)
_UNITS_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_CONDITION: Final = "$__conditionalAll("
_TIME_MACRO: Final = re.compile(r"\$__(timeFilter|timeInterval)\((\w+)\)")
_NUMBER_MACRO: Final = re.compile(r"\$__(interval_s)\b")
_VARIABLE: Final = re.compile(r"\$\{(\w+):singlequote\}")
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "'": "\\'", "\0": ""})


class InterpolationError(ValueError):
    """A query or its variables do not fit together; the message names what."""


@dataclass(frozen=True, slots=True)
class Span:
    """The time range of a question and the width of one point, in seconds since the epoch and seconds."""

    start_s: int
    end_s: int
    interval_s: int = 60


def interval_for(range_s: int, points: int, least: str = "") -> int:
    """A round width for about `points` points over `range_s`, not below `least` (such as `1m` or `1d`), in seconds."""
    wanted = max(range_s / max(points, 1), _seconds(least))
    return next((step for step in _STEPS_S if step >= wanted * 0.999), _STEPS_S[-1])


def interpolated(query: str, values: Mapping[str, tuple[str, ...]], span: Span) -> str:
    """The query with every macro and variable filled in.

    Raises:
        InterpolationError: it uses a variable without a value, or a macro that is not known.
    """
    query = _without_all(query, values)
    query = _TIME_MACRO.sub(lambda match: _time(match[1], match[2], span), query)
    query = _NUMBER_MACRO.sub(str(span.interval_s), query)
    query = _VARIABLE.sub(lambda match: _quoted(match[1], values), query)
    if left := re.search(r"\$\{?\w+", query_without_texts(query)):
        raise InterpolationError(f"the query uses {left[0]}, which is not understood here")
    return query


def query_without_texts(query: str) -> str:
    """The query with every quoted text emptied."""
    return re.sub(r"'(?:[^'\\]|\\.)*'", "''", query)


def _seconds(text: str) -> int:
    return int(text[:-1]) * _UNITS_S[text[-1]] if text else 0


def _time(macro: str, column: str, span: Span) -> str:
    if macro == "timeFilter":
        return f"{column} >= toDateTime({span.start_s}, 'UTC') AND {column} <= toDateTime({span.end_s}, 'UTC')"
    return f"toStartOfInterval(toDateTime({column}, 'UTC'), INTERVAL {span.interval_s} second)"


def _without_all(query: str, values: Mapping[str, tuple[str, ...]]) -> str:
    """Each `$__conditionalAll(condition, $variable)` becomes its condition, or `1=1` where all values are wanted."""
    while (start := query.rfind(_CONDITION)) >= 0:
        comma, end = _arguments(query, start + len(_CONDITION))
        condition, variable = query[start + len(_CONDITION) : comma], query[comma + 1 : end].strip().lstrip("$")
        chosen = _of(variable, values)
        text = "1=1" if ALL in chosen or not any(chosen) else condition
        query = query[:start] + text + query[end + 1 :]
    return query


def _arguments(query: str, start: int) -> tuple[int, int]:
    """Where the last comma and the closing parenthesis of a macro's arguments are."""
    depth, comma = 0, -1
    for place in range(start, len(query)):
        letter = query[place]
        if letter == "(":
            depth += 1
        elif letter == ")" and depth == 0:
            return comma, place
        elif letter == ")":
            depth -= 1
        elif letter == "," and depth == 0:
            comma = place
    raise InterpolationError("a macro's parenthesis is never closed")


def _quoted(variable: str, values: Mapping[str, tuple[str, ...]]) -> str:
    return ",".join(f"'{value.translate(_ESCAPES)}'" for value in _of(variable, values) or ("",))


def _of(variable: str, values: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    if variable not in values:
        raise InterpolationError(f"the variable {variable!r} has no value")
    return values[variable]
