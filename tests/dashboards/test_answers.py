"""Every query of every dashboard on a real store, with all and with chosen values, against Python's own sums."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.dashboards.expectation import Chosen
from tests.dashboards.panels_of_calls import COST, MODELS, OVERVIEW
from tests.dashboards.panels_of_people import PIPELINE, SESSION, SESSIONS, USERS, WARNINGS
from tests.dashboards.seeded import EVERYTHING, ODD_SESSION, ODD_USER

if TYPE_CHECKING:
    from tests.dashboards.seeded import Seeded

FOLDER = Path(__file__).parents[2] / "dashboards"
EXPECTED = {
    "overview": OVERVIEW,
    "cost": COST,
    "sessions": SESSIONS,
    "session": SESSION,
    "users": USERS,
    "warnings": WARNINGS,
    "models": MODELS,
    "pipeline": PIPELINE,
}
PANELS = [
    (name, panel["title"], panel["targets"][0]["rawSql"])
    for name in EXPECTED
    for panel in json.loads((FOLDER / f"submeter-{name}.json").read_text(encoding="utf-8"))["panels"]
    if "rawSql" in panel["targets"][0]
]
# The engine knows what its tables weigh; nothing else does.
UNPREDICTABLE = {("pipeline", "What does the store take?")}
# now() moves between the two computations.
MOVING = {"Forecast of the month", "What will this month cost?", "Who has how much left today?", "Latest span"}
CHOICES: dict[str, dict[str, tuple[str, ...]]] = {
    "all": {},
    "one service": {"service": ("demo-chat",), "user": ("ada",)},
    "several": {
        "service": ("demo-chat", "odd & sons", "no such 'service\\"),
        "model": ("claude-sonnet-4-5", "gpt-4o-2024-08-06"),
        "operation": ("conversation", ""),
        "user": ("bea", ODD_USER),
        "type": ("approaching_limit", "limit_reached"),
        "min_cost": ("0.01",),
        "token_limit": ("200000",),
    },
    "nothing": {"service": ("') OR 1=1 --",), "user": ("nobody",), "min_cost": ("x",), "token_limit": ("x",)},
}


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize(("dashboard", "title", "query"), PANELS, ids=[f"{name}: {title}" for name, title, _ in PANELS])
def test_a_panel_shows_what_python_computes(seeds: Seeded, dashboard: str, title: str, query: str, choice: str) -> None:
    values = {**EVERYTHING, **CHOICES[choice]}
    if dashboard == "session":
        busiest = max(seeds.warnings, key=lambda event: event.percentage).session_id
        values["session"] = {"all": (busiest,), "nothing": ("",)}.get(choice, (ODD_SESSION,))
    if choice == "nothing":
        values = {name: ("0",) if value == ("x",) else value for name, value in values.items()}
    span = seeds.week()
    rows = seeds.ask(query, {**values, **({} if choice != "nothing" else CHOICES["nothing"])}, span)
    if (dashboard, title) in UNPREDICTABLE:
        assert {row[0] for row in rows} >= {"otel_traces", "llm_call_rows"}
        return
    expected = EXPECTED[dashboard][title](Chosen(seeds, values, span))
    if title == "What will this month cost?":
        rows = [[max(row[1] or 0 for row in rows), rows[-1][2]]]
    if title == "Trace":
        rows = [row[:3] for row in rows]
    if title == "Who instruments what?":
        rows = [[*row[:2], None, *row[3:]] for row in rows]
    assert_equal(rows, expected, relative=0.03 if title in MOVING else 1e-6)


def assert_equal(rows: list[list[Any]], expected: list[list[Any]], *, relative: float) -> None:
    assert len(rows) == len(expected), (rows[:3], expected[:3])
    for row, wanted in zip(rows, expected, strict=True):
        assert len(row) == len(wanted)
        for cell, value in zip(row, wanted, strict=True):
            assert _is_same(cell, value, relative), (row, wanted)


def _is_same(cell: object, value: object, relative: float) -> bool:
    if isinstance(value, int) and value > 10**18 and isinstance(cell, str):
        return (
            cell == datetime.fromtimestamp(value // 10**9, UTC).strftime("%Y-%m-%d %H:%M:%S") + f".{value % 10**9:09d}"
        )
    if isinstance(value, float | int) and isinstance(cell, float | int):
        return cell == pytest.approx(value, rel=relative, abs=2e-6)
    return (cell or None) == (value or None)


def test_every_panel_has_an_expectation() -> None:
    known = {(name, title) for name, panels in EXPECTED.items() for title in panels} | UNPREDICTABLE
    assert {(name, title) for name, title, _ in PANELS} == known


VARIABLES = [
    (name, variable["name"], variable["query"])
    for name in EXPECTED
    for variable in json.loads((FOLDER / f"submeter-{name}.json").read_text(encoding="utf-8"))["templating"]["list"]
    if variable["type"] == "query"
]
FIELDS = {"service": "service", "model": "model", "operation": "operation", "user": "user_id"}


@pytest.mark.parametrize(("dashboard", "name", "query"), VARIABLES, ids=[f"{d}: {n}" for d, n, _ in VARIABLES])
def test_a_variable_offers_what_there_is_the_most_frequent_first(
    seeds: Seeded, dashboard: str, name: str, query: str
) -> None:
    chosen = Chosen(seeds, EVERYTHING, seeds.week())
    if name == "type":
        found = [event.type for event in chosen.warnings]
    else:
        found = [getattr(call, FIELDS[name]) for call in chosen.calls]
    expected = sorted({value for value in found if value}, key=lambda value: (-found.count(value), value))
    assert [row[0] for row in seeds.ask(query, {}, seeds.week())] == expected
