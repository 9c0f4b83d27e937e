"""Alerts: rules for Prometheus over the metrics, and the same questions of the store as Grafana-managed rules.

The evaluator's own warnings name the session or user and come within seconds; these are for whoever is on call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import yaml

from tools.dashboards.metrics import DURATION
from tools.dashboards.plumbing import collectors, queue_share
from tools.dashboards.queries import names, sql

_WINDOW: Final = "10m"
_HEADER: Final = "# Written by `make dashboards`. {}\n"
_FAILED: Final = f'sum by (job) (rate({DURATION}_count{{error_type!=""}}[{_WINDOW}]))'
_ALL: Final = f"sum by (job) (rate({DURATION}_count[{_WINDOW}]))"
_SPENT: Final = "sum by (job) (rate(submeter_cost_USD_total[15m])) * 3600"
_FULL: Final = 'sum by (job) (increase(submeter_context_utilization_bucket{le="+Inf"}[1h]))'
_NOT_FULL: Final = 'sum by (job) (increase(submeter_context_utilization_bucket{le="0.95"}[1h]))'


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert; `when` is its PromQL, `wait` how long it must hold."""

    name: str
    severity: str
    when: str
    wait: str
    summary: str
    todo: str

    def rule(self) -> dict[str, Any]:
        """As Prometheus reads it."""
        return {
            "alert": self.name,
            "expr": self.when,
            "for": self.wait,
            "labels": {"severity": self.severity},
            "annotations": {"summary": self.summary, "description": self.todo},
        }


PROMETHEUS: Final = (
    Alert(
        "LLMErrorRateHigh",
        "critical",
        f"{_FAILED} / {_ALL} > 0.05 and {_ALL} * 600 > 20",
        "10m",
        "{{ $value | humanizePercentage }} of the calls of {{ $labels.job }} fail",
        "See Errors by type on the models dashboard: rate limits, a model that is gone, or the provider is down.",
    ),
    Alert(
        "LLMLatencyHigh",
        "warning",
        f"histogram_quantile(0.95, sum by (le, job) (rate({DURATION}_bucket[{_WINDOW}]))) > 30",
        "10m",
        "5 % of the calls of {{ $labels.job }} take longer than {{ $value | humanizeDuration }}",
        "See Slow calls by model: a slow provider, or prompts that grew.",
    ),
    Alert(
        "LLMCostSpike",
        "warning",
        f"{_SPENT} > 1 and {_SPENT} > 3 * (sum by (job) (rate(submeter_cost_USD_total[15m] offset 1d)) * 3600)",
        "15m",
        "{{ $labels.job }} spends {{ $value | humanize }} USD an hour, three times as much as a day ago",
        "See Cost by operation and Cost by user on the cost dashboard.",
    ),
    Alert(
        "LLMContextWindowsFull",
        "warning",
        f"{_FULL} - {_NOT_FULL} > 5",
        "0m",
        "{{ $value | humanize }} calls of {{ $labels.job }} filled more than 95 % of their context window in an hour",
        "See Sessions above 70 % on the warnings dashboard: shorten or summarise their conversations.",
    ),
    Alert(
        "LLMCallsUnpriced",
        "info",
        "sum by (job, gen_ai_request_model) (increase(submeter_calls_unpriced_total[1h])) > 10",
        "0m",
        "{{ $labels.gen_ai_request_model }} has no price: its calls are missing from every cost",
        "Give it a price in a file and name the file in SUBMETER_PRICES.",
    ),
    Alert(
        "LLMTelemetryStalled",
        "critical",
        "sum(rate(submeter_calls_total[15m])) == 0 and sum(increase(submeter_calls_total[1d])) > 0",
        "15m",
        "No call was stored for 15 minutes, though there were some today",
        "See the pipeline dashboard; `submeter doctor` in the program's environment tells what is metered.",
    ),
    Alert(
        "LLMServerRefuses",
        "warning",
        'sum by (signal, outcome) (increase(submeter_intake_items_total{outcome!="stored"}[10m])) > 0',
        "5m",
        "submeter's server did not store {{ $value | humanize }} items ({{ $labels.signal }}, {{ $labels.outcome }})",
        "Its log says which and why; a full disk and limits of size and rate are the usual reasons.",
    ),
    Alert(
        "LLMCollectorExportFailing",
        "critical",
        f"sum by (instance) (rate({collectors('exporter_send_failed_spans')}[5m])) > 0",
        "5m",
        "The collector {{ $labels.instance }} cannot pass spans on",
        "Its queue keeps them while there is room: see that the store answers.",
    ),
    Alert(
        "LLMCollectorQueueNearlyFull",
        "warning",
        f"{queue_share()} > 0.8",
        "5m",
        "A queue of the collector is {{ $value | humanizePercentage }} full",
        "What does not fit is lost: bring the store back, or enlarge the queue.",
    ),
)

