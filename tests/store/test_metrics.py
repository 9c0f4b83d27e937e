"""Points of all five kinds of metric are stored whole, in the exporter's tables."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from store.telemetry import NOON_NS, key_values
from submeter.store.metrics import COLUMNS

if TYPE_CHECKING:
    from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, ScopeMetrics

    from submeter.store.database import Store


def one(store: Store, table: str) -> dict[str, Any]:
    (row,) = json.loads(store.read(f"SELECT * FROM otel.{table}", {}, "JSON"))["data"]  # noqa: S608  (a table of ours)
    return row


def times(point: Any) -> Any:
    point.start_time_unix_nano, point.time_unix_nano, point.flags = NOON_NS - 1, NOON_NS, 1
    point.attributes.extend(key_values({"gen_ai.request.model": "gpt-4o", "n": 2}))
    return point


def example(point: Any) -> None:
    exemplar = point.exemplars.add(time_unix_nano=NOON_NS, trace_id=b"\1" * 16, span_id=b"\2" * 8, as_int=3)
    exemplar.filtered_attributes.extend(key_values({"f": "x"}))


def metric(scope: ScopeMetrics, name: str) -> Metric:
    return scope.metrics.add(name=name, description="what", unit="{token}")


def all_kinds() -> ExportMetricsServiceRequest:
    batch = ExportMetricsServiceRequest()
    resource = batch.resource_metrics.add(schema_url="r")
    resource.resource.attributes.extend(key_values({"service.name": "shop"}))
    scope = resource.scope_metrics.add(schema_url="s")
    scope.scope.name, scope.scope.version, scope.scope.dropped_attributes_count = "submeter", "1", 4
    gauge = times(metric(scope, "g").gauge.data_points.add(as_double=0.5))
    example(gauge)
    counter = metric(scope, "c").sum
    counter.is_monotonic, counter.aggregation_temporality = True, 1  # pyright: ignore[reportAttributeAccessIssue]
    times(counter.data_points.add(as_int=7))
    histogram = metric(scope, "h").histogram
    histogram.aggregation_temporality = 2  # pyright: ignore[reportAttributeAccessIssue]
    example(
        times(
            histogram.data_points.add(count=3, sum=6.5, min=1, max=4, bucket_counts=[1, 2, 0], explicit_bounds=[1.5, 4])
        )
    )
    point = times(metric(scope, "e").exponential_histogram.data_points.add(count=3, sum=6, scale=-2, zero_count=1))
    point.positive.offset, point.negative.offset = -1, 5
    point.positive.bucket_counts.extend([1, 1])
    point.negative.bucket_counts.extend([9])
    quantiles = times(metric(scope, "s").summary.data_points.add(count=2, sum=5)).quantile_values
    quantiles.add(quantile=0.5, value=2)
    quantiles.add(quantile=0.99, value=3)
    scope.metrics.add(name="nothing")
    return batch


COMMON = {
    "ResourceAttributes": {"service.name": "shop"},
    "ResourceSchemaUrl": "r",
    "ScopeName": "submeter",
    "ScopeVersion": "1",
    "ScopeAttributes": {},
    "ScopeDroppedAttrCount": 4,
    "ScopeSchemaUrl": "s",
    "ServiceName": "shop",
    "MetricDescription": "what",
    "MetricUnit": "{token}",
    "Attributes": {"gen_ai.request.model": "gpt-4o", "n": "2"},
    "StartTimeUnix": "2026-09-21 11:59:59.999999999",
    "TimeUnix": "2026-09-21 12:00:00.000000000",
    "Flags": 1,
}
EXAMPLE = {
    "Exemplars.FilteredAttributes": [{"f": "x"}],
    "Exemplars.TimeUnix": ["2026-09-21 12:00:00.000000000"],
    "Exemplars.Value": [3],
    "Exemplars.SpanId": ["02" * 8],
    "Exemplars.TraceId": ["01" * 16],
}
NONE: dict[str, list[str]] = {name: [] for name in EXAMPLE}


def test_points_of_every_kind_are_stored_whole(store: Store) -> None:
    for _ in range(2):
        assert store.insert_metrics(all_kinds(), "a") == 5
    assert one(store, "otel_metrics_gauge") == {**COMMON, **EXAMPLE, "MetricName": "g", "Value": 0.5}
    assert one(store, "otel_metrics_sum") == {
        **COMMON,
        **NONE,
        "MetricName": "c",
        "Value": 7,
        "AggregationTemporality": 1,
        "IsMonotonic": True,
    }
    assert one(store, "otel_metrics_histogram") == {
        **COMMON,
        **EXAMPLE,
        "MetricName": "h",
        "Count": 3,
        "Sum": 6.5,
        "BucketCounts": [1, 2, 0],
        "ExplicitBounds": [1.5, 4],
        "Min": 1,
        "Max": 4,
        "AggregationTemporality": 2,
    }
    assert one(store, "otel_metrics_exponential_histogram") == {
        **COMMON,
        **NONE,
        "MetricName": "e",
        "Count": 3,
        "Sum": 6,
        "Scale": -2,
        "ZeroCount": 1,
        "PositiveOffset": -1,
        "PositiveBucketCounts": [1, 1],
        "NegativeOffset": 5,
        "NegativeBucketCounts": [9],
        "Min": 0,
        "Max": 0,
        "AggregationTemporality": 0,
    }
    assert one(store, "otel_metrics_summary") == {
        **COMMON,
        "MetricName": "s",
        "Count": 2,
        "Sum": 5,
        "ValueAtQuantiles.Quantile": [0.5, 0.99],
        "ValueAtQuantiles.Value": [2, 3],
    }


def test_the_columns_written_are_the_columns_of_the_tables(store: Store) -> None:
    query = "SELECT name, type FROM system.columns WHERE database = 'otel' AND table = {table:String}"
    for table, columns in COLUMNS.items():
        rows = json.loads(store.read(query, {"table": table}, "JSON"))["data"]
        assert {row["name"]: row["type"] for row in rows} == columns


def test_an_empty_request_is_no_error(store: Store) -> None:
    assert store.insert_metrics(ExportMetricsServiceRequest(), "a") == 0
