"""Merges the two sources: prices from genai-prices first, limits and gaps from LiteLLM, differences noted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from submeter.catalog.names import near_names, provider_of, same_names, sections_of
from submeter.catalog.table import fits
from tools.catalog_litellm import HOSTS
from tools.catalog_row import Line, Row, placed, rates_of

Sections = dict[str, list[Row]]

_ROUNDED = 0.06
"""Windows that differ by less than this share are the same: one source writes 1,000,000 for 1,048,576."""

_REGION = re.compile(r"^(?:us|eu|apac|global|jp|au|us-gov)\.")
_TOTALS = (400_000, 1_050_000)

_PLATFORMS = frozenset({"azure.ai.inference", "gcp.vertex_ai"})

_PLACES = {("anthropic", name): {"us": 1.1} for name in ("claude-fable-5-2", "claude-mythos-5-2")}
"""What Anthropic's page of prices says of every model since Opus 4.6, for those that LiteLLM does not know yet."""

_BESIDE = {"gcp.gemini": ("gcp.gemini", "gcp.vertex_ai")}
"""Sections of LiteLLM in which a section's limits may stand."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A fact on which the sources differ, and what the table says."""

    section: str
    model: str
    fact: str
    genai: object
    litellm: object
    taken: str


@dataclass(slots=True)
class Merged:
    """The table to be and the report on it."""

    day: str
    sections: Sections
    conflicts: list[Conflict] = field(default_factory=list[Conflict])


def merged(genai: Sections, litellm: Sections, day: str) -> Merged:
    """All rows of genai-prices, completed from LiteLLM by the prices of `day`, and the rows only LiteLLM has."""
    result = Merged(day=day, sections={name: list(rows) for name, rows in genai.items()})
    for section, rows in genai.items():
        known = [other for name in _BESIDE.get(section, (section,)) for other in litellm.get(name, [])]
        by_name = {other.name.lower(): other for other in reversed(known)}
        for row in rows:
            other = _twin(row, by_name)
            if other is not None:
                _complete(row, other, section, result)
    for section in sorted(litellm.keys() & (genai.keys() | HOSTS)):
        for other in sorted(litellm[section], key=lambda row: row.name):
            _add(other, section, result)
    _drop_dated_aliases(result.sections)
    for section, rows in result.sections.items():
        for row in rows:
            _place(row, row.places or _PLACES.get((section, row.name), {}))
    return result


def _place(row: Row, places: dict[str, float]) -> None:
    """Adds what each price of a row is where inference is asked to run at a place that costs more."""
    row.prices = row.prices + [placed(line, place, factor) for place, factor in places.items() for line in row.prices]
    if row.places and row.source == "g":
        row.source = "b"


def _add(other: Row, section: str, result: Merged) -> None:
    """Takes a row of LiteLLM over, unless a row is there that its model is priced by."""
    covering = _covering(section, other.name, result.sections)
    if covering is not None and _is_moved(covering, other, section, result):
        covering.also.remove(other.name.lower())
        covering = None
    if covering is None or _is_own(covering, other, section, result) or _is_blind_to_region(covering, other, section):
        _widen(other)
        result.sections.setdefault(section, []).append(other)
    else:
        _compare(covering, other, section, result)


def _twin(row: Row, by_name: dict[str, Row]) -> Row | None:
    """The row of the other source that speaks of the same model."""
    for name in (row.name.lower(), *row.also):
        for spelling in same_names(name):
            if spelling in by_name:
                return by_name[spelling]
    return None


def _complete(row: Row, other: Row, section: str, result: Merged) -> None:
    _complete_limits(row, other, section, result)
    row.places = other.places
    standard, theirs = row.standard(result.day), other.standard(result.day)
    if not standard:
        if theirs:
            row.prices, row.source = other.prices, "l"
        return
    if not _agree(standard, theirs):
        return
    missing = {unit: rate for unit, rate in rates_of(theirs).items() if unit not in standard and rate}
    missing.pop("image_input", None)
    tiers = {line.get("tier", "") for line in row.prices}
    added = [line for line in other.prices if line.get("tier", "") not in tiers]
    for line in row.prices:
        if line is standard:
            line.update(missing)
    row.prices.extend(_since(standard, line) for line in added)
    if missing or added:
        row.source = "b"


