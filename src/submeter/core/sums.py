"""Sums: what several finished calls add to counters, given to each counter once for each set of attributes.

The SDK takes 15 us for an addition, most of them to copy and sort its attributes anew; between two collections the
calls of a program have a few sets of them. Histograms can be told one value at a time only, so they are told at once.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from submeter.core.guard import attempt

if TYPE_CHECKING:
    from collections.abc import Hashable

    from submeter.core.instruments import Instruments


class Series:
    """What several calls have for attributes, and the same with one more: dictionaries made once and never changed."""

    __slots__ = ("_more", "attributes")

    def __init__(self, attributes: dict[str, Any]) -> None:
        self.attributes = attributes
        self._more: dict[tuple[str, str], dict[str, Any]] = {}

    def also(self, name: str, value: str) -> dict[str, Any]:
        """The attributes and one more."""
        held = self._more.get((name, value))
        if held is None:
            held = self._more[name, value] = {**self.attributes, name: value}
        return held


class Sums:
    """What the calls of one turn add to the counters of `made`, and their `series`, by whatever tells them apart.

    Integers are summed exactly. Costs are summed as the SDK sums them, in the order of the calls from zero on, so that
    where a collection tells what came since the last one, the sum is the same to its last bit; `math.fsum` would be
    nearer to the true sum and further from what the SDK makes of single additions.
    """

    __slots__ = ("_sums", "made", "series")

    def __init__(self, made: Instruments) -> None:
        self.made = made
        self.series: dict[Hashable, Series] = {}
        self._sums: dict[tuple[str, int], list[Any]] = {}

    def add(self, name: str, value: float, attributes: dict[str, Any], unit: str = "{token}") -> None:
        """Adds to the counter `name` when the sums are told; each dictionary of attributes has a sum of its own."""
        if not 0 <= value < math.inf:  # the SDK warns of it and takes nothing, where a sum would be spoilt
            self.made.add(name, value, attributes, unit)
            return
        key = name, id(attributes)  # which the list below keeps alive, and so nobody else's
        held = self._sums.get(key)
        if held is None:
            if name not in self.made.counters:
                # The SDK (1.45) exports metrics in the order of their first values, and in parts where there are very
                # many: who reads must meet counters of tokens before histograms that tell the same tokens once more.
                attempt(self.made.add, name, 0 * value, attributes, unit)
            self._sums[key] = [value, attributes, unit]
        else:
            held[0] += value

    def tell(self) -> None:
        """Adds each sum to its counter; one that fails costs itself."""
        sums, self._sums = self._sums, {}
        for (name, _), (value, attributes, unit) in sums.items():
            attempt(self.made.add, name, value, attributes, unit)
