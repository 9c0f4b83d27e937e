"""Limits in Prometheus itself: its own tools check and test the exported rules, and a running one raises the alert."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from submeter.evaluator.prometheus import exported
from submeter.evaluator.rulefile import rules_of

if TYPE_CHECKING:
    from pathlib import Path

PROMTOOL, PROMETHEUS = shutil.which("promtool"), shutil.which("prometheus")
needs_prometheus = pytest.mark.skipif(
    not (PROMTOOL and PROMETHEUS), reason="NOT TESTED: Prometheus is not installed (apt-get install prometheus)"
)
RULES = """
limits:
  - {name: team_day, per: tag.team, measure: cost_usd, limit: 50, limits: {big: 500, free: null}, thresholds: [80, 100]}
  - {name: burst, per: [service, model], last: 30m, limit: 1k, where: {provider: [openai, azure.ai.openai]}}
  - {name: all_month, measure: output_tokens, every: month, limit: 1M}
  - {name: weekly, measure: tokens, every: week, limit: 1M, per: service}
  - {name: user_day, per: user, limit: 100}
  - {name: berlin, time_zone: Europe/Berlin, limit: 100}
anomalies:
  - {name: spend}
"""
LIMITED = {"team_day", "all_month", "weekly"}
SCRAPED = """# TYPE submeter_cost_USD_total counter
submeter_cost_USD_total{submeter_tag_team="a"} 60
# TYPE gen_ai_client_inference_usage_input_tokens_total counter
gen_ai_client_inference_usage_input_tokens_total 700000
# TYPE gen_ai_client_inference_usage_output_tokens_total counter
gen_ai_client_inference_usage_output_tokens_total 1200000
"""
COST = 'submeter_cost_USD_total{submeter_tag_team="%s",job="%s"}'


def written(path: Path, *, only: tuple[str, ...] = (), minute: str = "1m") -> Path:
    """The exported rule file: `only` these limits of it, with another length of the minute in which it counts."""
    file = path / "rules.prometheus.yaml"
    groups = exported(rules_of(RULES)).groups["groups"]
    chosen = [group for group in groups if not only or group["name"].removeprefix("submeter-") in only]
    file.write_text(yaml.safe_dump({"groups": chosen}, sort_keys=False).replace("1m", minute))
    return file


def promtool(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [str(PROMTOOL), *(str(argument) for argument in arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_what_prometheus_cannot_count_exactly_is_left_out_with_the_reason() -> None:
    left_out = dict(exported(rules_of(RULES)).left_out)
    assert set(left_out) == {
        *("user_day", "berlin", "spend"),
        *("context_window", "conversation_too_long", "context_truncated"),
    }
    assert "too many values" in left_out["user_day"]
    assert "time zones" in left_out["berlin"]


@needs_prometheus
def test_its_own_checker_takes_the_rules(tmp_path: Path) -> None:
    checked = promtool("check", "rules", written(tmp_path))
    assert checked.returncode == 0, checked.stdout + checked.stderr


@needs_prometheus
def test_a_calendar_day_counts_first_samples_restarts_and_new_days(tmp_path: Path) -> None:
    """Promtool's time begins at the epoch, a midnight; its series are cumulative counters."""
    series = [
        # 30 at once in the first sample, which `increase()` would lose; a restart after ten minutes; 5 more.
        {"series": COST % ("a", "one"), "values": "_x9 30x10 5x2000"},
        {"series": COST % ("a", "two"), "values": "_x20 10x2000"},
        # Limits of their own: the first is far from its, the other has none.
        {"series": COST % ("big", "one"), "values": "0 60x60"},
        {"series": COST % ("free", "one"), "values": "0 9999x60"},
    ]
    used = "submeter:team_day:used"
    tests: dict[str, Any] = {
        "rule_files": ["rules.prometheus.yaml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": series,
                "promql_expr_test": [
                    {"expr": f'{used}{{submeter_tag_team="a"}}', "eval_time": at, "exp_samples": samples}
                    for at, samples in (
                        ("15m", [{"labels": f'{used}{{submeter_tag_team="a"}}', "value": 30}]),
                        ("60m", [{"labels": f'{used}{{submeter_tag_team="a"}}', "value": 45}]),
                        ("25h", [{"labels": f'{used}{{submeter_tag_team="a"}}', "value": 0}]),
                    )
                ],
                "alert_rule_test": [
                    {
                        "eval_time": "60m",
                        "alertname": "SubmeterLimitApproaching",
                        "exp_alerts": [
                            {
                                "exp_labels": {
                                    "rule": "team_day",
                                    "severity": "warning",
                                    "threshold": "80",
                                    "submeter_tag_team": "a",
                                },
                                "exp_annotations": {"summary": "team_day: 45 USD of 50 used (this day (UTC))"},
                            }
                        ],
                    },
                    {"eval_time": "60m", "alertname": "SubmeterLimitReached", "exp_alerts": []},
                    {"eval_time": "25h", "alertname": "SubmeterLimitApproaching", "exp_alerts": []},
                ],
            }
        ],
    }
    written(tmp_path, only=("team_day",))  # promtool holds 10,000 samples at most: no months of minutes
    file = tmp_path / "tests.yaml"
    file.write_text(yaml.safe_dump(tests))
    ran = promtool("test", "rules", file)
    assert ran.returncode == 0, ran.stdout + ran.stderr


class Exporter(BaseHTTPRequestHandler):
    """A scrape target whose counters have already passed the limits."""

    def do_GET(self) -> None:
        body = SCRAPED.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the library's name)
        pass


@needs_prometheus
def test_a_running_prometheus_raises_the_alerts(tmp_path: Path) -> None:
    rules = written(tmp_path, only=("team_day", "all_month", "weekly"), minute="5s")
    with ThreadingHTTPServer(("127.0.0.1", 0), Exporter) as target, socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
        probe.close()
        threading.Thread(target=target.serve_forever, args=(0.05,), daemon=True).start()
        job = {"job_name": "app", "static_configs": [{"targets": [f"127.0.0.1:{target.server_address[1]}"]}]}
        configuration = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(rules)],
            "scrape_configs": [job],
        }
        file = tmp_path / "prometheus.yaml"
        file.write_text(yaml.safe_dump(configuration))
        arguments = [f"--config.file={file}", f"--storage.tsdb.path={tmp_path}/data"]
        with (tmp_path / "log").open("w") as log:
            process = subprocess.Popen(
                [str(PROMETHEUS), *arguments, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log
            )
            try:
                alerts = waited(f"http://127.0.0.1:{port}/api/v1/alerts")
            finally:
                process.terminate()
                process.wait(30)
                target.shutdown()
    reached = {alert["labels"]["rule"]: alert for alert in alerts}
    assert set(reached) == LIMITED
    assert reached["team_day"]["labels"]["submeter_tag_team"] == "a"
    assert [float(reached[rule]["value"]) for rule in ("team_day", "all_month", "weekly")] == [60, 1_200_000, 1_900_000]


def waited(url: str) -> list[dict[str, Any]]:
    """The alerts of limits that are reached, when there is one of each rule."""
    deadline = time.monotonic() + 60
    found: list[dict[str, Any]] = []
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  (our own server)
            alerts = json.load(answer)["data"]["alerts"]
            found = [alert for alert in alerts if alert["labels"]["alertname"] == "SubmeterLimitReached"]
        if {alert["labels"]["rule"] for alert in found} == LIMITED:
            return found
        time.sleep(0.3)
    raise AssertionError(f"alerts came only of {found}")
