"""OTLP: the metric points of an export request that carry tokens, cost or calls; all others are not decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from submeter import semconv
from submeter.evaluator.points import METRICS, MetricPoint, source_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
    from opentelemetry.proto.common.v1.common_pb2 import KeyValue
    from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

_CUMULATIVE = 2
"""`AGGREGATION_TEMPORALITY_CUMULATIVE` of the protocol; delta is 1."""

_NO_VALUE = 1
"""The flag of a point that says only that its stream has ended."""


def points_of(request: ExportMetricsServiceRequest) -> Iterator[MetricPoint]:
    """The request's points, in order."""
    for resource_metrics in request.resource_metrics:
        resource = _plain(resource_metrics.resource.attributes)
        service = resource.get(semconv.SERVICE_NAME, "")
        for scope_metrics in resource_metrics.scope_metrics:
            relevant = [metric for metric in scope_metrics.metrics if metric.name in METRICS]
            if relevant:
                source = source_of(resource, scope_metrics.scope.name)
                for metric in relevant:
                    yield from _points(metric, service, source)


def _points(metric: Metric, service: object, source: str) -> Iterator[MetricPoint]:
    shape = metric.WhichOneof("data")
    if shape == "sum":
        is_cumulative = metric.sum.aggregation_temporality == _CUMULATIVE
        for number in metric.sum.data_points:
            if number.flags & _NO_VALUE:
                continue
            value = number.as_int if number.WhichOneof("value") == "as_int" else number.as_double
            yield MetricPoint(
                metric.name,
                value,
                0,
                number.start_time_unix_nano,
                number.time_unix_nano,
                is_cumulative,
                {semconv.SERVICE_NAME: service, **_plain(number.attributes)},
                source,
            )
    elif shape in {"histogram", "exponential_histogram"}:
        data = metric.histogram if shape == "histogram" else metric.exponential_histogram
        for point in data.data_points:
            if point.flags & _NO_VALUE:
                continue
            yield MetricPoint(
                metric.name,
                point.sum,
                point.count,
                point.start_time_unix_nano,
                point.time_unix_nano,
                data.aggregation_temporality == _CUMULATIVE,
                {semconv.SERVICE_NAME: service, **_plain(point.attributes)},
                source,
            )


def _plain(attributes: Iterable[KeyValue]) -> dict[str, object]:
    """Attributes as a mapping; lists and maps, which label nothing here, as their text."""
    found: dict[str, object] = {}
    for attribute in attributes:
        value = attribute.value
        kind = value.WhichOneof("value")
        if kind == "string_value":
            found[attribute.key] = value.string_value
        elif kind is not None:
            scalar = getattr(value, kind)
            found[attribute.key] = scalar if isinstance(scalar, (int, float, bool)) else str(scalar)
    return found
