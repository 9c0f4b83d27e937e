"""The file by which the command line finds a running server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from submeter.server.presence import FILE_NAME, announce, found, this_process, withdraw

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_announced_is_found_by_its_owner_only_until_withdrawn(tmp_path: Path) -> None:
    presence = this_process("http://127.0.0.1:4318", 4317)
    announce(tmp_path, presence)
    assert found(tmp_path) == presence
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == [FILE_NAME]
    withdraw(tmp_path)
    assert found(tmp_path) is None
    withdraw(tmp_path)


def test_a_crashed_servers_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("{half")
    announce(tmp_path, this_process("http://127.0.0.1:1", None))
    presence = found(tmp_path)
    assert presence is not None
    assert (presence.pid, presence.grpc) == (os.getpid(), None)


def test_another_servers_file_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        (tmp_path / FILE_NAME).write_text(json.dumps({"pid": other.pid, "url": "http://127.0.0.1:1"}))
        withdraw(tmp_path)
        assert found(tmp_path) is not None
        other.communicate(b"\n")
    assert found(tmp_path) is None


@pytest.mark.parametrize(
    "content", ["", "null", "[]", "{}", '{"pid": "1", "url": "x"}', '{"pid": 0, "url": "x"}', '{"pid": 1, "url": 2}']
)
def test_a_damaged_file_is_no_server(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE_NAME).write_text(content)
    assert found(tmp_path) is None
