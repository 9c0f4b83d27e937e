"""The evaluator in the server: limits from the environment, sums that survive, metrics as witnesses, bad rules."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.running import RunningServer, eventually, submeter_command
from tests.server.telemetry import add_call, counted, traces, within_today

if TYPE_CHECKING:
    from pathlib import Path

LIMITED = {"SUBMETER_MAX_TOKENS_PER_USER_DAILY": "1000"}


def spend(server: RunningServer, user: str, tokens: int, at_ns: int) -> None:
    request, spans = traces()
    add_call(spans, f"s-{user}", {"user.id": user}, tokens=tokens, at_ns=at_ns)
    assert server.send("traces", request).status == 200


def thresholds(server: RunningServer, user: str) -> list[float]:
    rows = server.ask("warnings?limit=1000")["warnings"]
    return sorted(row["threshold"] for row in rows if row["subject_kind"] == "user" and row["subject"] == user)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_users_sum_survives_the_servers_end(tmp_path: Path, number: signal.Signals) -> None:
    at_ns = within_today()
    with RunningServer(tmp_path / "data", variables=LIMITED) as server:
        spend(server, "u", 500, at_ns)
        assert thresholds(server, "u") == []
        server.stop(number)
        assert (tmp_path / "data" / "evaluator.json").exists() == (number is signal.SIGTERM)
        server.start()
        spend(server, "u", 250, at_ns)
        eventually(lambda: thresholds(server, "u") == [80], "80 %")
        server.stop(number)
        server.start()
        spend(server, "u", 300, at_ns)
        eventually(lambda: thresholds(server, "u") == [80, 100], "100 %")
        spend(server, "other", 10, at_ns)
        assert thresholds(server, "other") == []


def test_a_damaged_memory_costs_nothing(tmp_path: Path) -> None:
    at_ns = within_today()
    memory = tmp_path / "data" / "evaluator.json"
    with RunningServer(tmp_path / "data", variables=LIMITED) as server:
        for damaged in (
            "{",
            "[]",
            '{"at_ns": 1, "snapshot": {"version": 99}}',
            '{"at_ns": 1, "snapshot": {"version": 1}}',
        ):
            spend(server, damaged, 850, at_ns)
            server.stop()
            assert memory.stat().st_mode & 0o777 == 0o600
            memory.write_text(damaged)
            server.start()
            spend(server, damaged, 200, at_ns)
            eventually(lambda user=damaged: thresholds(server, user) == [80, 100], "both warnings, each once")


def test_metric_points_count_where_no_spans_come(tmp_path: Path) -> None:
    at_ns = within_today()
    with RunningServer(tmp_path / "data", variables=LIMITED) as server:
        assert server.send("metrics", counted("m", 700, at_ns=at_ns)).status == 200
        assert server.send("metrics", counted("m", 200, at_ns=at_ns + 2_000_000)).status == 200
        eventually(lambda: thresholds(server, "m") == [80], "80 % by metrics")


def test_metric_points_of_a_service_that_sends_spans_are_not_counted_twice(tmp_path: Path) -> None:
    at_ns = within_today()
    with RunningServer(tmp_path / "data", variables=LIMITED) as server:
        spend(server, "twice", 500, at_ns)
        assert server.send("metrics", counted("twice", 500, service="shop-bot", at_ns=at_ns)).status == 200
        spend(server, "later", 900, at_ns)
        eventually(lambda: thresholds(server, "later") == [80], "the later warning")
        assert thresholds(server, "twice") == []


@pytest.mark.parametrize(
    ("variable", "value", "word"),
    [
        ("SUBMETER_MAX_TOKENS_PER_USER_DAILY", "many", "number"),
        ("SUBMETER_RULES", "/nowhere/rules.yaml", "cannot be read"),
    ],
)
def test_rules_that_cannot_be_used_stop_the_start(tmp_path: Path, variable: str, value: str, word: str) -> None:
    arguments = ("up", "--port", "0", "--grpc-port", "off", "--data", str(tmp_path / "data"))
    done = submeter_command(*arguments, **{variable: value})
    assert done.returncode == 1
    assert word in done.stderr
    assert done.stderr.count("\n") == 1


def test_rules_of_a_file_are_in_force(tmp_path: Path) -> None:
    at_ns = within_today()
    rules = tmp_path / "rules.yaml"
    rules.write_text("calls:\n  - name: large_call\n    measure: tokens\n    limit: 100\n")
    with RunningServer(tmp_path / "data", variables={"SUBMETER_RULES": str(rules)}) as server:
        spend(server, "u", 500, at_ns)

        def large() -> list[Any]:
            return [row for row in server.ask("warnings")["warnings"] if row["rule"] == "large_call"]

        eventually(large, "the file's rule")
