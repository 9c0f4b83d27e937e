"""`submeter run` and `submeter doctor`, which need nothing of the server extra."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.server.running import environment, submeter_command

from submeter.instrumentation import FRAMEWORKS

if TYPE_CHECKING:
    from pathlib import Path

WITHOUT_SERVER = """
import sys
for name in ("chdb", "clickhouse_connect", "grpc", "starlette", "uvicorn", "yaml", "rich", "zstandard"):
    sys.modules[name] = None
from submeter.cli import main
sys.exit(main(sys.argv[1:]))
"""


def without_server(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line where the server extra is not installed."""
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_SERVER, *arguments],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_program_keeps_its_arguments_and_its_exit_code(tmp_path: Path) -> None:
    program = tmp_path / "app.py"
    program.write_text("import sys; print(sys.argv[1:]); sys.exit(7)")
    done = without_server("run", str(program), "--json", "-x", "--", "y")
    assert (done.returncode, done.stdout, done.stderr) == (7, "['--json', '-x', '--', 'y']\n", "")


@pytest.mark.parametrize("arguments", [(), ("nowhere.py",), ("-m",)])
def test_a_program_that_is_not_there(arguments: tuple[str, ...]) -> None:
    done = without_server("run", *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("submeter: ")
    assert done.stderr.count("\n") == 1


def test_run_explains_itself() -> None:
    done = submeter_command("run", "--help")
    assert done.returncode == 0
    assert "PROGRAM" in done.stdout


def test_doctor_names_every_known_sdk() -> None:
    done = without_server("doctor")
    assert "openai" in done.stdout
    assert "SUBMETER" in done.stdout
    found = json.loads(without_server("doctor", "--json").stdout)
    assert {sdk["state"] for sdk in found["sdks"]} <= {"metered", "disabled", "inactive", "not installed"}
    assert any(sdk["state"] == "metered" for sdk in found["sdks"])
    assert {one["state"] for one in found["frameworks"]} <= {"listened to", "disabled", "inactive", "not installed"}
    assert {one["package"] for one in found["frameworks"]} == set(FRAMEWORKS)


@pytest.mark.parametrize("command", ["up", "sessions", "usage"])
def test_what_needs_the_server_extra_says_how_to_get_it(tmp_path: Path, command: str) -> None:
    done = without_server(command, "--data", str(tmp_path))
    assert done.returncode == 1
    assert "pip install 'submeter[server]'" in done.stderr
    assert done.stderr.count("\n") == 1
