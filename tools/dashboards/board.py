"""Boards: panels laid out in rows, with the variables and links that every dashboard has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tools.dashboards.queries import sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.dashboards.panels import Panel

COLUMNS: Final = 24
_SCHEMA: Final = 39
Row = tuple[int, "Sequence[tuple[int, Panel]]"]
Variable = dict[str, Any]


def board(
    uid: str,
    title: str,
    description: str,
    *,
    rows: Sequence[Row],
    variables: Sequence[Variable],
    since: str = "now-7d",
    tag: str = "submeter",
) -> dict[str, Any]:
    """A dashboard; a row is its height and its panels with their widths, which make 24."""
    panels = _laid_out(rows)
    return {
        "uid": f"submeter-{uid}",
        "title": title,
        "description": description,
        "tags": [tag],
        "schemaVersion": _SCHEMA,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "timezone": "browser",
        "time": {"from": since, "to": "now"},
        "timepicker": {"refresh_intervals": ["5s", "10s", "30s", "1m", "5m", "15m"]},
        "refresh": "",
        "annotations": {"list": []},
        "links": [
            {
                "type": "dashboards",
                "title": "submeter",
                "tags": [tag],
                "asDropdown": False,
                "includeVars": True,
                "keepTime": True,
                "targetBlank": False,
                "icon": "external link",
                "tooltip": "",
                "url": "",
            }
        ],
        "templating": {"list": [*variables]},
        "panels": panels,
    }


def _laid_out(rows: Sequence[Row]) -> list[Panel]:
    panels: list[Panel] = []
    top = 0
    for height, row in rows:
        left = 0
        for width, panel in row:
            position = {"x": left, "y": top, "w": width, "h": height}
            panels.append({"id": len(panels) + 1, **panel, "gridPos": position})
            left += width
        if left != COLUMNS:
            raise ValueError(f"the row at {top} is {left} wide, not {COLUMNS}")
        top += height
    ids = {panel["title"]: panel["id"] for panel in panels}
    for panel in panels:
        for target in panel["targets"]:
            if "panelId" in target:
                target["panelId"] = ids[target["panelId"]]
    return panels


def datasource(kind: str = "grafana-clickhouse-datasource", label: str = "Store") -> Variable:
    """Which data source: hidden where there is one."""
    return {
        "name": "datasource",
        "label": label,
        "type": "datasource",
        "query": kind,
        "current": {},
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "options": [],
        "refresh": 1,
        "regex": "",
    }


def choice(
    name: str, label: str, description: str, query: str, *, kind: str = "grafana-clickhouse-datasource"
) -> Variable:
    """Any number of the values that a query finds, all of them to begin with."""
    return {
        "name": name,
        "label": label,
        "description": description,
        "type": "query",
        "datasource": {"type": kind, "uid": "${datasource}"},
        "query": query,
        "definition": query,
        "current": {"text": ["All"], "value": ["$__all"]},
        "hide": 0,
        "includeAll": True,
        "multi": True,
        "options": [],
        "refresh": 2,
        "regex": "",
        "sort": 0,
    }


def textbox(name: str, label: str, description: str, default: str = "") -> Variable:
    """A text that the reader types."""
    return {
        "name": name,
        "label": label,
        "description": description,
        "type": "textbox",
        "query": default,
        "current": {"text": default, "value": default},
        "hide": 0,
        "options": [{"selected": True, "text": default, "value": default}],
    }


SERVICE: Final = choice("service", "Service", "The program that made the calls.", sql("variables.service"))
MODEL: Final = choice("model", "Model", "The model that answered.", sql("variables.model"))
OPERATION: Final = choice("operation", "Operation", "What the program was doing.", sql("variables.operation"))
USER: Final = choice("user", "User", "Whose calls.", sql("variables.user"))
TYPE: Final = choice("type", "Type", "The kind of warning.", sql("variables.type"))
CALLS: Final[tuple[Variable, ...]] = (datasource(), SERVICE, MODEL, OPERATION)
"""The variables that select calls."""
