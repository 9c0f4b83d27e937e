"""The dashboards on Prometheus: every expression on the real one, over metrics that the real exporter wrote."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.dashboards.scraped import PROMETHEUS, Prometheus, running_prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parents[2] / "dashboards" / "prometheus"
PANELS = [
    (path.stem.removeprefix("submeter-prometheus-"), panel["title"], target)
    for path in sorted(FOLDER.glob("*.json"))
    for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]
    for target in panel["targets"]
]
pytestmark = pytest.mark.skipif(
    PROMETHEUS is None, reason="no Prometheus here (apt-get install prometheus): NOT tested"
)
# What has no data when all is well, and says nothing then.
QUIET = {("pipeline", "Not instrumented")}


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    with running_prometheus(tmp_path_factory.mktemp("prometheus")) as running:
        yield running


def filled(target: dict[str, Any], service: str = ".*", model: str = ".*") -> str:
    """The expression as Grafana sends it."""
    text = str(target["expr"]).replace("$__rate_interval", "5s").replace("$__range", "5s")
    return text.replace("$service", service).replace("$model", model)


@pytest.mark.parametrize(("board", "title", "target"), PANELS, ids=[f"{b}: {t} {x['refId']}" for b, t, x in PANELS])
def test_an_expression_finds_numbers(prometheus: Prometheus, board: str, title: str, target: dict[str, Any]) -> None:
    values = prometheus.ask(filled(target))
    assert values
    known = [value for value in values.values() if not math.isnan(value)]
    assert known
    assert all(value >= 0 for value in known)
    if (board, title) not in QUIET:
        assert any(value > 0 for value in known)
    if "$model" in target["expr"]:
        nothing = prometheus.ask(filled(target, model="no-such-model"))
        assert all(value == 0 or math.isnan(value) for value in nothing.values())


def value(prometheus: Prometheus, board: str, title: str, series: str = "", ref: str = "A") -> float:
    target = next(x for b, t, x in PANELS if (b, t, x["refId"]) == (board, title, ref))
    return prometheus.ask(filled(target))[series]


EXACT = [
    ("overview", "Error rate", "", "A", 1 / 5),
    ("overview", "Input from cache", "", "A", 2000 / 11_050),
    ("overview", "How many calls fill their window?", "", "A", 1 / 2),
    ("overview", "How many calls fill their window?", "", "B", 1 / 2),
    ("overview", "How many calls fill their window?", "", "C", 1 / 2),
    ("models", "Cost per call", "gpt-4o", "A", 0.04 / 3),
    ("models", "Cost per million tokens", "gpt-4o", "A", 0.04 / 11_900 * 1e6),
    ("models", "Output tokens per second", "gpt-4o", "A", 900 / 32.1),
    ("pipeline", "Waiting", "", "A", 3.0),
    ("pipeline", "Collector's queue", "", "A", 0.25),
]


@pytest.mark.parametrize(("board", "title", "series", "ref", "wanted"), EXACT)
def test_a_ratio_is_that_of_the_calls(
    prometheus: Prometheus, board: str, title: str, series: str, ref: str, wanted: float
) -> None:
    assert value(prometheus, board, title, series, ref) == pytest.approx(wanted, abs=1e-9)


def test_sums_keep_the_proportions_of_the_calls(prometheus: Prometheus) -> None:
    calls = value(prometheus, "overview", "Calls")
    # Asked one after the other, between which a scrape may fall.
    for title, per_call in (("Cost", 0.04 / 5), ("Input tokens", 11_050 / 5), ("Output tokens", 905 / 5)):
        assert value(prometheus, "overview", title) / calls == pytest.approx(per_call, rel=0.25), title
    slow = value(prometheus, "overview", "How long do calls take?", ref="B")
    assert 20.48 < slow <= 40.96
