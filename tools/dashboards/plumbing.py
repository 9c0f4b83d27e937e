"""The pipeline's own dashboard on Prometheus: what submeter's server and the collector say of themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tools.dashboards import fields
from tools.dashboards.board import board, datasource
from tools.dashboards.metrics import TAG
from tools.dashboards.panels import PromQL, stat, timeseries

if TYPE_CHECKING:
    from tools.dashboards.fields import Steps
    from tools.dashboards.panels import Panel

_FULL: Final[Steps] = ((None, fields.GOOD), (0.5, fields.WARN), (0.8, fields.BAD))


def collectors(name: str) -> str:
    """A counter of the collector, with and without the suffix that its configuration decides on."""
    return f'{{__name__=~"otelcol_{name}(_total)?"}}'


def queue_share() -> str:
    """How full the collector's fullest queue is, 0 to 1."""
    return "max(otelcol_exporter_queue_size / otelcol_exporter_queue_capacity)"


def _minutely(by: str, name: str) -> str:
    return f"sum by ({by}) (rate({name}[$__rate_interval])) * 60"


def _over_time(title: str, description: str, unit: str, *named: tuple[str, str], is_bars: bool = True) -> Panel:
    return timeseries(title, description, query=PromQL(named), unit=unit, is_bars=is_bars)


def _headline() -> list[tuple[int, Panel]]:
    refused = 'sum(increase(submeter_intake_items_total{outcome!="stored"}[$__range])) or vector(0)'
    failed = f"sum(increase({collectors('exporter_send_failed_spans')}[$__range])) or vector(0)"
    panels = [
        ("Calls stored", "By submeter's server.", "sum(increase(submeter_calls_total[$__range]))", fields.COUNT, ()),
        ("Refused", "Items that the server refused.", refused, fields.COUNT, fields.ANY_IS_WORTH_A_LOOK),
        ("Waiting", "Requests to be stored.", "sum(submeter_intake_queue_requests)", fields.COUNT, ()),
        ("Failed exports", "Spans the collector could not send.", failed, fields.COUNT, fields.ANY_IS_WORTH_A_LOOK),
        ("Collector's queue", "Its fullest queue.", queue_share(), fields.SHARE, _FULL),
        ("Not instrumented", "SDKs that are installed but not metered.", _INACTIVE, fields.COUNT, ()),
    ]
    return [
        (4, stat(title, description, query=PromQL((("", expression),)), unit=unit, steps=steps))
        for title, description, expression, unit, steps in panels
    ]


_INACTIVE: Final = (
    'count(count by (gen_ai_provider_name) ({__name__=~"submeter_instrumentation_inactive(_ratio)?"})) or vector(0)'
)


def pipeline() -> dict[str, Any]:
    """Whether telemetry arrives whole."""
    flow = [
        (
            12,
            _over_time(
                "Items per minute into the server",
                "Spans, log records and data points by what became of them.",
                fields.COUNT,
                ("{{signal}} {{outcome}}", _minutely("signal, outcome", "submeter_intake_items_total")),
            ),
        ),
        (
            12,
            _over_time(
                "Spans per minute through the collector",
                "Received, sent on and failed.",
                fields.COUNT,
                ("received", f"sum(rate({collectors('receiver_accepted_spans')}[$__rate_interval])) * 60"),
                ("sent", f"sum(rate({collectors('exporter_sent_spans')}[$__rate_interval])) * 60"),
                ("failed", f"sum(rate({collectors('exporter_send_failed_spans')}[$__rate_interval])) * 60"),
                is_bars=False,
            ),
        ),
    ]
    rest = [
        (
            12,
            _over_time(
                "Batches per minute written",
                "By signal and outcome; halved ones held something that the store refused.",
                fields.COUNT,
                ("{{signal}} {{outcome}}", _minutely("signal, outcome", "submeter_intake_batches_total")),
            ),
        ),
        (
            12,
            _over_time(
                "Warnings per minute",
                "Raised by the server's evaluator.",
                fields.COUNT,
                ("{{severity}}", _minutely("severity", "submeter_warnings_total")),
            ),
        ),
    ]
    return board(
        "prometheus-pipeline",
        "LLM pipeline (Prometheus)",
        "Whether telemetry arrives whole: the server's and the collector's own metrics.",
        tag=TAG,
        variables=(datasource("prometheus", "Prometheus"),),
        since="now-24h",
        rows=[(3, _headline()), (8, flow), (8, rest)],
    )
