"""OTLP metric points as rows of the five otel_metrics tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from submeter import semconv
from submeter.store.attributes import texts
from submeter.store.native import Column, Lists, Maps, Numbers, Strings, Texts, Words, block
from submeter.store.rows import LAST_NS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
    from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics

_WORDS: Final = "LowCardinality(String)"
_MAP: Final = "Map(LowCardinality(String), String)"
_TIME: Final = "DateTime64(9, 'UTC')"
_CODES: Final = {
    _TIME: "q",
    "UInt64": "Q",
    "UInt32": "I",
    "Int32": "i",
    "Float64": "d",
    "Bool": "B",
}

_OWNER: Final = {
    "ResourceAttributes": _MAP,
    "ResourceSchemaUrl": _WORDS,
    "ScopeName": _WORDS,
    "ScopeVersion": _WORDS,
    "ScopeAttributes": _MAP,
    "ScopeDroppedAttrCount": "UInt32",
    "ScopeSchemaUrl": _WORDS,
    "ServiceName": _WORDS,
    "MetricName": _WORDS,
    "MetricDescription": _WORDS,
    "MetricUnit": _WORDS,
}
_POINT: Final = {"Attributes": _MAP, "StartTimeUnix": _TIME, "TimeUnix": _TIME, "Flags": "UInt32"}
_EXEMPLARS: Final = {
    "Exemplars.FilteredAttributes": f"Array({_MAP})",
    "Exemplars.TimeUnix": f"Array({_TIME})",
    "Exemplars.Value": "Array(Float64)",
    "Exemplars.SpanId": "Array(String)",
    "Exemplars.TraceId": "Array(String)",
}
_BOUNDS: Final = {"Min": "Float64", "Max": "Float64", "AggregationTemporality": "Int32"}
_TOTALS: Final = {"Count": "UInt64", "Sum": "Float64"}

COLUMNS: Final[Mapping[str, Mapping[str, str]]] = {
    "otel_metrics_gauge": {**_OWNER, **_POINT, "Value": "Float64", **_EXEMPLARS},
    "otel_metrics_sum": {
        **_OWNER,
        **_POINT,
        "Value": "Float64",
        **_EXEMPLARS,
        "AggregationTemporality": "Int32",
        "IsMonotonic": "Bool",
    },
    "otel_metrics_histogram": {
        **_OWNER,
        **_POINT,
        **_TOTALS,
        "BucketCounts": "Array(UInt64)",
        "ExplicitBounds": "Array(Float64)",
        **_EXEMPLARS,
        **_BOUNDS,
    },
    "otel_metrics_exponential_histogram": {
        **_OWNER,
        **_POINT,
        **_TOTALS,
        "Scale": "Int32",
        "ZeroCount": "UInt64",
        "PositiveOffset": "Int32",
        "PositiveBucketCounts": "Array(UInt64)",
        "NegativeOffset": "Int32",
        "NegativeBucketCounts": "Array(UInt64)",
        **_EXEMPLARS,
        **_BOUNDS,
    },
    "otel_metrics_summary": {
        **_OWNER,
        **_POINT,
        **_TOTALS,
        "ValueAtQuantiles.Quantile": "Array(Float64)",
        "ValueAtQuantiles.Value": "Array(Float64)",
    },
}
"""Table: its columns and their types, as the collector's exporter inserts them."""


class Block(NamedTuple):
    """Rows for one table."""

    table: str
    data: bytes
    rows: int


class Points:
    """The columns of one metrics table under construction."""

    def __init__(self, table: str) -> None:
        texts_of = Texts()
        self.table = table
        self.columns: dict[str, Any] = {
            name: _column(type_name, texts_of) for name, type_name in COLUMNS[table].items()
        }
        self.rows = 0

    def add(self, row: Mapping[str, object]) -> None:
        """Adds one point, stated by column name."""
        for name, column in self.columns.items():
            column.add(row[name])
        self.rows += 1

    def encoded(self) -> Block:
        """All rows as one block."""
        return Block(self.table, block(self.columns.items(), self.rows), self.rows)


def metric_blocks(request: ExportMetricsServiceRequest) -> list[Block]:
    """The rows of one request, one block per table that has any."""
    tables: dict[str, Points] = {}
    for resource_metrics in request.resource_metrics:
        resource = texts(resource_metrics.resource.attributes)
        for scope_metrics in resource_metrics.scope_metrics:
            owner = _owner_row(resource_metrics, resource, scope_metrics)
            for metric in scope_metrics.metrics:
                kind = metric.WhichOneof("data")
                if kind is not None:
                    table, row_of = _TABLES[kind]
                    points = tables.get(table) or tables.setdefault(table, Points(table))
                    _add_points(points, metric, getattr(metric, kind), owner, row_of)
    return [points.encoded() for points in tables.values() if points.rows]


