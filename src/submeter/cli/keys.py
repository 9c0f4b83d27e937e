"""Keys: what is pressed while a command shows a page, one key at a time and without an echo."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


@contextmanager
def read() -> Generator[Callable[[float], str]]:
    """What waits some seconds for a key and gives it, or nothing; Ctrl-C stays an interrupt."""
    if sys.platform == "win32" or not sys.stdin.isatty():
        yield _slept
        return
    import termios  # noqa: PLC0415  (not on Windows)
    import tty  # noqa: PLC0415  (the same)

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal)
    try:
        yield lambda seconds: _pressed(terminal, seconds)
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _slept(seconds: float) -> str:
    time.sleep(seconds)
    return ""


def _pressed(terminal: int, seconds: float) -> str:
    import select  # noqa: PLC0415  (takes no terminals on Windows)

    if not select.select([terminal], [], [], seconds)[0]:
        return ""
    found = os.read(terminal, 64)
    return found.decode(errors="replace") if found else "q"
