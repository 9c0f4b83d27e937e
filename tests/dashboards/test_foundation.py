"""The dashboards through Grafana's own types: what its Foundation SDK reads and writes again is what is committed."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any, cast

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins

with warnings.catch_warnings():  # it would rather have the second model, which file provisioning refuses
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.models.dashboard import Dashboard

FILES = sorted((Path(__file__).parents[2] / "dashboards").rglob("*.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_dashboard_survives_grafanas_own_types(path: Path) -> None:
    register_default_plugins()
    committed = json.loads(path.read_text(encoding="utf-8"))
    read = Dashboard.from_json(committed)
    again = json.loads(JSONEncoder().encode(read))
    assert _lost(committed, again) == []
    assert read.panels is not None
    assert len(read.panels) == len(committed["panels"])


def _lost(before: Any, after: Any, place: str = "") -> list[str]:
    """Where something of `before` is missing or different; the SDK may add defaults."""
    if isinstance(before, dict) and isinstance(after, dict):
        mine, other = cast("dict[str, Any]", before), cast("dict[str, Any]", after)
        return [found for name, value in mine.items() for found in _lost(value, other.get(name), f"{place}.{name}")]
    if isinstance(before, list) and isinstance(after, list):
        items, others = cast("list[Any]", before), cast("list[Any]", after)
        if len(items) == len(others):
            return [f for n, item in enumerate(items) for f in _lost(item, others[n], f"{place}[{n}]")]
    return [] if before == after else [place]
