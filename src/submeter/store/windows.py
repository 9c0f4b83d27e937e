"""Periods of whole hours with about so many calls each: what is too much for one statement is done in these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_HOUR_NS: Final = 3600 * 10**9


def windows(hours: Iterable[Mapping[str, Any]], first_ns: int, last_ns: int, most: int) -> list[tuple[int, int]]:
    """The periods from `first_ns` to `last_ns` in nanoseconds, in order, the end not included.

    `hours` are rows of `start_ns` and `calls`, in order of time. An hour with more calls than `most` is a period of
    its own.
    """
    found: list[tuple[int, int]] = []
    calls = 0
    for hour in hours:
        start, end = hour["start_ns"], hour["start_ns"] + _HOUR_NS
        if found and calls + hour["calls"] <= most:
            found[-1] = (found[-1][0], end)
            calls += hour["calls"]
        else:
            found.append((start, end))
            calls = hour["calls"]
    return [(max(start, first_ns), min(end, last_ns)) for start, end in found]