def _since(standard: Line, line: Line) -> Line:
    """`line` from the day on which the standard rates that it belongs to apply."""
    return {"from": standard["from"], **line} if "from" in standard else line


def _complete_limits(row: Row, other: Row, section: str, result: Merged) -> None:
    window, limit = row.window, other.max_input
    row.max_output = other.max_output
    if limit is None:
        return
    if window is not None and limit < (1 - _ROUNDED) * window and not _shares(other, window):
        result.conflicts.append(Conflict(section, row.name, "window", window, limit, "genai-prices"))
        return
    row.max_input = limit
    if window is None or abs(window - limit) <= _ROUNDED * window or window < limit:
        row.window = limit
        if window is not None and abs(window - limit) > _ROUNDED * window:
            result.conflicts.append(
                Conflict(section, row.name, "window", window, limit, "litellm: a window holds its input")
            )
    _widen(row)


def _is_blind_to_region(covering: Row, other: Row, section: str) -> bool:
    """Whether a row fits an id of another region only because its pattern fits any region."""
    name, region = covering.name.lower(), _REGION.match(other.name)
    is_regional = _REGION.match(name) or name.startswith("regional.")
    return section == "aws.bedrock" and region is not None and not is_regional


def _is_own(covering: Row, other: Row, section: str, result: Merged) -> bool:
    """Whether a platform that genai-prices does not keep apart from the makers has a price of its own."""
    ours, theirs = covering.standard(result.day), other.standard(result.day)
    is_whole = bool(theirs.get("input")) and bool(theirs.get("output"))
    return section in _PLATFORMS and is_whole and bool(ours) and not _agree(ours, theirs)


def _is_moved(covering: Row, other: Row, section: str, result: Merged) -> bool:
    """Whether genai-prices still ties a `-latest` name to an older model; LiteLLM says what it is now."""
    name = other.name.lower()
    prices = covering.standard(result.day), other.standard(result.day)
    is_own = covering in result.sections.get(section, [])
    return is_own and name.endswith("-latest") and name in covering.also and all(prices) and not _agree(*prices)


def _shares(row: Row, window: int) -> bool:
    """Whether the row's limits are parts of `window`, and not the window itself as somebody else knows it."""
    total = (row.max_input or 0) + (row.max_output or 0)
    return row.max_input != row.max_output and abs(total - window) <= 2 * _ROUNDED * window


def _widen(row: Row) -> None:
    """OpenAI states the total that input and output share; LiteLLM what it leaves for the input."""
    total = (row.max_input or 0) + (row.max_output or 0)
    if total in _TOTALS:
        row.window = total


def _covering(section: str, name: str, sections: Sections) -> Row | None:
    """The row that a call's model `name` would be priced by."""
    spellings = tuple(same_names(name))
    for sold_by in sections_of(provider_of(section)):
        rows = sections.get(sold_by, [])
        for spelling in spellings:
            for row in rows:
                if spelling == row.name.lower() or spelling in row.also:
                    return row
        for spelling in spellings:
            for row in rows:
                if any(fits(pattern, spelling) for pattern in row.like):
                    return row
    return None


def _agree(first: Line, second: Line) -> bool:
    return bool(second) and all(_near(first.get(unit, 0), second.get(unit, 0)) for unit in ("input", "output"))


def _near(first: float, second: float) -> bool:
    return abs(first - second) <= 0.001 * max(first, second)


def _compare(row: Row, other: Row, section: str, result: Merged) -> None:
    ours, theirs = row.standard(result.day), other.standard(result.day)
    is_in_section = row in result.sections.get(section, [])
    if is_in_section and row.max_input is None and row.max_output is None and row.source == "g":
        _complete_limits(row, other, section, result)
    if ours and theirs and not _agree(ours, theirs):
        first, second = (f"{line.get('input', 0)} / {line.get('output', 0)}" for line in (ours, theirs))
        fact = f"price (by {row.name})"
        result.conflicts.append(Conflict(section, other.name, fact, first, second, "genai-prices"))


def _drop_dated_aliases(sections: Sections) -> None:
    """Leaves out names with a date that are found without it, in sections where no pattern could come first."""
    for rows in sections.values():
        if any(row.like for row in rows):
            continue
        for row in rows:
            row.also = [name for name in row.also if row.name.lower() not in near_names(name)]
