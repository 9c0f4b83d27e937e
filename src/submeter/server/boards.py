"""Boards: the dashboards of `dashboards/*.json`, as the page needs them and as questions for the store.

The browser names a dashboard, a panel and values; which query that is, only this module knows.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

ORDER: Final = ("overview", "cost", "sessions", "session", "users", "warnings", "models", "pipeline")
"""The dashboards in the order of the navigation."""

_PREFIX: Final = "submeter-"
_POINTS: Final = 100


class BoardError(LookupError):
    """There is no such dashboard, panel or variable; the message says what there is."""


class Asking(NamedTuple):
    """A query with how many points it wants over time, the least width of one, and the variables it may use."""

    query: str
    points: int
    least: str
    variables: frozenset[str]


def folder() -> Traversable:
    """Where the dashboards lie: in the installed package, else in the source tree around it."""
    packaged = files("submeter.server") / "dashboards"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "dashboards"


def summaries() -> list[dict[str, str]]:
    """Every dashboard's id, title and description."""
    return [{name: _board(uid)[name] for name in ("uid", "title", "description")} for uid in _uids()]


def shown(uid: str) -> dict[str, Any]:
    """A dashboard without its queries, which are nobody's business but the server's.

    Raises:
        BoardError: there is none of this id.
    """
    board = dict(_board(uid))
    board["panels"] = [{**panel, "targets": [_reference(panel)]} for panel in board["panels"]]
    variables = board["templating"]["list"]
    board["templating"] = {"list": [{**item, "query": "", "definition": ""} for item in variables if _is_asked(item)]}
    board["templating"]["list"] += [item for item in variables if item["type"] == "textbox"]
    return board


def panel(uid: str, panel_id: int) -> Asking:
    """What a panel asks.

    Raises:
        BoardError: there is no such panel, or it shows another panel's answer.
    """
    board = _board(uid)
    for item in board["panels"]:
        if item["id"] == panel_id and "rawSql" in item["targets"][0]:
            points = item.get("maxDataPoints", _POINTS)
            return Asking(item["targets"][0]["rawSql"], points, item.get("interval", ""), _names(board))
    raise BoardError(f"{uid} has no panel {panel_id} that asks the store")


def variable(uid: str, name: str) -> Asking:
    """What finds the values of a variable.

    Raises:
        BoardError: there is no such variable, or its values are typed.
    """
    board = _board(uid)
    for item in board["templating"]["list"]:
        if item["name"] == name and _is_asked(item):
            return Asking(item["query"], _POINTS, "", _names(board))
    raise BoardError(f"{uid} has no variable {name!r} with a list of values")


def _reference(item: dict[str, Any]) -> dict[str, Any]:
    return {name: item["targets"][0][name] for name in ("refId", "panelId", "format") if name in item["targets"][0]}


def _is_asked(item: dict[str, Any]) -> bool:
    return item["type"] == "query"


def _names(board: dict[str, Any]) -> frozenset[str]:
    return frozenset(item["name"] for item in board["templating"]["list"])


def _uids() -> tuple[str, ...]:
    return tuple(_PREFIX + name for name in ORDER)


def _board(uid: str) -> dict[str, Any]:
    if uid not in _uids():
        raise BoardError(f"there is no dashboard {uid!r}: use {', '.join(_uids())}")
    return _read(uid)


@cache
def _read(uid: str) -> dict[str, Any]:
    return json.loads((folder() / f"{uid}.json").read_text(encoding="utf-8"))
