"""What the generator writes: every file of `dashboards/` with its text."""

from __future__ import annotations

import json
from typing import Any

from tools.dashboards import alerts, metrics, plumbing
from tools.dashboards.cost import cost
from tools.dashboards.machinery import models, pipeline
from tools.dashboards.overview import overview
from tools.dashboards.people import users, warnings
from tools.dashboards.sessions import session, sessions

BOARDS = (overview, cost, sessions, session, users, warnings, models, pipeline)
OF_PROMETHEUS = (metrics.overview, metrics.models, plumbing.pipeline)


def boards() -> list[dict[str, Any]]:
    """The dashboards over the store, in the order of the navigation."""
    return [make() for make in BOARDS]


def boards_of_prometheus() -> list[dict[str, Any]]:
    """The smaller dashboards over Prometheus, for Grafana alone."""
    return [make() for make in OF_PROMETHEUS]


def files() -> dict[str, str]:
    """Every file of `dashboards/` by its path in it."""
    return {
        **{f"{board['uid']}.json": written(board) for board in boards()},
        **{f"prometheus/{board['uid']}.json": written(board) for board in boards_of_prometheus()},
        "prometheus/alerts.yaml": alerts.prometheus(),
        "provisioning/alerting/submeter.yaml": alerts.grafana(),
    }


def written(content: Any) -> str:
    """JSON as it is committed: keys in their order, one line per value, so that a change is a small diff."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
