"""A store of an older version, opened by a command and by a server: that it is brought up to date is shown, once."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from tests.cli.conversation import SESSION, conversation
from tests.cli.terminal import on_terminal
from tests.server.running import RunningServer, eventually, submeter_command

from submeter.server.options import embedded_url
from submeter.store import open_store
from submeter.store.database import Database

if TYPE_CHECKING:
    from pathlib import Path

TOLD = "bringing llm_session_traces up to date"
FORGET = "ALTER TABLE otel.submeter_migrations DELETE WHERE name = '047_llm_session_traces' SETTINGS mutations_sync = 1"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose store is without the table that the newest version makes of the calls."""
    folder = tmp_path_factory.mktemp("older") / "data"
    store = open_store(embedded_url(folder))
    assert isinstance(store, Database)
    try:
        store.insert_traces(conversation(), "before")
        store.engine.run("DROP TABLE otel.llm_session_traces SYNC")
        store.engine.run(FORGET)
    finally:
        store.close()
    return folder


@pytest.fixture
def older(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "data", symlinks=True)


def test_a_command_shows_a_bar_on_a_terminal_and_answers(older: Path) -> None:
    with on_terminal("sessions", "--data", str(older)) as terminal:
        eventually(lambda: (terminal.shown(), terminal.program.poll())[1] is not None, "the answer")
        shown = terminal.shown()
    assert f"{TOLD}, once" in shown
    assert SESSION in shown.rpartition(TOLD)[2]
    again = submeter_command("sessions", "--data", str(older))
    assert (again.returncode, again.stderr) == (0, "")


def test_a_pipe_gets_the_answer_alone(older: Path) -> None:
    done = submeter_command("session", SESSION, "--json", "--data", str(older))
    assert (done.returncode, done.stderr) == (0, "")
    assert len(json.loads(done.stdout)["calls"]) == 6


def test_a_server_logs_how_far_it_is_and_then_serves(older: Path) -> None:
    with RunningServer(older) as server:
        assert f"submeter: {TOLD} with the calls stored before, once: 0 %" in server.errors()
        assert f"{TOLD} with the calls stored before, once: 100 %" in server.errors()
        assert len(server.ask(f"sessions/{SESSION}")["calls"]) == 6
        server.stop()
        told = server.errors().count(TOLD)
        server.start()
        assert server.errors().count(TOLD) == told


def test_a_store_of_a_newer_version_is_refused_with_what_to_do(older: Path) -> None:
    store = open_store(embedded_url(older))
    assert isinstance(store, Database)
    try:
        store.engine.run("INSERT INTO otel.submeter_migrations (name, checksum) VALUES ('999_tomorrow', 'x')")
    finally:
        store.close()
    done = submeter_command("sessions", "--data", str(older))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "newer version" in done.stderr
    assert "999_tomorrow" in done.stderr
