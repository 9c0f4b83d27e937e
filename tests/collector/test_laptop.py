"""laptop.yaml on the real collector: an app, the collector, `submeter up`, and the questions afterwards."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from collector.build import FOLDER
from examples.standin import StandIn
from tests.collector.running import NORMALISE, RunningCollector, eventually
from tests.server.running import RunningServer, submeter_command

from examples.program import EXAMPLES, run

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("lean")

LAPTOP = (FOLDER / "laptop.yaml", NORMALISE)


def answered(*arguments: str, folder: Path) -> Any:
    """What the command line says, from its JSON."""
    ran = submeter_command(*arguments, "--json", "--data", str(folder))
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_an_apps_calls_arrive_complete_and_exact_with_its_warnings(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with RunningServer(data) as server, StandIn() as provider:
        laptop = RunningCollector(tmp_path / "collector", LAPTOP, {"SUBMETER_URL": server.url})
        with laptop:
            extra = {
                **provider.environment(),
                "SUBMETER": "1",
                "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{laptop.http}",
            }
            ran = run("-m", "submeter", "run", str(EXAMPLES / "chat_app.py"), "--run", "x", extra=extra)
            assert ran.returncode == 0, ran.stderr
            sent = provider.totals()
            eventually(lambda: server.ask("summary")["totals"]["calls"] > sent.calls, "the last call")
        sessions = {name: answered("session", name, folder=data) for name in ("chat-ana-x", "chat-ben-x")}
        total = server.ask("summary")["totals"]
    assert total["input_tokens"] == sent.input_tokens
    assert total["output_tokens"] == sent.output_tokens
    assert total["calls"] == sent.calls + 1, "the failed call is one of them"
    used = [page["session"] for page in sessions.values()]
    assert sum(row["input_tokens"] + row["output_tokens"] for row in used) == sent.tokens
    severities = [row["severity"] for row in sessions["chat-ana-x"]["warnings"] if row["rule"] == "context_window"]
    assert set(severities) == {"info", "warning", "critical"}
