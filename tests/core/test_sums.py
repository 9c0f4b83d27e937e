"""Sums: what calls add to counters is the same as if each had been added by itself, and one bad call costs itself."""

# A turn's length and the instruments in use are what instruments.py keeps to itself.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import math
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk import metrics as sdk
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader
from opentelemetry.sdk.metrics.view import View
from opentelemetry.sdk.resources import Resource

from metering import forget
from submeter import semconv
from submeter.core import guard, instruments, telemetry
from submeter.core.instruments import Instruments
from submeter.core.measures import measure
from submeter.core.sums import Sums
from submeter.core.telemetry import Providers, global_providers
from submeter.record import CallRecord
from submeter.usage import COUNTS, Usage, usage_of

if TYPE_CHECKING:
    from collections.abc import Generator

LABELS = (semconv.USER_ID, semconv.TAG_PREFIX + "team")
TEMPORALITIES = st.sampled_from([AggregationTemporality.CUMULATIVE, AggregationTemporality.DELTA])
VIEWS = (View(instrument_name=semconv.METRIC_COST, attribute_keys={semconv.REQUEST_MODEL}),)
RECORDS = st.builds(
    CallRecord,
    started_ns=st.just(0),
    ended_ns=st.integers(1, 10**10),
    kind=st.sampled_from(["chat", "embeddings", "invoke_agent"]),
    provider=st.sampled_from(["openai", "anthropic"]),
    request_model=st.sampled_from(["", "one", "two"]),
    response_model=st.sampled_from(["", "one"]),
    server_address=st.just("a.example"),
    server_port=st.sampled_from([None, 443]),
    user_id=st.sampled_from(["", "ada", "ben"]),
    tags=st.sampled_from([{}, {"team": "ada"}]),
    usage=st.dictionaries(st.sampled_from(COUNTS), st.none() | st.integers(0, 10**18)).map(usage_of),
    cost_usd=st.none() | st.floats(0, 100),
    context_window=st.sampled_from([None, 1000]),
    error_type=st.sampled_from(["", "TimeoutError", "text"]),
    time_to_first_chunk_s=st.none() | st.floats(0, 100),
)
CALLS = st.lists(RECORDS, max_size=12)


class OneByOne(Sums):
    """Sums nothing: every addition of every call is told by itself, with attributes of its own."""

    def add(self, name: str, value: float, attributes: dict[str, Any], unit: str = "{token}") -> None:
        self.made.add(name, value, dict(attributes), unit)


class Reader:
    """A real provider, and what it tells at each collection."""

    def __init__(self, temporality: AggregationTemporality) -> None:
        kept: dict[type, Any] = {sdk.Counter: temporality, sdk.Histogram: temporality}
        self.reader = InMemoryMetricReader(preferred_temporality=kept)
        views = VIEWS if temporality is AggregationTemporality.CUMULATIVE else ()
        self.provider = sdk.MeterProvider([self.reader], Resource.get_empty(), shutdown_on_exit=False, views=views)
        self._times: dict[Any, tuple[int, int]] = {}

    def told(self) -> dict[Any, Any]:
        """Instrument, unit and attributes -> value, and how its time follows that of the collection before."""
        data: Any = self.reader.get_metrics_data()
        found: dict[Any, Any] = {}
        for metric in data.resource_metrics[0].scope_metrics[0].metrics if data else ():
            for point in metric.data.data_points:
                key = metric.name, metric.unit, tuple(sorted(point.attributes.items()))
                began, ended = self._times.get(key, (0, 0))
                times = point.start_time_unix_nano, point.time_unix_nano
                self._times[key] = times
                follows = (times[0] == began, times[0] == ended) if ended else ()
                value = point.value if hasattr(point, "value") else (point.count, point.sum, point.bucket_counts)
                found[key] = value, type(value), follows
        return found


@contextmanager
def in_use(reader: Reader) -> Generator[None]:
    forget()
    chosen = global_providers()
    telemetry.use(lambda: Providers(chosen.traces, reader.provider, chosen.logs))
    try:
        yield
    finally:
        forget()
        reader.provider.shutdown()


def counted(calls: list[list[CallRecord]], temporality: AggregationTemporality, turn: int) -> list[dict[Any, Any]]:
    """What each collection tells of calls that were summed."""
    reader = Reader(temporality)
    with pytest.MonkeyPatch.context() as patch, in_use(reader):
        patch.setattr(instruments, "TURN", turn)
        patch.setenv("SUBMETER_METRIC_LABELS", ",".join(LABELS))
        patch.setenv("SUBMETER_SEMCONV", "both")
        told = list[dict[Any, Any]]()
        for some in calls:
            for record in some:
                instruments.count(record)
            told.append(reader.told())
        return told


def added(calls: list[list[CallRecord]], temporality: AggregationTemporality) -> list[dict[Any, Any]]:
    """What each collection tells of calls that were added one by one."""
    reader = Reader(temporality)
    made, told = Instruments(reader.provider.get_meter("submeter")), list[dict[Any, Any]]()
    for some in calls:
        for record in some:
            measure(OneByOne(made), record, LABELS, "both")
        told.append(reader.told())
    reader.provider.shutdown()
    return told


@given(st.lists(CALLS, min_size=1, max_size=3), TEMPORALITIES)
def test_sums_tell_what_additions_tell(calls: list[list[CallRecord]], temporality: AggregationTemporality) -> None:
    summed, single = counted(calls, temporality, instruments.TURN), added(calls, temporality)
    if temporality is AggregationTemporality.DELTA:  # to the last bit, where a collection's calls fit into a turn
        assert summed == single
    else:
        assert summed == [{key: near(said) for key, said in told.items()} for told in single]


