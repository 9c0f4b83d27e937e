"""Fields: how one column of an answer is shown, as Grafana's field configuration says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

USD: Final = "currencyUSD"
COUNT: Final = "short"
WHOLE: Final = "locale"
SHARE: Final = "percentunit"
SECONDS: Final = "s"
BYTES: Final = "bytes"
AGO: Final = "dateTimeFromNow"
PLAIN: Final = "none"
TEXT: Final = "string"

NEUTRAL: Final = "text"
GOOD, FAIR, WARN, BAD = "green", "yellow", "orange", "red"

Steps = tuple[tuple[float | None, str], ...]

CONTEXT: Final[Steps] = ((None, GOOD), (0.7, FAIR), (0.85, WARN), (0.95, BAD))
"""The evaluator's own thresholds of a context window: 70, 85 and 95 percent."""
BUDGET: Final[Steps] = ((None, GOOD), (0.8, WARN), (1.0, BAD))
ERRORS: Final[Steps] = ((None, NEUTRAL), (0.02, WARN), (0.1, BAD))
ANY_IS_WORTH_A_LOOK: Final[Steps] = ((None, NEUTRAL), (1, WARN))
A_SHARE_IS_WORTH_A_LOOK: Final[Steps] = ((None, NEUTRAL), (0.05, WARN))

_RANGE: Final = "${__url_time_range}&${datasource:queryparam}"
TO_SESSION: Final = f"/d/submeter-session?var-session=${{__value.raw:percentencode}}&{_RANGE}"
TO_USER: Final = f"/d/submeter-users?var-user=${{__value.raw:percentencode}}&{_RANGE}"
TO_TRACE: Final = (
    "/d/submeter-session?var-session=${session:percentencode}&var-trace=${__value.raw:percentencode}&" + _RANGE
)
TO_TRACE_OF_ROW: Final = (
    "/d/submeter-session?var-session=${__data.fields.session:percentencode}"
    "&var-trace=${__value.raw:percentencode}&" + _RANGE
)
TO_TRACE_OF_WARNING: Final = (
    "/d/submeter-session?var-session=${__data.fields.session_id:percentencode}"
    "&var-trace=${__value.raw:percentencode}&" + _RANGE
)


def thresholds(steps: Steps) -> dict[str, Any]:
    """Colours from a value on."""
    return {"mode": "absolute", "steps": [{"value": value, "color": color} for value, color in steps]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table or one series: its name in the query, its heading and how its values look.

    `width` is in pixels; a table gives what is left to the columns without one. `bar` draws the value as a bar
    from 0 to 1, `link` makes it lead somewhere.
    """

    name: str
    title: str = ""
    unit: str = ""
    decimals: int | None = None
    steps: Steps = ()
    width: int | None = None
    link: str = ""
    link_title: str = ""
    bar: bool = False
    color: str = ""
    is_hidden: bool = False
    is_wrapped: bool = False
    mappings: tuple[tuple[str, str], ...] = ()

    def override(self) -> dict[str, Any]:
        """The column as a field override."""
        found: list[tuple[str, Any]] = []
        if self.title:
            found.append(("displayName", self.title))
        if self.unit:
            found.append(("unit", self.unit))
        if self.decimals is not None:
            found.append(("decimals", self.decimals))
        if self.steps:
            found.append(("thresholds", thresholds(self.steps)))
            found.append(("color", {"mode": "thresholds"}))
        if self.color:
            found.append(("color", {"mode": "fixed", "fixedColor": self.color}))
        found += self._cell()
        return {
            "matcher": {"id": "byName", "options": self.name},
            "properties": [{"id": name, "value": value} for name, value in found],
        }

    def _cell(self) -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = []
        if self.width is not None:
            found.append(("custom.width", self.width))
        if self.is_wrapped:
            found.append(("custom.cellOptions", {"type": "auto", "wrapText": True}))
        if self.bar:
            found += [
                ("custom.cellOptions", {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}),
                ("min", 0),
                ("max", 1),
            ]
        elif self.steps or self.mappings:
            found.append(("custom.cellOptions", {"type": "color-text"}))
        if self.mappings:
            options = {text: {"color": color, "index": index} for index, (text, color) in enumerate(self.mappings)}
            found.append(("mappings", [{"type": "value", "options": options}]))
        if self.link:
            found.append(("links", [{"title": self.link_title or "Open", "url": self.link}]))
        if self.is_hidden:
            found.append(("custom.hidden", True))
        return found


TOKEN_TYPES: Final = (
    Column(name="new input", color="blue"),
    Column(name="cached input", color="light-green"),
    Column(name="output", color="orange"),
)
QUANTILES: Final = (Column(name="p50", color="blue"), Column(name="p95", color="orange"))
SEVERITY: Final = Column(
    name="severity",
    title="Severity",
    width=100,
    mappings=(("info", "blue"), ("warning", WARN), ("critical", BAD)),
)
