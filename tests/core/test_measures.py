"""Measures: a call's tokens by modality sum to its totals, and each dialect of names tells the same call."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource

from instrumentation.host import Host
from instrumentation.openai_dialects import CHAT
from metering import metered
from submeter.core.instruments import Instruments
from submeter.core.measures import measure
from submeter.core.sums import Sums
from submeter.record import CallRecord
from submeter.usage import COUNTS, Usage, usage_of

SAID = st.dictionaries(st.sampled_from(COUNTS), st.none() | st.integers(0, 10_000))
COUNTERS = "gen_ai.client.inference.usage."
LATEST = {
    "gen_ai.client.inference.duration",
    "gen_ai.client.inference.time_to_first_chunk",
    "gen_ai.client.inference.time_per_output_chunk",
    "gen_ai.client.inference.operation.input_tokens",
    "gen_ai.client.inference.operation.output_tokens",
    *(COUNTERS + name for name in CHAT.truth),
}
LEGACY = {
    "gen_ai.client.token.usage",
    "gen_ai.client.operation.duration",
    "gen_ai.client.operation.time_to_first_chunk",
    "gen_ai.client.operation.time_per_output_chunk",
}


def measured(usage: Usage) -> dict[str, dict[str, int]]:
    """Counter -> modality -> tokens, of one call with this usage."""
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader], Resource.get_empty(), shutdown_on_exit=False)
    record = CallRecord(started_ns=0, ended_ns=1, kind="chat", provider="openai", usage=usage)
    sums = Sums(Instruments(provider.get_meter("submeter")))
    measure(sums, record, (), "latest")
    sums.tell()
    found: dict[str, dict[str, int]] = {}
    data: Any = reader.get_metrics_data()
    for metric in data.resource_metrics[0].scope_metrics[0].metrics:
        if metric.name.startswith(COUNTERS):
            points = {point.attributes["gen_ai.token.modality"]: point.value for point in metric.data.data_points}
            found[metric.name.removeprefix(COUNTERS)] = points
    provider.shutdown()
    return found


@given(SAID)
def test_parts_by_modality_sum_to_the_total_and_what_nobody_said_is_no_point(counts: dict[str, int | None]) -> None:
    usage = usage_of(counts)
    found = measured(usage)
    totals = {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read.input_tokens": usage.cache_read_tokens,
        "cache_write.input_tokens": usage.cache_write_tokens,
        "reasoning.output_tokens": usage.reasoning_tokens,
    }
    told = {name: sum(points.values()) for name, points in found.items()}
    assert told == {name: total for name, total in totals.items() if total is not None}
    assert all(count >= 0 for points in found.values() for count in points.values())
    audio = found.get("input_tokens", {}).get("audio", 0)
    assert usage.input_tokens is None or audio == (usage.audio_input_tokens or 0)


@pytest.mark.parametrize(
    ("dialect", "names"), [("", LATEST), ("latest", LATEST), ("legacy", LEGACY), ("both", LATEST | LEGACY)]
)
def test_a_dialect_writes_its_names_and_every_one_the_same_tokens(
    dialect: str, names: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUBMETER_SEMCONV", dialect)
    with metered() as metering:
        for chunk in Host(CHAT, [CHAT.stream()], is_async=False).calls.create(**CHAT.request, stream=True):
            del chunk
        data: Any = metering.reader.get_metrics_data()
    metrics = {
        metric.name: metric.data.data_points
        for scope in data.resource_metrics[0].scope_metrics
        for metric in scope.metrics
        if metric.name.startswith("gen_ai.")
    }
    assert set(metrics) == names
    for name in ("input_tokens", "output_tokens"):
        if dialect != "legacy":
            assert sum(point.value for point in metrics[COUNTERS + name]) == CHAT.truth[name]
        if "gen_ai.client.token.usage" in metrics:
            kind = name.removesuffix("_tokens")
            points = metrics["gen_ai.client.token.usage"]
            assert [p.sum for p in points if p.attributes["gen_ai.token.type"] == kind] == [CHAT.truth[name]]