def test_a_call_that_finds_no_room_tells_a_few_and_none_is_lost() -> None:
    reader = Reader(AggregationTemporality.CUMULATIVE)
    record = CallRecord(0, 1, provider="openai", kind="chat", usage=usage_of({"input_tokens": 3}))
    made, waiting = 3 * instruments.FULL, list[int]()
    with in_use(reader):
        for _ in range(made):
            instruments.count(record)
            waiting.append(len(instruments._waiting))
        told = reader.told()
    assert max(waiting) < instruments.FULL
    assert max(before + 1 - after for before, after in pairwise(waiting)) == instruments.PIECE
    assert sum(said[0] for key, said in told.items() if key[0] == semconv.METRIC_INPUT_TOKENS) == 3 * made


@given(CALLS, TEMPORALITIES, st.integers(1, 5))
def test_calls_of_many_turns(calls: list[CallRecord], temporality: AggregationTemporality, turn: int) -> None:
    (summed,), (single,) = counted([calls], temporality, turn), added([calls], temporality)
    assert summed == {key: near(said) for key, said in single.items()}


def near(said: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same, but for the last bits of a sum of money."""
    return (pytest.approx(said[0], rel=1e-12), *said[1:]) if isinstance(said[0], float) else said


def chat(tokens: Any, **more: Any) -> CallRecord:
    usage = Usage(input_tokens=tokens, output_tokens=1)
    return CallRecord(started_ns=0, ended_ns=1, kind="chat", provider="openai", usage=usage, **more)


def total(told: dict[Any, Any], name: str) -> float:
    return sum(value for (metric, *_), (value, *_) in told.items() if metric == name)


@pytest.mark.parametrize("bad", [{"cost_usd": math.nan}, {"cost_usd": math.inf}, {"cost_usd": -1.0}, {"cost_usd": "x"}])
def test_a_bad_value_costs_itself(
    bad: dict[str, Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(guard, "is_strict", False)
    reader = Reader(AggregationTemporality.CUMULATIVE)
    with in_use(reader):
        for record in (chat(10, cost_usd=0.5), chat(20, **bad), chat(30, cost_usd=0.25)):
            instruments.count(record)
        told = reader.told()
    assert total(told, semconv.METRIC_COST) == 0.75
    assert total(told, semconv.METRIC_INPUT_TOKENS) == 60
    assert caplog.text
    caplog.clear()


def test_a_call_that_fails_half_way_leaves_the_sums_of_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(guard, "is_strict", False)
    reader = Reader(AggregationTemporality.CUMULATIVE)
    with in_use(reader):
        for record in (chat(10), chat("many"), chat(30), lambda: 1 / 0, chat(2)):
            instruments.count(record)  # pyright: ignore[reportArgumentType]
        told = reader.told()
    assert guard.failures == 0  # forgotten with the rest
    assert total(told, semconv.METRIC_INPUT_TOKENS) == 42
    assert total(told, semconv.METRIC_OUTPUT_TOKENS) == 3
    caplog.clear()


def test_a_sum_that_fails_costs_itself(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(guard, "is_strict", False)
    plain = Instruments.add

    def refuse(self: Instruments, name: str, *rest: Any) -> None:
        if name == semconv.METRIC_INPUT_TOKENS:
            raise OSError(name)
        plain(self, name, *rest)

    monkeypatch.setattr(Instruments, "add", refuse)
    reader = Reader(AggregationTemporality.CUMULATIVE)
    with in_use(reader):
        for record in (chat(10, cost_usd=0.5), chat(20, cost_usd=0.25)):
            instruments.count(record)
        told = reader.told()
    assert total(told, semconv.METRIC_INPUT_TOKENS) == 0
    assert total(told, semconv.METRIC_OUTPUT_TOKENS) == 2
    assert total(told, semconv.METRIC_COST) == 0.75
    caplog.clear()


def test_an_interrupted_turn_tells_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> CallRecord:
        raise KeyboardInterrupt

    monkeypatch.setattr(guard, "is_strict", False)
    reader = Reader(AggregationTemporality.CUMULATIVE)
    with in_use(reader):
        for record in (chat(10), interrupted, chat(20)):
            instruments.count(record)
        with pytest.raises(KeyboardInterrupt):
            instruments.flush()
        assert total(reader.told(), semconv.METRIC_INPUT_TOKENS) == 30


def test_many_calls_are_few_additions(monkeypatch: pytest.MonkeyPatch) -> None:
    additions: list[tuple[str, float]] = []
    plain = Instruments.add

    def note(self: Instruments, name: str, value: float, *rest: Any) -> None:
        additions.append((name, value))
        plain(self, name, value, *rest)

    monkeypatch.setattr(Instruments, "add", note)
    reader = Reader(AggregationTemporality.CUMULATIVE)
    with in_use(reader):
        for _ in range(100):
            instruments.count(chat(10, cost_usd=0.5))
        told = reader.told()
    summed = [semconv.METRIC_COST, semconv.METRIC_INPUT_TOKENS, semconv.METRIC_OUTPUT_TOKENS]
    assert sorted(name for name, value in additions if value) == sorted(summed)
    assert sorted(name for name, value in additions if not value) == sorted(summed), "each said where it stands"
    assert total(told, semconv.METRIC_INPUT_TOKENS) == 1000


def test_whoever_reads_in_parts_meets_counters_of_tokens_before_histograms() -> None:
    reader = Reader(AggregationTemporality.CUMULATIVE)
    with in_use(reader):
        instruments.count(chat(10, cost_usd=0.5))
        names = [metric for metric, *_ in reader.told()]
    tokens = [semconv.METRIC_INPUT_TOKENS, semconv.METRIC_OUTPUT_TOKENS]
    assert max(map(names.index, tokens)) < names.index(semconv.METRIC_CALL_INPUT_TOKENS)
