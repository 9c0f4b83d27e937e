"""Portions of an export: ranges of rows by their keys, each of which one statement answers within its limits.

A key is a time in nanoseconds and two ids: of a call its time, trace and span, of a warning its time and id, of a
session its id alone. A portion ends before the key with which the next begins, so that every row is in one of them,
whatever was stored twice and however many rows have one time.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from submeter.server.api.question import ParameterError
from submeter.store.windows import windows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from submeter.store.database import Reader

FIRST: Final = "first"
"""The cursor of the first portion."""

_HOUR_NS: Final = 3600 * 10**9


class Key(NamedTuple):
    """Where a portion begins."""

    ns: int
    first: str = ""
    second: str = ""

    def cursor(self, what: str) -> str:
        """The key of calls, sessions or warnings as a text for an address."""
        return base64.urlsafe_b64encode(json.dumps([what, *self]).encode()).decode()


class Portion(NamedTuple):
    """The rows from one key on and before another."""

    start: Key
    before: Key

    def parameters(self) -> dict[str, object]:
        """The portion as parameters of a question."""
        return {
            **{f"from_{name}": value for name, value in self.start._asdict().items()},
            **{f"before_{name}": value for name, value in self.before._asdict().items()},
        }


def key_of(cursor: str, what: str) -> Key | None:
    """The key that a cursor stands for; the first portion's has none.

    Raises:
        ParameterError: it is no cursor, or not one of `what`.
    """
    if cursor in {"", FIRST}:
        return None
    try:
        of, ns, first, second = json.loads(base64.b64decode(cursor, b"-_", validate=True))
    except (ValueError, TypeError, RecursionError):
        of = ns = first = second = None
    if of == what and type(ns) is int and abs(ns) < 2**63 and isinstance(first, str) and isinstance(second, str):
        return Key(ns, first, second)
    raise ParameterError(f"cursor={cursor[:80]!r} is none of {what}: use {FIRST}, then what the Link header leads to")


def portions(
    store: Reader, what: str, parameters: Mapping[str, Any], rows: int, start: Key | None = None
) -> Iterator[Portion]:
    """The portions of calls, sessions or warnings from `start` on, in order, with at most so many rows each.

    They are found as they are asked for: of calls hour by hour, and within an hour only where it has too many.
    """
    first_ns, end_ns = parameters["start_ns"], parameters["end_ns"]
    if what != "calls":
        whole = Portion(Key(0), Key(1)) if what == "sessions" else Portion(Key(first_ns), Key(end_ns))
        yield from _cut(store, what, parameters, rows, Portion(start or whole.start, whole.before))
        return
    if start:
        first_ns = max(first_ns, start.ns)
    hours = store.ask("export_hours", {**parameters, "start_ns": first_ns})
    large = {hour["start_ns"] // _HOUR_NS for hour in hours if hour["calls"] > rows}
    for number, (begins_ns, ends_ns) in enumerate(windows(hours, first_ns, end_ns, rows)):
        portion = Portion(start if start and not number else Key(begins_ns), Key(ends_ns))
        if begins_ns // _HOUR_NS in large:
            period = {**parameters, "start_ns": begins_ns, "end_ns": ends_ns}
            yield from _cut(store, what, period, rows, portion)
        else:
            yield portion


def _cut(store: Reader, what: str, parameters: Mapping[str, Any], rows: int, whole: Portion) -> Iterator[Portion]:
    asked = {**parameters, **whole.parameters(), "rows": rows}
    begins = whole.start
    for seam in store.ask(f"export_{what}_seams", asked):
        key = Key(**seam)
        if key > begins:  # not so where one row is repeated more often than a part has rows
            yield Portion(begins, key)
            begins = key
    yield Portion(begins, whole.before)
