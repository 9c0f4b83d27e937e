"""Alerts: Prometheus' rules by its own tool, and Grafana's on the seeded store."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from tests.dashboards import expectation as e
from tests.store.telemetry import call, chat, request, span

if TYPE_CHECKING:
    from tests.dashboards.seeded import Seeded

    from submeter.record import CallRecord

FOLDER = Path(__file__).parents[2] / "dashboards"
RULES = FOLDER / "prometheus" / "alerts.yaml"
PROMTOOL = shutil.which("promtool")
MANAGED: list[dict[str, Any]] = yaml.safe_load((FOLDER / "provisioning" / "alerting" / "submeter.yaml").read_text())[
    "groups"
][0]["rules"]
MODEL = 'gen_ai_request_model="m"'
COUNT = "gen_ai_client_inference_duration_seconds_count"
BUCKET = "gen_ai_client_inference_duration_seconds_bucket"
WINDOW = "submeter_context_utilization_bucket"
# Series of one sample a minute, the alert they must raise, and when.
RAISED = {
    "LLMErrorRateHigh": (
        {f'{COUNT}{{job="shop"}}': "0+9x60", f'{COUNT}{{job="shop",error_type="Timeout"}}': "0+1x60"},
        "40m",
    ),
    "LLMLatencyHigh": (
        {f'{BUCKET}{{job="shop",le="20.48"}}': "0+1x60", f'{BUCKET}{{job="shop",le="40.96"}}': "0+9x60"}
        | {f'{BUCKET}{{job="shop",le="+Inf"}}': "0+9x60"},
        "40m",
    ),
    "LLMCostSpike": ({'submeter_cost_USD_total{job="shop"}': "0+0.01x1440 14.4+0.1x60"}, "1490m"),
    "LLMContextWindowsFull": (
        {f'{WINDOW}{{job="shop",le="0.95"}}': "0+1x90", f'{WINDOW}{{job="shop",le="+Inf"}}': "0+2x90"},
        "70m",
    ),
    "LLMCallsUnpriced": ({f'submeter_calls_unpriced_total{{job="shop",{MODEL}}}': "0+1x90"}, "70m"),
    "LLMTelemetryStalled": ({"submeter_calls_total": "0+5x60 300x60"}, "110m"),
    "LLMServerRefuses": (
        {'submeter_intake_items_total{signal="traces",outcome="rejected"}': "0+1x30"},
        "20m",
    ),
    "LLMCollectorExportFailing": ({'otelcol_exporter_send_failed_spans_total{instance="c"}': "0+1x30"}, "20m"),
    "LLMCollectorQueueNearlyFull": (
        {"otelcol_exporter_queue_size": "90x30", "otelcol_exporter_queue_capacity": "100x30"},
        "20m",
    ),
}


def test_every_rule_is_tested_and_says_what_to_do() -> None:
    rules = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
    assert {rule["alert"] for rule in rules} == set(RAISED)
    for rule in rules:
        assert rule["labels"]["severity"] in {"info", "warning", "critical"}
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"].endswith(".")


@pytest.mark.skipif(PROMTOOL is None, reason="no promtool here (apt-get install prometheus): rules are NOT tested")
def test_prometheus_raises_each_alert_when_it_should_and_none_when_all_is_well(tmp_path: Path) -> None:
    (tmp_path / "alerts.yaml").write_text(RULES.read_text())
    tests = [_case(alert, series, at, is_raised=True) for alert, (series, at) in RAISED.items()]
    calm = {f'{COUNT}{{job="shop"}}': "0+9x60", "submeter_calls_total": "0+9x60"}
    tests += [_case(alert, calm, "50m", is_raised=False) for alert in RAISED]
    (tmp_path / "test.yaml").write_text(json.dumps({"rule_files": ["alerts.yaml"], "tests": tests}))
    for arguments in (["check", "rules", "alerts.yaml"], ["test", "rules", "test.yaml"]):
        command = [str(PROMTOOL), *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def _case(alert: str, series: dict[str, str], at: str, *, is_raised: bool) -> dict[str, Any]:
    """`promtool` compares annotations too, so a test counts the raised ones by Prometheus' own series of alerts."""
    counted = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)'
    return {
        "name": f"{alert} {is_raised}",
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {"expr": counted, "eval_time": at, "exp_samples": [{"labels": "{}", "value": int(is_raised)}]}
        ],
    }


def managed(uid: str) -> dict[str, Any]:
    return next(rule for rule in MANAGED if rule["uid"] == f"submeter-{uid}")


def asked(seeds: Seeded, uid: str) -> dict[str, float]:
    rows = json.loads(seeds.store.answer(managed(uid)["data"][0]["model"]["rawSql"], "JSONCompact"))["data"]
    return {" ".join(row[:-1]): row[-1] for row in rows}


def since(seeds: Seeded, seconds: float) -> list[CallRecord]:
    return [call for call in seeds.calls if call.started_ns / 1e9 > time.time() - seconds]


def test_grafanas_rules_have_what_it_wants_of_them() -> None:
    source = yaml.safe_load((FOLDER / "provisioning" / "datasources" / "submeter.yaml.in").read_text().replace("$", ""))
    uid = source["datasources"][0]["uid"]
    assert len({rule["uid"] for rule in MANAGED}) == len(MANAGED)
    for rule in MANAGED:
        query, threshold = rule["data"]
        assert (query["datasourceUid"], threshold["datasourceUid"]) == (uid, "__expr__")
        assert rule["condition"] == threshold["refId"] == "B"
        assert threshold["model"]["expression"] == query["refId"]


def test_grafanas_rules_find_what_python_finds(seeds: Seeded) -> None:
    now = time.time_ns()
    burst = [span(chat(error__type="Timeout"), start_ns=now - 10**9 * n, is_error=True) for n in range(1, 6)]
    burst += [span(call("s", "u", (10, 1), 0.2), start_ns=now - 10**9 * n, duration_s=40) for n in range(1, 21)]
    seeds.take(request(burst, service="burst"), "burst")
    recent = [call for call in since(seeds, 900) if call.service == "burst"]
    assert asked(seeds, "error-rate")["burst"] == pytest.approx(e.share(recent, e.is_error))
    assert asked(seeds, "slow")["burst"] == pytest.approx(e.quantile([c.duration_s for c in recent], 0.95))
    assert asked(seeds, "cost-spike")["burst"] == pytest.approx((e.cost(recent) or 0) / 0.01)
    assert asked(seeds, "unpriced") == pytest.approx(
        {name: len(calls) for name, calls in e.grouped(filter(e.is_unpriced, since(seeds, 3600)), e.model).items()}
    )
    critical = [one for one in seeds.warnings if one.severity == "critical" and one.at_ns / 1e9 > time.time() - 900]
    assert sum(asked(seeds, "critical-warnings").values()) == len(critical)
    latest = max(call.started_ns for call in seeds.calls) / 1e9
    assert asked(seeds, "stalled")[""] == pytest.approx(time.time() - latest, abs=10)


def test_grafanas_rule_counts_the_sessions_whose_latest_call_is_full(seeds: Seeded) -> None:
    latest: dict[str, CallRecord] = {}
    for one in sorted(since(seeds, 3600), key=lambda call: call.started_ns):
        if one.session_id:
            latest[one.session_id] = one
    full = [one.service for one in latest.values() if (e.utilization(one) or 0) > 0.95]
    assert asked(seeds, "full-sessions") == {service: full.count(service) for service in set(full)}
