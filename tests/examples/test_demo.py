"""The demo as a user runs it: to the end, interrupted, and where it cannot work."""

from __future__ import annotations

import importlib
import json
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import openai
import pytest
from examples.standin import StandIn

from examples.program import EXAMPLES, environment, run

if TYPE_CHECKING:
    from types import ModuleType

DEMO = str(EXAMPLES / "demo.py")
PERMISSIVE = {"PYTHONWARNINGS": "default"}
"""The server's own dependencies may warn; it is tested elsewhere."""


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(sys, "path", [str(EXAMPLES), *sys.path])
    for name, value in environment(PERMISSIVE).items():
        monkeypatch.setenv(name, value)
    return importlib.import_module("demo")


def test_demo_ends_with_equal_counts_and_its_data_can_be_asked_for(tmp_path: Path) -> None:
    for _ in ("first run", "second run"):
        ran = run(DEMO, "--data", str(tmp_path), extra=PERMISSIVE)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert "28 calls, 60,903 tokens: equal" in ran.stdout
        assert not (tmp_path / "server.json").exists()
    asked = run("-m", "submeter", "sessions", "--json", "--data", str(tmp_path), extra=PERMISSIVE)
    rows = json.loads(asked.stdout)["sessions"]
    assert sorted(row["session_id"].partition("-")[2][:3] for row in rows) == ["", "ana", "ana", "ben", "ben"]
    assert {row["calls"] for row in rows} == {7, 17, 10}


def test_ctrl_c_ends_everything_it_started(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, DEMO, "--data", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(PERMISSIVE),
    ) as started:
        assert started.stdout is not None
        for line in started.stdout:
            if "turn  1" in line:
                break
        server = json.loads((tmp_path / "server.json").read_text("utf-8"))["pid"]
        started.send_signal(signal.SIGINT)
        _, errors = started.communicate()
    assert started.returncode == 130
    assert errors.strip().endswith("interrupted, everything it started has ended")
    assert not Path(f"/proc/{server}").exists()
    assert not (tmp_path / "server.json").exists()


def test_kept_server_answers_until_ctrl_c(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, DEMO, "--keep", "--data", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(PERMISSIVE),
    ) as started:
        assert started.stdout is not None
        for line in started.stdout:
            if "runs until Ctrl-C" in line:
                break
        url = json.loads((tmp_path / "server.json").read_text("utf-8"))["url"]
        totals = httpx2.get(f"{url}/api/v1/summary").json()["totals"]
        started.send_signal(signal.SIGINT)
        _, errors = started.communicate()
    assert started.returncode == 0, errors
    assert (totals["calls"], totals["errors"]) == (29, 1)
    assert not (tmp_path / "server.json").exists()


def test_a_server_that_cannot_start_shows_its_last_lines(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.write_text("not a folder", "utf-8")
    ran = run(DEMO, "--data", str(taken), extra=PERMISSIVE)
    assert ran.returncode == 1
    assert "the submeter server ended at once; its last lines:" in ran.stderr
    assert "choose another with --data DIR" in ran.stderr


def test_a_provider_whose_key_is_set_is_asked_itself(demo: ModuleType) -> None:
    with StandIn() as standin:
        assert demo._told_where(standin, []) == standin.environment()
        assert set(demo._told_where(standin, ["OPENAI_API_KEY"])) == {"ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"}
        assert demo._told_where(standin, ["OPENAI_API_KEY", "ANTHROPIC_API_KEY"]) == {}


def test_a_call_that_the_store_missed_is_shown_as_a_difference(
    demo: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    since = datetime.now(UTC)
    with StandIn() as standin, demo.Server(tmp_path) as server:
        with openai.OpenAI(base_url=standin.openai_url, api_key="any") as client:
            client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "in 8 words"}])
        agrees = demo._compare(demo.Steps(), server, standin, since, has_real=False)
    shown = capsys.readouterr()
    assert not agrees
    assert "gpt-4o-2024-08-06: stored nothing, sent 1 calls, 9 in, 8 out" in shown.err
    assert "DIFFERENT for 1 of 1 models" in shown.out
