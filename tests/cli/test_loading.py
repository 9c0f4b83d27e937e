"""What a command loads: asking a server takes neither the store nor the models of its answers."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.cli.conversation import SESSION
from tests.server.running import environment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.server.running import RunningServer

PROGRAM = """\
import contextlib, io, json, sys
from submeter.cli import main
found = []
for command in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()):
        found.append((main(command), sorted(sys.modules)))
print(json.dumps(found))
"""
ASKING = (
    ("sessions",),
    ("sessions", "--csv"),
    ("session", SESSION),
    ("usage", "--by", "user"),
    ("warnings",),
    ("summary",),
    ("cost",),
    ("forecast",),
    ("evaluations",),
    ("models",),
    ("limits",),
    ("top", "--once"),
)
HEAVY = {"pydantic", "starlette", "google.protobuf", "chdb", "numpy", "grpc", "yaml", "submeter.store.database"}


def loaded(*commands: Sequence[str]) -> list[tuple[int, set[str]]]:
    """The exit code of each command, and the modules that are loaded when it is done: its own and its predecessors'."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(commands)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [(code, set(names)) for code, names in json.loads(done.stdout)]


def test_asking_a_server_loads_no_store_and_no_models(serving: RunningServer) -> None:
    found = loaded(*([*command, "--url", serving.url] for command in ASKING))
    for command, (code, names) in zip(ASKING, found, strict=True):
        assert (code, names & HEAVY) == (0, set()), command
        assert "submeter.cli.source" in names


def test_asking_a_folder_loads_nothing_of_the_web_nor_what_the_engine_does_not_need(stored: Path) -> None:
    ((code, names),) = loaded(["sessions", "--data", str(stored)])
    assert code == 0
    assert {"chdb", "submeter.store.database"} <= names
    assert names & {"starlette", "uvicorn", "grpc", "numpy", "pyarrow", "pandas"} == set()