STORE: Final = (
    ("error_rate", "LLM: calls fail", "critical", 0.05, "5m", "More than 5 % of a service's calls of 15 minutes fail."),
    ("slow", "LLM: calls are slow", "warning", 30, "5m", "5 % of a service's calls of 15 minutes take over 30 s."),
    (
        "cost_spike",
        "LLM: cost spike",
        "warning",
        3,
        "5m",
        "A service costs three times as much as at this time a day ago.",
    ),
    ("critical_warnings", "LLM: critical warnings", "critical", 0, "0s", "A limit is reached, or a window is full."),
    ("full_sessions", "LLM: context windows fill", "warning", 0, "0s", "Sessions beyond 95 % of their context window."),
    (
        "unpriced",
        "LLM: calls without a price",
        "info",
        10,
        "0s",
        "Calls of a model without a price: its cost is missing.",
    ),
    ("stalled", "LLM: telemetry stalled", "critical", 900, "5m", "No call came for 15 minutes, though some did today."),
)
"""Query of sql/alerts.sql, title, severity, what its value must exceed, how long, and what that means."""


def prometheus() -> str:
    """`prometheus/alerts.yaml`, to be named in `rule_files`."""
    groups = [{"name": "submeter", "rules": [alert.rule() for alert in PROMETHEUS]}]
    return _HEADER.format("Name this file in rule_files of prometheus.yml.") + _yaml({"groups": groups})


def grafana() -> str:
    """`provisioning/alerting/submeter.yaml`: rules that Grafana itself evaluates over the store."""
    assert {query for query, *_ in STORE} == set(names("alerts"))  # noqa: S101  (no query without a rule)
    rules = [_managed(*one) for one in STORE]
    group = {"orgId": 1, "name": "submeter", "folder": "LLM", "interval": "1m", "rules": rules}
    return _HEADER.format("Copy it to Grafana's provisioning/alerting.") + _yaml({"apiVersion": 1, "groups": [group]})


def _managed(query: str, title: str, severity: str, above: float, wait: str, meaning: str) -> dict[str, Any]:
    source = "submeter-clickhouse"
    asked = {"refId": "A", "editorType": "sql", "format": 1, "queryType": "table", "rawSql": sql(f"alerts.{query}")}
    threshold = {
        "refId": "B",
        "type": "threshold",
        "expression": "A",
        "datasource": {"type": "__expr__", "uid": "__expr__"},
        "conditions": [{"evaluator": {"type": "gt", "params": [above]}}],
    }
    return {
        "uid": f"submeter-{query.replace('_', '-')}",
        "title": title,
        "condition": "B",
        "for": wait,
        "noDataState": "OK",
        "execErrState": "Error",
        "labels": {"severity": severity},
        "annotations": {"summary": meaning, "__dashboardUid__": "submeter-overview", "__panelId__": "1"},
        "data": [
            {
                "refId": "A",
                "datasourceUid": source,
                "relativeTimeRange": {"from": 86400, "to": 0},
                "model": asked,
            },
            {
                "refId": "B",
                "datasourceUid": "__expr__",
                "relativeTimeRange": {"from": 0, "to": 0},
                "model": threshold,
            },
        ],
    }


def _yaml(content: Any) -> str:
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)
