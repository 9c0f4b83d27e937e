"""Row: one model as both sources of the catalog are brought to, and as one line of the table."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

Line = dict[str, Any]
"""One price line: unit -> USD per million tokens, with the conditions `from`, `tier`, `above` and `utc`."""

_PART_OF = {
    "cache_read": "input",
    "cache_write": "input",
    "image_input": "input",
    "image_output": "output",
    "reasoning": "output",
}
_CONDITIONS = ("from", "tier", "above", "utc")


@dataclass(slots=True, kw_only=True)
class Row:
    """A model of one provider's section."""

    name: str
    also: list[str] = field(default_factory=list[str])
    like: list[str] = field(default_factory=list[str])
    window: int | None = None
    max_input: int | None = None
    max_output: int | None = None
    prices: list[Line] = field(default_factory=list[Line])
    places: dict[str, float] = field(default_factory=dict[str, float])
    """Where inference may be asked to run -> what its prices are multiplied by there."""

    source: str = "g"
    checked: str = ""

    def standard(self, day: str) -> Line:
        """The standard rates of `day` for small requests at any hour; empty when the row has none."""
        usual = [line for line in self.prices if not line.keys() & {"tier", "above", "utc"}]
        begun = [line for line in usual if line.get("from", "") <= day]
        return max(begun, key=lambda line: line.get("from", "")) if begun else {}

    def fields(self, usual_source: str) -> dict[str, Any]:
        """What the table says of the model; what is empty or usual in its section is left out."""
        stated: dict[str, Any] = {
            "name": self.name,
            "also": self.also,
            "like": self.like,
            "limits": _trimmed([self.window, self.max_input, self.max_output]),
            "prices": self.prices,
            "source": "" if self.source == usual_source else self.source,
            "checked": self.checked,
        }
        return {name: value for name, value in stated.items() if value}

    def text(self, usual_source: str = "g") -> str:
        """The row as one line of JSON."""
        return json.dumps(self.fields(usual_source), ensure_ascii=False, separators=(",", ":"))


def _trimmed(counts: list[int | None]) -> list[int | None]:
    while counts and counts[-1] is None:
        counts = counts[:-1]
    return counts


def rates_of(line: Line) -> Line:
    """The rates of a price line without its conditions."""
    return {key: value for key, value in line.items() if key not in _CONDITIONS}


def placed(line: Line, place: str, factor: float) -> Line:
    """The price line of the same tier where inference is asked to run at `place`: every token costs `factor` of it."""
    dearer = {unit: rate if unit == "request" else tidy(rate * factor) for unit, rate in rates_of(line).items()}
    conditions = {name: line[name] for name in _CONDITIONS if name in line}
    return {**conditions, "tier": f"{line.get('tier', 'standard')}-{place}", **dearer}


def plain(rates: Line) -> Line:
    """`rates` without those that say what holds anyway: a part without a rate is billed as what it is part of."""
    return {unit: rate for unit, rate in rates.items() if rates.get(_PART_OF.get(unit, "")) != rate}


def tidy(value: float) -> float:
    """`value` with the noise of binary fractions removed, whole numbers as integers."""
    rounded = round(value, 9)
    return int(rounded) if rounded == int(rounded) else rounded
