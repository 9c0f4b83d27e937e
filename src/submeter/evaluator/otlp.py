"""OTLP: the metric points of an export request that carry tokens, cost or calls; all others are not decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from submeter import semconv
from submeter.evaluator.points import METRICS, MetricPoint, source_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
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
    """Attributes as a mapping of texts, those that the store keeps. Of a value's fields only the stated one is set."""
    return {entry.key: value.string_value or _text(value) for entry in attributes for value in (entry.value,)}


def _text(value: AnyValue) -> str:
    kind = value.WhichOneof("value")
    if kind == "bool_value":
        return "true" if value.bool_value else "false"
    if kind == "double_value":
        number = value.double_value
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)  # noqa: PLR2004  (as the store writes it)
    if kind == "int_value":
        return str(value.int_value)
    return f"[{value}]" if kind in {"array_value", "kvlist_value"} else ""
