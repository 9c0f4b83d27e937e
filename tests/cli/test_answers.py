"""The commands that answer questions: pages, JSON and CSV, from a folder at rest and from a running server."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rich.cells import cell_len
from tests.cli.conversation import SESSION
from tests.server.running import RunningServer, environment, submeter_command
from tests.server.telemetry import add_call, traces

from submeter.cli import main
from submeter.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    ("usage", "--by", "user,model"),
    ("cost", "--since", "2020-01-01"),
    ("models",),
    ("top", "--once", "--last", "7d"),
)
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
VARYING = re.compile(r"\d\d:\d\d:\d\d|\d\d \w{3} \d\d:\d\d:\d\d")

PAGE = """\
session s-42
user u-7   service shop-bot   <time>, over 5.0 s

6 calls   1 failed   9,900 in   1,490 out   1,500 cached   120 reasoning
$0.0096+ cost
context █████████████████████████┃██░░┃░░░┃░ 77 % of 10k at its fullest, now 5 %

call          model                in    out      cost    time  ended
POST /ask                       2,100    210   $0.0021   9.0 s
├─ agent run                                             9.0 s
│  └─ answer  gpt-5-mini        2,000    200   $0.0020  800 ms  stop
└─ classify   gpt-5-mini          100     10   $0.0001  400 ms  stop
talk                            7,800  1,280  $0.0075+
├─ chat       gpt-5-mini        7,000  1,200   $0.0070   1.2 s  length
├─ chat       house/model-of-…    300     30         -   1.6 s  stop
├─ chat       gpt-5-mini            -      -         -   2.0 s  RateLimitError
└─ chat       gpt-5-mini         ~500    ~50   $0.0005   2.4 s  broken off, stop

model                              calls     in    out     cost
gpt-5-mini                             5  9,600  1,460  $0.0096
house/model-of-our-own-2026-11-24      1    300     30        -

