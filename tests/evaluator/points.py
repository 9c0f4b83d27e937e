"""Metric points for calls: what an SDK would export for them, delta or cumulative."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from evaluator.calls import NOON_NS, SECOND_NS
from submeter.evaluator.points import MetricPoint, source_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from submeter.record import CallRecord

SOURCE = source_of({"service.name": "shop", "service.instance.id": "1"}, "submeter")


def point(
    metric: str,
    value: float,
    time_ns: int = NOON_NS,
    *,
    start_ns: int = 0,
    observations: int = 0,
    is_cumulative: bool = False,
    source: str = SOURCE,
    more: Mapping[str, object] | None = None,
    **attributes: Any,
) -> MetricPoint:
    """A point with attributes: `user="u-7"` for the usual ones, `more={"any.name": 1}` for others."""
    names = {"user": "user.id", "session": "session.id", "service": "service.name", "kind": "gen_ai.operation.name"}
    known = {names.get(name, name): value for name, value in attributes.items()}
    return MetricPoint(
        metric,
        value,
        observations,
        start_ns,
        time_ns,
        is_cumulative,
        {"service.name": "shop", "gen_ai.operation.name": "chat", **known, **(more or {})},
        source,
    )


class Exporter:
    """Turns calls into the points of submeter's counters, as the SDK's reader would collect them."""

    def __init__(self, *, is_cumulative: bool, start_ns: int) -> None:
        self.is_cumulative = is_cumulative
        self.start_ns = start_ns
        self.last_ns = start_ns
        self.values: dict[tuple[str, str, str], float] = defaultdict(float)
        self.observations: dict[tuple[str, str, str], int] = defaultdict(int)

    def add(self, record: CallRecord) -> None:
        for metric, value in (
            ("gen_ai.client.inference.usage.input_tokens", record.usage.input_tokens),
            ("gen_ai.client.inference.usage.output_tokens", record.usage.output_tokens),
            ("submeter.cost", record.cost_usd),
            ("gen_ai.client.inference.duration", record.duration_s),
        ):
            if value is not None:
                self.values[(metric, record.user_id, record.model)] += value
                self.observations[(metric, record.user_id, record.model)] += 1

    def collect(self, time_ns: int) -> list[MetricPoint]:
        start = self.start_ns if self.is_cumulative else self.last_ns
        points = [
            point(
                metric,
                value,
                time_ns,
                start_ns=start,
                observations=self.observations[(metric, user, model)] if metric.endswith("duration") else 0,
                is_cumulative=self.is_cumulative,
                more={"user.id": user, "gen_ai.response.model": model, "gen_ai.provider.name": "openai"},
            )
            for (metric, user, model), value in self.values.items()
        ]
        self.last_ns = time_ns
        if not self.is_cumulative:
            self.values.clear()
            self.observations.clear()
        return points


__all__ = ["SECOND_NS", "SOURCE", "Exporter", "point"]
