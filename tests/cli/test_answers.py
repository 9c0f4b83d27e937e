"""The commands that answer questions: pages, JSON and CSV, from a folder at rest and from a running server."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from rich.cells import cell_len
from tests.cli.conversation import SESSION
from tests.server.running import RunningServer, environment, submeter_command

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = (
    ("sessions",),
    ("sessions", "--order", "cost", "--limit", "1"),
    ("session", SESSION),
    ("usage",),
    ("usage", "--by", "step", "--session", SESSION),
    ("usage", "--by", "day", "--since", "2d"),
    ("warnings",),
    ("summary",),
    ("summary", "--user", "nobody"),
)
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
VARYING = re.compile(r"\d\d:\d\d:\d\d|\d\d \w{3} \d\d:\d\d:\d\d")

PAGE = """\
session s-42
user u-7  service shop-bot  <time>, over 5.0 s

6 calls   1 failed   9,900 in   1,490 out   1,500 cached   120 reasoning
$0.0096+ cost
context ███████████████████████┃██░░┃░░░┃░ 77 % of 10k at its fullest, now 5 %

call          model                in    out      cost    time  ended
POST /ask                       2,100    210   $0.0021   9.0 s
├─ agent run                    2,000    200   $0.0020   9.0 s
│  └─ answer  gpt-5-mini        2,000    200   $0.0020  800 ms  stop
└─ classify   gpt-5-mini          100     10   $0.0001  400 ms  stop
talk                            7,800  1,280  $0.0075+
├─ chat       gpt-5-mini        7,000  1,200   $0.0070   1.2 s  length
├─ chat       house/model-of-…    300     30         -   1.6 s  stop
├─ chat       gpt-5-mini            -      -         -   2.0 s  RateLimitError
└─ chat       gpt-5-mini         ~500    ~50   $0.0005   2.4 s  broken off, stop

warnings
"""


def asked(folder: Path, *arguments: str, **variables: str) -> str:
    done = submeter_command(*arguments, "--data", str(folder), **variables)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@cache
def on_terminal(folder: Path, width: int, *arguments: str) -> str:
    return asked(folder, *arguments, FORCE_COLOR="1", COLUMNS=str(width), TERM="xterm-256color")


def test_the_page_of_a_session_at_80_columns(stored: Path) -> None:
    shown = VARYING.sub("<time>", ESCAPES.sub("", on_terminal(stored, 80, "session", SESSION)))
    assert shown.startswith(PAGE)
    rest = shown.removeprefix(PAGE)
    assert "82 % of the context window of gpt-5-mini is" in rest
    assert "no known price for 1 of 6 calls" in rest
    assert "estimated (~) for 1 of 6 calls" in rest


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_line_wraps_and_no_number_is_cut(stored: Path, command: tuple[str, ...], width: int) -> None:
    shown = ESCAPES.sub("", on_terminal(stored, width, *command))
    longest = max(shown.splitlines(), key=cell_len)
    assert cell_len(longest) <= max(width, 52), longest
    wide = ESCAPES.sub("", on_terminal(stored, 200, *command))
    costs = re.findall(r"\$[\d.,]+\+?", wide)
    assert re.findall(r"\$[\d.,]+\+?", shown) == costs


def test_colours_are_for_terminals_that_want_them(stored: Path) -> None:
    assert ESCAPES.search(on_terminal(stored, 80, "session", SESSION))
    plain = asked(stored, "session", SESSION, FORCE_COLOR="1", NO_COLOR="1", TERM="xterm-256color")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", plain)
    assert "\x1b" not in asked(stored, "session", SESSION)


def test_a_pipe_gets_whole_texts(stored: Path) -> None:
    assert "house/model-of-our-own-2026-11-24" in asked(stored, "session", SESSION)
    assert "…" not in asked(stored, "warnings")


def test_a_terminal_without_unicode_gets_ascii(stored: Path) -> None:
    shown = asked(stored, "session", SESSION, PYTHONIOENCODING="ascii")
    assert shown.isascii()
    assert "`- classify" in shown


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_folder_and_its_server_give_the_same_json(
    stored: Path, tmp_path_factory: pytest.TempPathFactory, command: tuple[str, ...]
) -> None:
    at_rest = json.loads(asked(stored, *command, "--json"))
    with RunningServer(stored) as server:
        assert json.loads(asked(stored, *command, "--json")) == at_rest
        elsewhere = tmp_path_factory.mktemp("elsewhere")
        over_url = submeter_command(*command, "--json", "--url", server.url, SUBMETER_DATA=str(elsewhere))
        assert json.loads(over_url.stdout) == at_rest
    assert at_rest


def test_sums_are_those_of_the_calls(stored: Path) -> None:
    found: dict[str, Any] = json.loads(asked(stored, "session", SESSION, "--json"))
    assert found["session"]["input_tokens"] == sum(call["input_tokens"] or 0 for call in found["calls"]) == 9900
    by_step = json.loads(asked(stored, "usage", "--by", "step", "--session", SESSION, "--json"))["usage"]
    assert sum(row["input_tokens"] or 0 for row in by_step) == 9900


def test_csv_is_read_back(stored: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(asked(stored, "sessions", "--csv"))))
    assert [row["session_id"] for row in rows] == [SESSION, ""]
    assert json.loads(rows[0]["models"]) == ["gpt-5-mini", "house/model-of-our-own-2026-11-24"]


def test_filters_narrow(stored: Path) -> None:
    assert "no sessions for user nobody" in asked(stored, "sessions", "--user", "nobody")
    assert json.loads(asked(stored, "sessions", "--user", "nobody", "--json")) == {"sessions": [], "next": None}
    assert "no warnings for severity critical" in asked(stored, "warnings", "--severity", "critical")
    assert "u-7" in asked(stored, "usage", "--by", "user", "--since", "1h")
    assert "no usage for" in asked(stored, "usage", "--end", "2020-01-01")


def test_a_reader_that_closes_early_is_no_error(stored: Path) -> None:
    command = [sys.executable, "-m", "submeter", "session", SESSION, "--json", "--data", str(stored)]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
