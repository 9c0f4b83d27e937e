"""normalise.yaml: in step with its table, and on the real collector the same as what the store does by itself."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from tests.collector.running import NORMALISE, Destination, RunningCollector, eventually
from tests.server.telemetry import attributes_of, traces

from collector import generate
from submeter.store.attributes import texts
from submeter.store.dialects import COUNT_NAMES, EXCLUSIVE, JSON_COSTS, JSON_COUNTS, SOURCES, TELLING, VALUES
from submeter.store.normalisation import normalised

if TYPE_CHECKING:
    from pathlib import Path

PIPELINE = """
extensions:
  health_check: {endpoint: "${env:SUBMETER_COLLECTOR_HEALTH}"}
receivers:
  otlp: {protocols: {http: {endpoint: "${env:SUBMETER_COLLECTOR_HTTP}"}}}
exporters:
  otlp_http: {endpoint: "${env:OUT}", compression: none}
service:
  extensions: [health_check]
  pipelines:
    traces: {receivers: [otlp], processors: [transform/normalise], exporters: [otlp_http]}
  telemetry: {metrics: {level: none}}
"""
USAGE_JSON = next(iter(JSON_COUNTS))
COST_JSON = next(iter(JSON_COSTS))
COUNTS = tuple(COUNT_NAMES.values())
NO_COUNTS = ("n/a", "", "12.5", 12.5, -3, "-3", True, "1e15", 10**15, [7])
ODD_COUNTS = ("12", 12.0, "12.0", "12.", "1.2e1", 0, "0", "007")
Case = tuple[str, str, dict[str, Any]]


def every_name() -> list[Case]:
    """Each foreign name alone, with each value its target may have, and beside the convention's own."""
    found: list[Case] = []
    for target, sources in SOURCES.items():
        for number, source in enumerate(sources):
            values = (*ODD_COUNTS, *NO_COUNTS) if target in COUNTS else (*VALUES.get(target, ()), "Some Thing", "")
            found += [("", "", {source: value}) for value in values]
            found.append(("", "", {source: 5 if target in COUNTS else "other", target: 9}))
            found.append(("", "", {name: 10 + at for at, name in enumerate(sources[number:])}))
    return found


def every_trap() -> list[Case]:
    """JSON texts, counts without cached tokens, parts that do not fit, and values that are no counts."""
    found: list[Case] = []
    for row in EXCLUSIVE:
        counts = {"gen_ai.usage.input_tokens": 9, "gen_ai.usage.cache_read.input_tokens": 4}
        spelt = {"gen_ai.system": row.provider, **counts, **({row.on: False} if row.on else {})}
        found.append((row.scope, "", {"gen_ai.system": row.provider, **counts}))
        found += [(row.scope + ".x", version, spelt) for version in ("", "2.9.1", "3", "3.0.1", "12.1", "x", "03.1")]
        found.append((row.scope + "x", "", spelt))
        found += [(row.scope, "", {**spelt, row.unless: 5})] if row.unless else []
        found.append((row.scope, "", {**spelt, "gen_ai.system": "openai"}))
        found.append((row.scope, "", {**spelt, "submeter.usage.repaired": "true"}))
    for keys in JSON_COUNTS[USAGE_JSON].values():
        for key in keys:
            for value in ("12", "12.0", "12.5", "null", '"12"', '"n/a"', "-1"):
                outer, _, inner = key.partition(".")
                told = f'{{"{inner}": {value}}}' if inner else value
                stated = f'{{"{outer}": {told}, "input_cached_tokens": 3, "output_reasoning": 2}}'
                found.append(("langfuse-sdk", "", {USAGE_JSON: stated}))
                found.append(("langfuse-sdk", "", {USAGE_JSON: f'{{"{outer}": {value}, "input": 7, "output": 9}}'}))
    found += [
        ("langfuse-sdk", "", {USAGE_JSON: text, COST_JSON: cost})
        for text, cost in (
            ('{"input": 5, "prompt_tokens": 9, "input_cached_tokens": 2}', '{"total": 0.25}'),
            ('{"input": 5, "output": 7}', '{"total": 1}'),
            ("{broken", "{broken"),
            ("[1]", "x"),
            ("{}", '{"total": "0.5"}'),
        )
    ]
    found += [("", "", {name: value}) for name in COUNTS for value in (*ODD_COUNTS, *NO_COUNTS)]
    for name, kind in TELLING.items():
        found += [("", "", {name: "[]", **named}) for named in ({}, {"gen_ai.operation.name": kind + "s"})]
    for cost in (0, 0.0, "0", "0.0", "0e3", 0.5, 1e-05, "x", "", -1.0, True):
        for scope in ("openlit", "openlit.x", "openlitter"):
            found.append((scope, "", {"gen_ai.usage.cost": cost}))
            found.append((scope, "", {"gen_ai.usage.cost": cost, "gen_ai.cost.total_cost": 0.25}))
    found += [("", "", {"gen_ai.provider.name": "AWS", "gen_ai.operation.name": "Completion"})]
    return found


def some_mixtures(number: int) -> list[Case]:
    """Counts at random, so that totals are now larger and now smaller than their parts."""
    dice = random.Random(7)  # noqa: S311  (no secrets here)
    names = [*COUNTS, *(source for target in COUNTS for source in SOURCES.get(target, ()))]
    scopes = ["", "openlit", "openinference.instrumentation.anthropic", "submeterless"]
    return [
        (
            dice.choice(scopes),
            dice.choice(("", "2.1", "3.1")),
            {"gen_ai.system": dice.choice(("anthropic", "OpenAI"))}
            | {name: dice.choice((0, 1, 5, 20, "20", "x")) for name in dice.sample(names, dice.randint(1, 9))},
        )
        for _ in range(number)
    ]


def test_the_file_is_what_the_table_gives() -> None:
    assert NORMALISE.read_text() == generate.text(), "run: python -m collector.generate"


@pytest.mark.usefixtures("lean")
def test_the_collector_normalises_as_the_store_does(tmp_path: Path) -> None:
    cases = [*every_name(), *every_trap(), *some_mixtures(400)]
    (tmp_path / "pipeline.yaml").write_text(PIPELINE)
    configs = (tmp_path / "pipeline.yaml", NORMALISE)
    with (
        Destination() as destination,
        RunningCollector(tmp_path / "collector", configs, {"OUT": destination.url}) as collector,
    ):
        for number, (scope, version, attributes) in enumerate(cases):
            request, spans = traces(scope=scope)
            request.resource_spans[0].scope_spans[0].scope.version = version
            spans.add(trace_id=(1).to_bytes(16), span_id=(number + 1).to_bytes(8), attributes=attributes_of(attributes))
            assert collector.send("traces", request) == 200
        eventually(lambda: len(destination.spans()) == len(cases), "every span")
    differing: list[Case] = []
    for span in destination.spans():
        scope, version, attributes = cases[int.from_bytes(span.span_id) - 1]
        expected, _ = normalised(texts(attributes_of(attributes)), scope, version)
        if comparable(texts(span.attributes)) != comparable(expected):
            differing.append((scope, version, attributes))
    assert differing == []


def comparable(row: dict[str, str]) -> dict[str, str | float]:
    """The attributes with the cost as a number: `1` and `1.0` are the same money."""
    cost = row.get("submeter.cost.usd", "")
    return {**row, "submeter.cost.usd": float(cost)} if cost.replace(".", "", 1).isdigit() else {**row}
