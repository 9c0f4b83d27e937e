"""A program on a pseudo-terminal of its own, as somebody sits before it."""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tests.server.running import PATIENCE_S, environment

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

CTRL_C = b"\x03"
STARTED = """
import os, sys
from submeter.cli import main
os.close(os.open(os.ttyname(0), os.O_RDWR))  # the leader of a new session takes the first terminal it opens for its own
sys.exit(main(sys.argv[1:]))
"""


def size(lines: int, columns: int) -> bytes:
    """A terminal's size as the system takes it."""
    return struct.pack("HHHH", lines, columns, 0, 0)


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

    def resize(self, lines: int, columns: int) -> None:
        """Makes the terminal another size, of which the program is told as a terminal tells it."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, size(lines, columns))
        os.killpg(self.program.pid, signal.SIGWINCH)

    def echoes(self) -> bool:
        """Whether what is typed is shown and taken by lines, as a shell wants it back."""
        wanted = termios.ECHO | termios.ICANON
        return termios.tcgetattr(self._master)[3] & wanted == wanted

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)


@contextmanager
def on_terminal(*arguments: str, columns: int = 120, **variables: str) -> Generator[Terminal]:
    """`submeter` with a terminal of 50 lines of its own, from which Ctrl-C reaches it."""
    with running([sys.executable, "-c", STARTED, *arguments], columns=columns, **variables) as terminal:
        yield terminal


@contextmanager
def running(command: Sequence[str], *, columns: int = 120, **variables: str) -> Generator[Terminal]:
    """Any program with a terminal of 50 lines of its own."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, size(50, columns))
    program = subprocess.Popen(
        command,
        env=environment(TERM="xterm-256color", **variables),
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
