"""`submeter rules`: what it says of good files and of bad ones."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
import yaml
from tests.server.running import RunningServer, eventually, submeter_command
from tests.server.telemetry import add_call, traces

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
limits:
  - {name: user_daily, per: user, limit: 1k}
  - {name: team, per: tag.team, measure: cost_usd, limit: 5}
tests:
  - name: at the limit
    calls: [{user: u, input_tokens: 1000}]
    expect: [{rule: user_daily, threshold: 100}]
"""


@pytest.fixture
def good(tmp_path: Path) -> str:
    path = tmp_path / "rules.yaml"
    path.write_text(GOOD)
    return str(path)


def test_check_says_what_each_rule_does(good: str) -> None:
    done = submeter_command("rules", "check", good)
    assert (done.returncode, done.stderr) == (0, "")
    assert "user_daily: tokens per user and day (UTC): at most 1,000 tokens" in done.stdout
    found = json.loads(submeter_command("rules", "check", "--json", SUBMETER_RULES=good).stdout)
    assert [rule["name"] for rule in found["rules"]][-2:] == ["user_daily", "team"]


def test_check_names_every_problem_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("limits:\n  - {name: a, limit: many}\n  - {name: b, limit: 1, per: planet}\n")
    done = submeter_command("rules", "check", str(path))
    assert done.returncode == 1
    assert "line 2" in done.stderr
    missing = submeter_command("rules", "check", str(tmp_path / "nowhere"))
    assert "cannot be read" in missing.stderr
    assert "SUBMETER_RULES" in missing.stderr


def test_test_runs_the_files_own_tests(good: str, tmp_path: Path) -> None:
    done = submeter_command("rules", "test", good)
    assert (done.returncode, done.stdout) == (0, "ok  at the limit\n")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(GOOD.replace("threshold: 100", "threshold: 80"))
    failed = submeter_command("rules", "test", str(wrong))
    assert failed.returncode == 1
    assert "FAILED  at the limit" in failed.stdout
    assert "did not come: rule user_daily" in failed.stdout


def test_schema_and_export_are_what_editors_and_prometheus_read(good: str) -> None:
    assert "limits" in json.loads(submeter_command("rules", "schema").stdout)["properties"]
    done = submeter_command("rules", "export", "--prometheus", good)
    assert [group["name"] for group in yaml.safe_load(done.stdout)["groups"]] == ["submeter-team"]
    assert "rule user_daily is left out: a label 'user' has too many values" in done.stderr


def test_explain_says_why_a_warning_came(good: str, tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", variables={"SUBMETER_RULES": good}) as server:
        request, spans = traces()
        add_call(spans, "s", {"user.id": "u"}, tokens=2_000, at_ns=time.time_ns())
        assert server.send("traces", request).status == 200
        rows = eventually(
            lambda: [row for row in server.ask("warnings")["warnings"] if row["rule"] == "user_daily"], "a warning"
        )
        said = submeter_command("rules", "explain", rows[0]["warning_id"][:8], "--url", server.url, SUBMETER_RULES=good)
        assert said.returncode == 0, said.stderr
        assert "user_daily: tokens per user and day (UTC)" in said.stdout
        assert "2,200 of 1,000 tokens, 220 %; threshold 100 %" in said.stdout
        nobody = submeter_command("rules", "explain", "ffff0000ffff", "--url", server.url)
        assert "no warning" in nobody.stderr
