"""The committed dashboards: what the generator writes, in a form that both viewers and a reader can use."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from tools.dashboards import queries
from tools.dashboards.written import boards, boards_of_prometheus, files

FOLDER = Path(__file__).parents[2] / "dashboards"
BOARDS = boards()
PANELS = [(board, panel) for board in BOARDS for panel in board["panels"]]
IDS = [f"{board['uid']}: {panel['title']}" for board, panel in PANELS]
KINDS = {"stat", "timeseries", "table", "bargauge", "barchart", "piechart", "heatmap", "traces"}
UNITS = {
    "currencyUSD",
    "short",
    "locale",
    "percentunit",
    "s",
    "bytes",
    "none",
    "string",
    "dateTimeFromNow",
    "dateTimeAsSystem",
}
NUMBERLESS = {"traces"}


def test_the_committed_files_are_what_the_generator_writes() -> None:
    stale = [name for name, text in files().items() if (FOLDER / name).read_text(encoding="utf-8") != text]
    assert stale == [], "run python -m tools.dashboards"
    written = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()}
    by_hand = {name for name in written if name.startswith("provisioning/")} | {"README.md"}
    assert written <= {*files(), *by_hand}


def test_there_are_the_eight_dashboards_of_the_navigation() -> None:
    names = ["overview", "cost", "sessions", "session", "users", "warnings", "models", "pipeline"]
    assert [board["uid"] for board in BOARDS] == [f"submeter-{name}" for name in names]


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board["uid"])
def test_a_dashboard_is_a_classic_one_that_any_grafana_can_load(board: dict[str, Any]) -> None:
    assert board["title"]
    assert board["description"]
    assert 39 <= board["schemaVersion"] <= 42
    assert board["tags"] == ["submeter"]
    assert not {"__inputs", "__requires", "id"} & set(board)
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert len({panel["title"] for panel in board["panels"]}) == len(board["panels"])
    assert board["templating"]["list"][0]["type"] == "datasource"


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board["uid"])
def test_panels_fill_the_grid_without_touching_one_another(board: dict[str, Any]) -> None:
    places = [(panel["title"], panel["gridPos"]) for panel in board["panels"]]
    for (first, a), (second, b) in combinations(places, 2):
        is_apart = (
            a["x"] + a["w"] <= b["x"]
            or b["x"] + b["w"] <= a["x"]
            or a["y"] + a["h"] <= b["y"]
            or b["y"] + b["h"] <= a["y"]
        )
        assert is_apart, (first, second)
    area = sum(place["w"] * place["h"] for _, place in places)
    assert area == 24 * max(place["y"] + place["h"] for _, place in places)


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=IDS)
def test_a_panel_says_what_it_shows_and_in_what_unit(board: dict[str, Any], panel: dict[str, Any]) -> None:
    assert panel["type"] in KINDS
    assert panel["title"].strip()
    assert len(panel["title"]) <= 40
    assert panel["description"].endswith(".")
    defaults, overrides = panel["fieldConfig"]["defaults"], panel["fieldConfig"]["overrides"]
    units = [defaults["unit"]] if "unit" in defaults else []
    units += [value for entry in overrides for value in [_property(entry, "unit")] if value]
    assert set(units) <= UNITS
    assert units or panel["type"] in NUMBERLESS
    steps = defaults.get("thresholds", {}).get("steps", [])
    # Grafana's own default paints every number above 80 red.
    assert not [step for step in steps if step["value"] == 80]


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=IDS)
def test_a_panel_asks_the_chosen_store_and_only_stable_tables(board: dict[str, Any], panel: dict[str, Any]) -> None:
    (target,) = panel["targets"]
    if "panelId" in target:
        source = next(other for other in board["panels"] if other["id"] == target["panelId"])
        assert "rawSql" in source["targets"][0]
        return
    assert panel["datasource"]["uid"] == target["datasource"]["uid"] == "${datasource}"
    tables = set(re.findall(r"(?:FROM|JOIN)\s+([a-z_]+\.[a-z_]+)", target["rawSql"]))
    assert tables <= {"otel.llm_calls", "otel.llm_warnings", "otel.otel_traces", "system.parts"}
    known = {variable["name"] for variable in board["templating"]["list"]}
    assert set(re.findall(r"\$\{(\w+):singlequote\}", target["rawSql"])) <= known
    assert "gen_ai." not in target["rawSql"] or "otel_traces" in target["rawSql"]
    assert not re.search(r"\$\{\w+\}", target["rawSql"]), "a variable must be quoted"


@pytest.mark.parametrize(("board", "panel"), PANELS, ids=IDS)
def test_links_lead_to_dashboards_with_variables_that_they_have(board: dict[str, Any], panel: dict[str, Any]) -> None:
    variables = {b["uid"]: {variable["name"] for variable in b["templating"]["list"]} for b in BOARDS}
    for url in _links(panel):
        uid, _, query = url.removeprefix("/d/").partition("?")
        assert set(re.findall(r"var-(\w+)=", query)) <= variables[uid]
        assert "${__url_time_range}" in query


def test_every_query_is_used_and_explains_its_abbreviations() -> None:
    asked = {target["rawSql"] for _, panel in PANELS for target in panel["targets"] if "rawSql" in target}
    written = {queries.sql(f"{name}.{query}") for name in NAMES for query in queries.names(name)}
    assert written == asked
    assert not [text for text in asked if re.search(r"@[a-z_]+", text)]


NAMES = [board["uid"].removeprefix("submeter-") for board in BOARDS]


@pytest.mark.parametrize("board", boards_of_prometheus(), ids=lambda board: board["uid"])
def test_a_dashboard_on_prometheus_is_as_tidy(board: dict[str, Any]) -> None:
    assert board["uid"].startswith("submeter-prometheus-")
    test_panels_fill_the_grid_without_touching_one_another(board)
    known = {variable["name"] for variable in board["templating"]["list"]}
    for panel in board["panels"]:
        test_a_panel_says_what_it_shows_and_in_what_unit(board, panel)
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        for target in panel["targets"]:
            assert set(re.findall(r"\$(?!__)(\w+)", target["expr"])) <= known
            assert panel["type"] != "timeseries" or target["legendFormat"] != "__auto"


def _property(entry: dict[str, Any], name: str) -> Any:
    return next((item["value"] for item in entry["properties"] if item["id"] == name), None)


def _links(panel: dict[str, Any]) -> list[str]:
    config = panel["fieldConfig"]
    found = list(config["defaults"].get("links", []))
    for entry in config["overrides"]:
        found += _property(entry, "links") or []
    return [link["url"] for link in found]


def test_the_file_is_readable_in_a_review() -> None:
    for name, text in files().items():
        assert text.endswith("\n"), name
        if name.endswith(".json"):
            json.loads(text)
