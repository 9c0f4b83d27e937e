"""`submeter top` as somebody sees it: on a terminal, of a running server, until Ctrl-C."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.cli.conversation import SESSION
from tests.cli.terminal import CTRL_C, Terminal, on_terminal
from tests.server.running import RunningServer, eventually
from tests.server.telemetry import calls

if TYPE_CHECKING:
    from pathlib import Path

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
CORNER = "\x1b[H"
OTHER_SCREEN, SCREEN_BACK, CURSOR_BACK = "\x1b[?1049h", "\x1b[?1049l", "\x1b[?25h"


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


def test_what_is_interrupted_leaves_a_line_for_the_prompt(stored: Path) -> None:
    with on_terminal("purge", "--session", SESSION, "--data", str(stored)) as terminal:
        eventually(lambda: "Type yes" in terminal.shown(), "the question")
        terminal.press(CTRL_C)
        eventually(lambda: ended(terminal), "the end of the program")
        assert terminal.program.returncode == 130
        assert terminal.shown().endswith("\n")


def ended(terminal: Terminal) -> bool:
    """Whether the program has ended; reads what it still wrote."""
    return (terminal.shown(), terminal.program.poll())[1] is not None


def test_q_ends_it_and_gives_the_terminal_back(serving: RunningServer) -> None:
    with on_terminal("top", "--url", serving.url, "--last", "7d", "--every", "3600") as terminal:
        eventually(lambda: SESSION in terminal.shown(), "the stored session on the screen")
        terminal.press(b"x")
        terminal.press(b"q")
        eventually(lambda: ended(terminal), "the end of the program")
        assert terminal.program.returncode == 0
        assert SCREEN_BACK in terminal.shown()
        assert terminal.echoes()


def test_another_size_is_drawn_at_once(serving: RunningServer) -> None:
    with on_terminal("top", "--url", serving.url, "--last", "7d", "--every", "3600", columns=120) as terminal:
        eventually(lambda: "a call" in "".join(last_page(terminal)), "a column that needs room")
        terminal.resize(20, 50)
        eventually(lambda: is_page_of(20, 50, last_page(terminal)), "the smaller page")
        assert "a call" not in "".join(last_page(terminal))
        terminal.press(b"q")
        eventually(lambda: ended(terminal), "the end of the program")


def last_page(terminal: Terminal) -> list[str]:
    """The lines of the page that is drawn last, as far as they have arrived; each begins in the same corner."""
    return ESCAPES.sub("", terminal.shown().rpartition(CORNER)[2]).splitlines()


def is_page_of(lines: int, columns: int, page: list[str]) -> bool:
    """Whether a page has arrived whole, and fills this size and no larger one."""
    return len(page) == lines and {len(line) for line in page} == {columns}


def test_a_server_that_goes_is_waited_for(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data") as server:
        assert server.send("traces", calls("before")).status == 200
        port = server.url.rpartition(":")[2]
        with on_terminal("top", "--url", server.url, "--last", "7d", "--every", "0.5") as terminal:
            eventually(lambda: "before" in terminal.shown(), "the page")
            server.stop()
            eventually(lambda: "trying again" in terminal.shown(), "why the page is old")
            assert "no submeter server answers" in terminal.shown()
            server.arguments = ("--port", port)
            server.start()
            assert server.send("traces", calls("afterwards")).status == 200
            eventually(lambda: "afterwards" in terminal.shown(), "the new page")
            terminal.press(b"q")
            eventually(lambda: ended(terminal), "the end of the program")
            assert terminal.program.returncode == 0


def test_without_a_server_it_does_not_begin() -> None:
    with on_terminal("top", "--url", "http://127.0.0.1:9") as terminal:
        eventually(lambda: ended(terminal), "the refusal")
        assert "start one with `submeter up`" in terminal.shown()
        assert OTHER_SCREEN not in terminal.shown()
        assert terminal.program.returncode == 1


@pytest.mark.parametrize("every", ["0.1", "nan", "inf"])
def test_a_senseless_pause_between_looks_is_refused(every: str) -> None:
    with on_terminal("top", "--url", "http://127.0.0.1:9", f"--every={every}") as terminal:
        eventually(lambda: (terminal.shown(), terminal.program.poll())[1] is not None, "the refusal")
        assert "use 0.5 to 3,600 seconds" in terminal.shown()
        assert "Traceback" not in terminal.shown()
        assert terminal.program.returncode == 2
