"""`submeter top` as somebody sees it: on a terminal, of a running server, until Ctrl-C."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from tests.cli.conversation import SESSION
from tests.server.running import PATIENCE_S, RunningServer, environment, eventually
from tests.server.telemetry import calls

if TYPE_CHECKING:
    from collections.abc import Generator

CTRL_C = b"\x03"
OTHER_SCREEN, SCREEN_BACK, CURSOR_BACK = "\x1b[?1049h", "\x1b[?1049l", "\x1b[?25h"
STARTED = """
import os, sys
from submeter.cli import main
os.close(os.open(os.ttyname(0), os.O_RDWR))  # the leader of a new session takes the first terminal it opens for its own
sys.exit(main(sys.argv[1:]))
"""
SIZE = struct.pack("HHHH", 50, 120, 0, 0)


class Terminal:
    """A pseudo-terminal with one program on it."""

    def __init__(self, master: int, program: subprocess.Popen[bytes]) -> None:
        self.program = program
        self._master = master
        self._shown = bytearray()
        os.set_blocking(master, False)

    def shown(self) -> str:
        """Everything the program has written so far."""
        try:
            while more := os.read(self._master, 65536):
                self._shown += more
        except OSError:  # nothing more for now, or the program has gone
            pass
        return self._shown.decode(errors="replace")

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)


@contextmanager
def on_terminal(*arguments: str) -> Generator[Terminal]:
    """`submeter` with a terminal of 50 lines of its own, from which Ctrl-C reaches it."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, SIZE)
    program = subprocess.Popen(
        [sys.executable, "-c", STARTED, *arguments],
        env=environment(TERM="xterm-256color"),
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    try:
        yield Terminal(master, program)
    finally:
        program.kill()
        program.wait(PATIENCE_S)
        os.close(master)


def test_a_new_session_appears_and_ctrl_c_gives_the_terminal_back(serving: RunningServer) -> None:
    with on_terminal("top", "--url", serving.url, "--last", "7d", "--every", "0.5") as terminal:
        eventually(lambda: SESSION in terminal.shown(), "the stored session on the screen")
        assert OTHER_SCREEN in terminal.shown()
        assert "just-now" not in terminal.shown()
        assert serving.send("traces", calls("just-now")).status == 200
        eventually(lambda: "just-now" in terminal.shown(), "the new session on the screen")
        terminal.press(CTRL_C)
        eventually(lambda: (terminal.shown(), terminal.program.poll())[1] is not None, "the end of the program")
        assert terminal.program.returncode == 130
        rest = terminal.shown().rpartition("just-now")[2]
    assert SCREEN_BACK in rest
    assert CURSOR_BACK in rest
    assert "Traceback" not in rest


@pytest.mark.parametrize("every", ["0.1", "nan", "inf"])
def test_a_senseless_pause_between_looks_is_refused(every: str) -> None:
    with on_terminal("top", "--url", "http://127.0.0.1:9", f"--every={every}") as terminal:
        eventually(lambda: (terminal.shown(), terminal.program.poll())[1] is not None, "the refusal")
        assert "use 0.5 to 3,600 seconds" in terminal.shown()
        assert "Traceback" not in terminal.shown()
        assert terminal.program.returncode == 1