def _add_points(
    points: Points,
    metric: Metric,
    data: Any,
    owner: Mapping[str, object],
    row_of: Callable[[Any, Any], Mapping[str, object]],
) -> None:
    named = {
        **owner,
        "MetricName": metric.name,
        "MetricDescription": metric.description,
        "MetricUnit": metric.unit,
    }
    for point in data.data_points:
        points.add({**named, **_point_row(point), **row_of(data, point)})


def _column(type_name: str, texts_of: Texts) -> Column:
    if type_name.startswith("Array("):
        items: Any = _column(type_name[6:-1], texts_of)
        return Lists(items)
    if type_name == _WORDS:
        return Words()
    if type_name == _MAP:
        return Maps(texts_of)
    if type_name == "String":
        return Strings(texts_of)
    return Numbers(type_name, _CODES[type_name])


def _owner_row(owner: ResourceMetrics, resource: dict[str, str], scope: ScopeMetrics) -> dict[str, object]:
    return {
        "ResourceAttributes": resource,
        "ResourceSchemaUrl": owner.schema_url,
        "ScopeName": scope.scope.name,
        "ScopeVersion": scope.scope.version,
        "ScopeAttributes": texts(scope.scope.attributes),
        "ScopeDroppedAttrCount": scope.scope.dropped_attributes_count,
        "ScopeSchemaUrl": scope.schema_url,
        "ServiceName": resource.get(semconv.SERVICE_NAME, ""),
    }


def _point_row(point: Any) -> dict[str, object]:
    return {
        "Attributes": texts(point.attributes),
        "StartTimeUnix": min(point.start_time_unix_nano, LAST_NS),
        "TimeUnix": min(point.time_unix_nano, LAST_NS),
        "Flags": point.flags,
    }


def _exemplar_row(point: Any) -> dict[str, object]:
    exemplars = point.exemplars
    return {
        "Exemplars.FilteredAttributes": [texts(exemplar.filtered_attributes) for exemplar in exemplars],
        "Exemplars.TimeUnix": [min(exemplar.time_unix_nano, LAST_NS) for exemplar in exemplars],
        "Exemplars.Value": [_value(exemplar) for exemplar in exemplars],
        "Exemplars.SpanId": [exemplar.span_id.hex() for exemplar in exemplars],
        "Exemplars.TraceId": [exemplar.trace_id.hex() for exemplar in exemplars],
    }


def _value(point: Any) -> float:
    return float(point.as_int) if point.WhichOneof("value") == "as_int" else point.as_double


def _gauge_row(_data: Any, point: NumberDataPoint) -> dict[str, object]:
    return {"Value": _value(point), **_exemplar_row(point)}


def _sum_row(data: Any, point: NumberDataPoint) -> dict[str, object]:
    return {
        **_gauge_row(data, point),
        "AggregationTemporality": data.aggregation_temporality,
        "IsMonotonic": data.is_monotonic,
    }


def _bounds_row(data: Any, point: Any) -> dict[str, object]:
    return {
        "Count": point.count,
        "Sum": point.sum,
        "Min": point.min,
        "Max": point.max,
        "AggregationTemporality": data.aggregation_temporality,
        **_exemplar_row(point),
    }


def _histogram_row(data: Any, point: Any) -> dict[str, object]:
    return {
        **_bounds_row(data, point),
        "BucketCounts": point.bucket_counts,
        "ExplicitBounds": point.explicit_bounds,
    }


def _exponential_row(data: Any, point: Any) -> dict[str, object]:
    return {
        **_bounds_row(data, point),
        "Scale": point.scale,
        "ZeroCount": point.zero_count,
        "PositiveOffset": point.positive.offset,
        "PositiveBucketCounts": point.positive.bucket_counts,
        "NegativeOffset": point.negative.offset,
        "NegativeBucketCounts": point.negative.bucket_counts,
    }


def _summary_row(_data: Any, point: Any) -> dict[str, object]:
    return {
        "Count": point.count,
        "Sum": point.sum,
        "ValueAtQuantiles.Quantile": [value.quantile for value in point.quantile_values],
        "ValueAtQuantiles.Value": [value.value for value in point.quantile_values],
    }


_TABLES: Final[Mapping[str, tuple[str, Callable[[Any, Any], Mapping[str, object]]]]] = {
    "gauge": ("otel_metrics_gauge", _gauge_row),
    "sum": ("otel_metrics_sum", _sum_row),
    "histogram": ("otel_metrics_histogram", _histogram_row),
    "exponential_histogram": ("otel_metrics_exponential_histogram", _exponential_row),
    "summary": ("otel_metrics_summary", _summary_row),
}