warnings  severity  message
"""


def asked(folder: Path, *arguments: str, **variables: str) -> str:
    done = submeter_command(*arguments, "--data", str(folder), **variables)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture(scope="module")
def served(stored: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server of a copy of the folder, so that many questions open the engine once."""
    folder = shutil.copytree(stored, tmp_path_factory.mktemp("served") / "data", symlinks=True)
    with RunningServer(folder) as server:
        yield server


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command prints, run in this process."""
    assert main(arguments) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    return shown.out


def on_terminal(folder: Path, width: int, *arguments: str) -> str:
    return asked(folder, *arguments, FORCE_COLOR="1", COLUMNS=str(width), TERM="xterm-256color")


def test_the_page_of_a_session_at_80_columns(stored: Path) -> None:
    shown = VARYING.sub("<time>", ESCAPES.sub("", on_terminal(stored, 80, "session", SESSION)))
    assert shown[: len(PAGE)] == PAGE
    rest = shown.removeprefix(PAGE)
    assert "82 % of the context window of gpt-5-mini is" in rest
    assert "no cost is known of 1 of 6 calls" in rest
    assert "estimated (~) for 1 of 6 calls" in rest


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_line_wraps_and_no_number_is_cut(
    served: RunningServer,
    command: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    costs: list[list[str]] = []
    for width in (200, 120, 80, 40):
        monkeypatch.setenv("COLUMNS", str(width))
        shown = ESCAPES.sub("", told(capsys, *command, "--url", served.url))
        longest = max(shown.splitlines(), key=cell_len)
        assert cell_len(longest) <= max(width, 52), longest
        costs.append(re.findall(r"\$[\d.,]+\+?", shown))
    assert all(found == costs[0] for found in costs)


def test_colours_are_for_terminals_that_want_them(stored: Path) -> None:
    assert ESCAPES.search(on_terminal(stored, 80, "session", SESSION))
    plain = asked(stored, "session", SESSION, FORCE_COLOR="1", NO_COLOR="1", TERM="xterm-256color")
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]m", plain)
    assert "\x1b" not in asked(stored, "session", SESSION)


def test_a_pipe_gets_whole_texts(stored: Path) -> None:
    assert "house/model-of-our-own-2026-11-24" in asked(stored, "session", SESSION)
    assert "…" not in asked(stored, "warnings")


def test_a_long_id_takes_no_column_from_a_pipe(tmp_path: Path) -> None:
    store = open_store(f"chdb://{tmp_path}/data")
    request, spans = traces()
    for name in ("s-" + "x" * 5_000, "s-2"):
        add_call(spans, name, {"user.id": f"user-of-{name}"})
    store.insert_traces(request, "1")
    store.close()
    shown = asked(tmp_path / "data", "sessions").splitlines()
    assert all(f"user-of-s-{rest}" in "".join(shown) for rest in ("2", "x" * 5_000))
    assert all("gpt-5-mini" in line and "last call" not in line for line in shown[1:3])
    assert "…" not in "".join(shown)


def test_a_terminal_without_unicode_gets_ascii(stored: Path) -> None:
    shown = asked(stored, "session", SESSION, PYTHONIOENCODING="ascii")
    assert shown.isascii()
    assert "`- classify" in shown


@pytest.mark.parametrize("command", ["sessions", "usage", "models", "cost --since 2020-01-01"])
def test_a_sum_that_lacks_calls_is_marked_and_the_mark_explained(
    served: RunningServer, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = told(capsys, *command.split(), "--url", served.url)
    assert re.search(r"\$0\.\d+\+|(gpt-5-mini|house).* -  ", shown)
    assert "no cost is known of 1 call: costs marked + are at least that" in shown


def test_what_is_beyond_the_last_row_is_not_said_to_be_nowhere(
    served: RunningServer, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("sessions", "usage", "models", "warnings"):
        assert "beyond the first 50" in told(capsys, command, "--offset", "50", "--url", served.url)


def test_the_rest_of_a_series_is_what_was_before(served: RunningServer, capsys: pytest.CaptureFixture[str]) -> None:
    shown = told(capsys, "usage", "--by", "hour,model", "--limit", "1", "--url", served.url)
    assert "the latest 1; --limit N shows more, --offset 1 those before" in shown
    assert "the first 1;" in told(capsys, "usage", "--limit", "1", "--url", served.url)


def test_the_price_table_has_no_column_of_what_was_used(capsys: pytest.CaptureFixture[str]) -> None:
    head = told(capsys, "prices", "gpt-5-mini").splitlines()[0]
    assert head.split()[:3] == ["provider", "model", "context"]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_gives_json(
    served: RunningServer, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    by_folder = json.loads(told(capsys, *command, "--json", "--data", str(served.folder)))
    assert json.loads(told(capsys, *command, "--json", "--url", served.url)) == by_folder
    assert by_folder


@pytest.mark.parametrize("command", [("session", SESSION), ("cost", "--since", "2020-01-01")], ids=" ".join)
def test_a_folder_at_rest_gives_what_its_server_gives(
    stored: Path, served: RunningServer, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    at_rest = json.loads(asked(stored, *command, "--json"))
    assert json.loads(told(capsys, *command, "--json", "--url", served.url)) == at_rest


def test_sums_are_those_of_the_calls(served: RunningServer, capsys: pytest.CaptureFixture[str]) -> None:
    where = ("--json", "--url", served.url)
    found: dict[str, Any] = json.loads(told(capsys, "session", SESSION, *where))
    assert found["session"]["input_tokens"] == sum(call["input_tokens"] or 0 for call in found["calls"]) == 9900
    by_step = json.loads(told(capsys, "usage", "--by", "step", "--session", SESSION, *where))["usage"]
    assert sum(row["input_tokens"] or 0 for row in by_step) == 9900


def test_csv_is_read_back(served: RunningServer, capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(told(capsys, "sessions", "--csv", "--url", served.url))))
    assert [row["session_id"] for row in rows] == [SESSION, ""]
    assert json.loads(rows[0]["models"]) == ["gpt-5-mini", "house/model-of-our-own-2026-11-24"]


def test_csv_of_a_session_is_its_calls(served: RunningServer, capsys: pytest.CaptureFixture[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(told(capsys, "session", SESSION, "--csv", "--url", served.url))))
    assert sum(int(row["input_tokens"] or 0) for row in rows) == 9900
    assert [row["error_type"] for row in rows if row["error_type"]] == ["RateLimitError"]


def test_filters_narrow(served: RunningServer, capsys: pytest.CaptureFixture[str]) -> None:
    def shown(*arguments: str) -> str:
        return told(capsys, *arguments, "--url", served.url)

    assert "no sessions for user nobody" in shown("sessions", "--user", "nobody")
    assert json.loads(shown("sessions", "--user", "nobody", "--json")) == {"sessions": [], "next": None}
    assert "no warnings for severity critical" in shown("warnings", "--severity", "critical")
    assert "by a running server" in shown("warnings", "--severity", "critical"), "whence they would come"
    assert "u-7" in shown("usage", "--by", "user", "--since", "1h")
    assert "no usage until 2020-01-02" in shown("usage", "--end", "2020-01-01")


@pytest.mark.parametrize(
    "command",
    [("session", SESSION, "--json"), ("sessions",), ("top", "--once"), ("export", "calls"), ("warnings", "--csv")],
    ids=" ".join,
)
def test_a_reader_that_closes_early_is_no_error(served: RunningServer, command: tuple[str, ...]) -> None:
    started = [sys.executable, "-m", "submeter", *command, "--url", served.url]
    with subprocess.Popen(started, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here is always full")
@pytest.mark.parametrize("command", [("sessions",), ("sessions", "--json"), ("export", "calls")], ids=" ".join)
def test_a_full_disk_behind_the_output_is_told_in_one_line(served: RunningServer, command: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "submeter", *command, "--url", served.url],
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("submeter: ")
    assert done.stderr.count("\n") == 1
    assert "space" in done.stderr
