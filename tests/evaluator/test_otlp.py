"""What the real SDK and exporter send is read as it was meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
from opentelemetry.sdk.metrics.export import AggregationTemporality, InMemoryMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource

from submeter.evaluator import Evaluator
from submeter.evaluator.limit import LimitRule
from submeter.evaluator.otlp import points_of

if TYPE_CHECKING:
    from collections.abc import Iterator

RULES = [
    LimitRule(name="tokens", limit=10**9, per=("user",)),
    LimitRule(name="cost", measure="cost_usd", limit=10**6),
    LimitRule(name="calls", measure="calls", limit=10**6, per=("service",)),
]


class App:
    """A meter, and the requests its exporter would send."""

    def __init__(self, temporality: AggregationTemporality, **provider: Any) -> None:
        preferred: dict[type, AggregationTemporality] = {Counter: temporality, Histogram: temporality}
        self.reader = InMemoryMetricReader(preferred_temporality=preferred)
        resource = Resource({"service.name": "shop", "service.instance.id": "1"})
        self.provider = MeterProvider([self.reader], resource, shutdown_on_exit=False, **provider)
        meter = self.provider.get_meter("submeter")
        self.tokens = meter.create_counter("gen_ai.client.inference.usage.input_tokens", "{token}")
        self.cost = meter.create_counter("submeter.cost", "USD")
        self.duration = meter.create_histogram("gen_ai.client.inference.duration", "s")
        self.other = meter.create_counter("shop.orders")

    def call(self, user: str, tokens: int, cost: float) -> None:
        labels: dict[str, Any] = {"user.id": user, "gen_ai.operation.name": "chat", "list": ["a", "b"], "port": 443}
        self.tokens.add(tokens, labels)
        self.cost.add(cost, labels)
        self.duration.record(1.5, labels)
        self.other.add(1)

    def request(self) -> ExportMetricsServiceRequest:
        data = self.reader.get_metrics_data()
        assert data is not None
        return ExportMetricsServiceRequest.FromString(encode_metrics(data).SerializeToString())


@pytest.fixture(params=[AggregationTemporality.DELTA, AggregationTemporality.CUMULATIVE], ids=["delta", "cumulative"])
def app(request: pytest.FixtureRequest) -> Iterator[App]:
    app = App(request.param)
    yield app
    app.provider.shutdown()


def now(request: ExportMetricsServiceRequest) -> int:
    return max(point.time_ns for point in points_of(request))


def test_sums_and_histograms_of_the_sdk_are_counted_once(app: App) -> None:
    evaluator = Evaluator(RULES)
    at_ns = 0
    for _ in range(3):
        app.call("u-7", 100, 0.25)
        app.call("u-8", 50, 0.1)
        sent = app.request()
        at_ns = now(sent)
        evaluator.observe_points(points_of(sent))
        evaluator.observe_points(points_of(sent))

    assert evaluator.total("tokens", "u-7", at_ns) == 300
    assert evaluator.total("tokens", "u-8", at_ns) == 150
    assert evaluator.total("cost", "all", at_ns) == pytest.approx(1.05)
    assert evaluator.total("calls", "shop", at_ns) == 6


def test_metrics_that_say_nothing_of_tokens_are_not_decoded(app: App) -> None:
    app.call("u-7", 100, 0.25)

    assert {point.metric for point in points_of(app.request())} == {
        "gen_ai.client.inference.usage.input_tokens",
        "submeter.cost",
        "gen_ai.client.inference.duration",
    }


def test_labels_of_every_type_are_read(app: App) -> None:
    app.call("u-7", 100, 0.25)
    point = next(points_of(app.request()))

    assert point.attributes["service.name"] == "shop"
    assert point.attributes["port"] == "443"
    assert '"a"' in str(point.attributes["list"])


def test_exponential_histograms_count_like_others() -> None:
    view = View(instrument_name="*duration", aggregation=ExponentialBucketHistogramAggregation())
    app = App(AggregationTemporality.DELTA, views=[view])
    app.call("u-7", 100, 0.25)
    sent = app.request()
    evaluator = Evaluator(RULES)
    evaluator.observe_points(points_of(sent))
    app.provider.shutdown()

    assert evaluator.total("calls", "shop", now(sent)) == 1


def test_points_without_a_value_are_skipped(app: App) -> None:
    app.call("u-7", 100, 0.25)
    sent = app.request()
    for metric in sent.resource_metrics[0].scope_metrics[0].metrics:
        for point in (*metric.sum.data_points, *metric.histogram.data_points):
            point.flags = 1

    assert list(points_of(sent)) == []


def test_the_sdks_overflow_is_told() -> None:
    app = App(AggregationTemporality.CUMULATIVE)
    for number in range(2_100):
        app.call(f"u-{number}", 1, 0.0)
    events = Evaluator(RULES).observe_points(points_of(app.request()))
    app.provider.shutdown()

    assert [(event.type, event.subject) for event in events if event.unit == "tokens"] == [("identity_lost", "shop")]
