"""Every way a command cannot do what it was asked: one line on stderr, the right exit code, the next step."""

from __future__ import annotations

import http.server
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import pytest
from tests.server.running import RunningServer, environment, submeter_command

from submeter.cli import commands, main, opening, source, suggestion
from submeter.cli.completion import options_of
from submeter.server import presence
from submeter.server.api.suggestion import NAMES

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path


def refused(code: int, *arguments: str, **variables: str) -> str:
    """The one line with which a command gives up."""
    done = submeter_command(*arguments, **variables)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("submeter: ")
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


@contextmanager
def held_for(seconds: float, folder: Path) -> Generator[None]:
    """Another process has the store open, from here on, for so long."""
    holding = "import sys, time; from submeter.store import open_store; held = open_store(sys.argv[1]); print()"
    command = [sys.executable, "-uc", f"{holding}; time.sleep({seconds})", f"chdb://{folder}"]
    with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        yield


@pytest.mark.parametrize("command", [("sessions",), ("session", "x"), ("usage",), ("warnings",), ("summary", "--json")])
def test_a_folder_without_data_names_the_next_step(tmp_path: Path, command: tuple[str, ...]) -> None:
    line = refused(1, *command, "--data", str(tmp_path / "none"))
    assert "submeter up" in line
    assert "SUBMETER=1" in line
    assert not (tmp_path / "none").exists()


def test_a_file_is_told_from_a_folder_without_data(tmp_path: Path) -> None:
    (tmp_path / "backup.tar").touch()
    assert "is a file; name a data folder" in refused(1, "usage", "--data", str(tmp_path / "backup.tar"))


def test_a_place_that_the_system_refuses_is_an_error_of_one_line(stored: Path, tmp_path: Path) -> None:
    """As a folder that somebody else may read does, but for root."""
    beyond = str(tmp_path / ("x" * 300))
    for command in (("usage", "--data", beyond), ("export", "calls", "-o", beyond, "--data", str(stored))):
        line = refused(1, *command)
        assert "cannot be used: File name too long; name another place" in line
        assert len(line) < 400
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert "loop" in refused(1, "restore", str(tmp_path / "loop"), "--data", beyond)


@pytest.mark.parametrize(("closed", "code"), [(">&-", 0), ("2>&-", 0), ("<&- 2>&-", 0), (">&- 2>&-", 0)])
def test_a_stream_that_the_shell_closed_is_no_failure(stored: Path, closed: str, code: int) -> None:
    command = [sys.executable, "-m", "submeter", "usage", "--data", str(stored)]
    line = ["sh", "-c", f'"$@" {closed}', "sh", *command]
    done = subprocess.run(line, env=environment(), capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (code, "")


def test_the_default_folder_is_named(tmp_path: Path) -> None:
    assert str(tmp_path) in refused(1, "sessions", SUBMETER_DATA=str(tmp_path))


@pytest.mark.parametrize("command", ["sessions", "usage", "warnings", "summary"])
def test_a_store_without_calls_names_the_next_step(tmp_path: Path, command: str) -> None:
    with RunningServer(tmp_path / "data"):
        assert "SUBMETER=1" in refused(1, command, "--data", str(tmp_path / "data"))
    assert "SUBMETER=1" in refused(1, command, "--json", "--data", str(tmp_path / "data"))


def test_an_unknown_session_names_similar_ones(stored: Path, changed: Path) -> None:
    assert submeter_command("demo", "--days", "1", "--data", str(changed)).returncode == 0
    assert "the most similar are s-42, " in refused(1, "session", "s-43", "--data", str(changed))
    with RunningServer(stored):
        assert "s-42" in refused(1, "session", "s-43", "--data", str(stored))


@pytest.mark.parametrize("url", ["http://[", "ftp://x", "x", "http://"])
def test_what_is_no_address_is_told(url: str) -> None:
    assert "http" in refused(2, "sessions", "--url", url)


def test_a_token_that_no_header_takes_is_not_shown() -> None:
    line = refused(1, "sessions", "--url", "http://127.0.0.1:1", SUBMETER_TOKEN="secret\nword")
    assert ("SUBMETER_TOKEN" in line, "secret" in line) == (True, False)


def test_a_token_that_is_wrong_is_told_from_one_that_is_missing(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", variables={"SUBMETER_TOKEN": "right"}) as server:
        assert "set SUBMETER_TOKEN to it" in refused(1, "sessions", "--url", server.url)
        assert "does not know the token" in refused(1, "sessions", "--url", server.url, SUBMETER_TOKEN="wrong")


def test_what_is_no_http_server_is_told_from_one_that_broke_off() -> None:
    """As the port of OTLP/gRPC is, which answers in frames of HTTP/2."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        answering = threading.Thread(target=_answer_in_frames, args=[listener])
        answering.start()
        line = refused(1, "sessions", "--url", f"http://127.0.0.1:{port}")
        answering.join()
    assert "speaks no HTTP" in line
    assert "4318" in line


def _answer_in_frames(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"\x00\x00\x18\x04\x00\x00\x00\x00\x00" * 4)


def test_a_server_that_was_just_starting_is_asked(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not found at first, and holds the folder when the command opens it."""
    with RunningServer(stored):
        looks = iter([None])
        real = presence.found

        def seen(folder: Path) -> presence.Presence | None:
            return next(looks, real(folder))

        monkeypatch.setattr(source, "found", seen)
        assert main(["usage", "--json", "--data", str(stored)]) == 0


def test_made_up_calls_go_to_a_server_that_was_just_starting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with RunningServer(tmp_path / "data") as server:
        looks = iter([None])
        real = presence.found

        def seen(folder: Path) -> presence.Presence | None:
            return next(looks, real(folder))

        monkeypatch.setattr(source, "found", seen)
        assert main(["demo", "--days", "1", "--data", str(tmp_path / "data")]) == 0
        calls = int(capsys.readouterr().out.split()[0].replace(",", ""))
        assert server.ask("summary")["totals"]["calls"] == calls > 0


def test_made_up_calls_that_nothing_takes_are_an_error_of_one_line(
    tmp_path: Path, stored: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert "cannot use" in refused(1, "demo", "--data", str(tmp_path / "file"))
    assert "question mark" in refused(1, "demo", "--data", str(tmp_path / "o?d"))
    monkeypatch.setattr(opening, "_PATIENCE_S", 0.0)
    with held_for(5, stored):
        assert main(["demo", "--data", str(stored)]) == 1
        assert "in use" in capsys.readouterr().err


def test_help_is_no_command_and_helps_all_the_same() -> None:
    for arguments, word in ((["help"], "start here"), (["help", "usage"], "--by")):
        done = submeter_command(*arguments)
        assert (done.returncode, word in done.stdout) == (0, True), arguments


def test_a_store_that_is_none_is_not_written_into_dashboards(tmp_path: Path) -> None:
    line = refused(2, "dashboards", "export", str(tmp_path / "g"), "--store", "db.example")
    assert "clickhouse://" in line
    assert list(tmp_path.iterdir()) == []


def test_another_command_on_the_folder_is_waited_for(stored: Path) -> None:
    with held_for(4, stored):
        done = submeter_command("usage", "--data", str(stored))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_refusal_neither_speaks_to_the_terminal_nor_fills_it(stored: Path) -> None:
    line = refused(1, "session", "s-\x1b[31m\x9b" + "y" * 2_000, "--data", str(stored))
    assert ("\x1b" in line, "\x9b" in line) == (False, False)
    assert len(line) < 1_000


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("fly",), "sessions, session"),
        (("sesions",), "did you mean `submeter sessions`?"),
        (("stats",), "did you mean `submeter usage`?"),
        (("session-list",), "did you mean `submeter sessions`?"),
        (("costs",), "did you mean `submeter cost`?"),
        (("--data", "x", "sessions"), "`submeter sessions --data ...`"),
        (("--json",), "`submeter COMMAND --json ...`"),
        (("usage", "--usr", "u-7"), "did you mean --user?"),
        (("usage", "--wat=3"), "'--wat=3'; see"),
        (("usage", "--until", "2026-11-26"), "did you mean --end?"),
        (("usage", "--from=today"), "did you mean --since?"),
        (("usage", "--group_by", "user"), "did you mean --by?"),
        (("usage", "-n", "5"), "did you mean --limit?"),
        (("cost", "--max", "5"), "did you mean --most?"),
        (("usage", "--app", "shop"), "did you mean --service?"),
        (("usage", "--month"), "did you mean --since month?"),
        (("usage", "yesterday"), "did you mean --since yesterday?"),
        (("usage", "user,tag:team"), "did you mean --by user,tag:team?"),
        (("usage", "colour"), "'colour'; see"),
        (("sessions", "s-42"), "did you mean `submeter session s-42`?"),
        (("rules", "check", "--cluster"), "'--cluster'; see"),
        (("rules", "test", "--data"), "nothing takes '--data'; see"),
        (("usage", "--by", "user,user"), "two that differ"),
        (("sessions", "--user", ""), "empty"),
        (("token", "ada", "--service", ""), "empty"),
        (("sessions", "--user", "-x"), "begins with a dash stands behind `=`"),
        (("sessions", "--wings"), "--wings"),
        (("sessions", "--order", "size"), "recent"),
        (("sessions", "--since", "soon"), "2h"),
        (("usage", "--start", "2026-02-30"), "2026-05-31"),
        (("usage", "--by", "colour"), "tag:NAME"),
        (("warnings", "--severity", "bad"), "critical"),
        (("session",), "ID"),
        (("session", "x", "--limit", "few"), "few"),
        (("sessions", "--limit", "0"), "from 1 on"),
        (("cost", "--most", "-3"), "from 0 on"),
        (("demo", "--days", "100000", "--data", "x"), "at most 3,660"),
        (("sessions", "--json", "--csv"), "--csv"),
        (("sessions", "--url", "http://x", "--data", "y"), "--url"),
        (("up", "--data", "x", "--store", "y"), "--store"),
        (("up", "--max-rate", "0"), "--max-rate"),
        (("up", "--max-body", "3000000000"), "at most 2,147,483,647"),
        (("top", "--last", "soon"), "2h"),
    ],
)
def test_a_command_that_is_not_understood_is_a_usage_error(arguments: tuple[str, ...], word: str) -> None:
    line = refused(2, *arguments)
    assert word in line
    assert "--help" in line


UNUSABLE = (
    ("sessions", ("--limit", "10001"), "10000"),
    ("usage", ("--tag", "red"), "NAME=VALUE"),
    ("usage", ("--zone", "Mars"), "Europe"),
    ("purge", ("--user", "u" * 20_000), "at most"),
)


@pytest.mark.parametrize("is_served", [False, True], ids=["folder", "server"])
def test_what_only_the_store_can_judge_is_a_usage_error_too(stored: Path, is_served: bool) -> None:
    with RunningServer(stored) if is_served else nullcontext():
        for command, options, word in UNUSABLE:
            assert word in refused(2, command, *options, "--data", str(stored))


def test_what_commands_judge_by_themselves_is_a_usage_error_too(stored: Path) -> None:
    data = ("--data", str(stored))
    assert "recompute" in refused(2, "prices", "gpt-5", "--dry-run", *data)
    assert "--user" in refused(2, "purge", *data)
    assert "KIND=DAYS" in refused(2, "retention", "calls", *data)
    assert "calls=0" in refused(2, "retention", "calls=99999999", *data)
    assert "--role reader" in refused(2, "token", "ada", "--role", "admin", "--service", "shop")
    assert "SUBMETER_RULES" in refused(2, "rules", "test")
    assert "cluster" in refused(2, "schema", "--cluster", "a'b")


@pytest.fixture(params=[("text/html", b"<html>"), ("application/json", b"{}"), ("application/json", b"[1]")])
def stranger(request: pytest.FixtureRequest) -> Iterator[str]:
    """A web server that is not submeter, which has an answer to everything but `sessions`."""
    media, body = request.param

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(502 if "sessions" in self.path else 200)
            self.send_header("Content-Type", media)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT = do_GET  # noqa: N815  (its own names)

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002  (its own name)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


STRANGELY_ANSWERED = (
    ("summary",),
    ("usage",),
    ("cost", "--json"),
    ("models", "--csv"),
    ("limits",),
    ("top", "--once"),
    ("retention",),
    ("export", "calls"),
    ("purge", "--user", "x", "--yes"),
    ("prices", "recompute"),
    ("demo", "--days", "1"),
)


def test_other_words_are_for_commands_and_options_that_there_are() -> None:
    """A row whose words were renamed would never be told."""
    known = {option for parser, _ in commands().values() for option in options_of(parser)}
    for names, words in NAMES:
        assert {f"--{name}" for name in names} <= known, names
        assert words.split(), names
    assert {name for name, _ in suggestion.COMMANDS} <= {*commands(), "--version"}


def test_an_address_where_nothing_answers() -> None:
    assert "submeter up" in refused(1, "sessions", "--url", "http://127.0.0.1:1")
    assert "http://127.0.0.1:4318" in refused(2, "sessions", "--url", "ftp://x")


def test_an_address_where_something_else_answers(
    stranger: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sessions", "--url", stranger]) == 1
    assert "is it a submeter server" in capsys.readouterr().err
    for command in STRANGELY_ANSWERED:
        assert main([*command, "--url", stranger]) == 1
        said = capsys.readouterr()
        assert said.out == "", command
        assert "no submeter server answers" in said.err, command
    assert main(["backup", str(tmp_path / "b.tar"), "--url", stranger]) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_wants_its_token(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data", variables={"SUBMETER_TOKEN": "s3cret"}) as server:
        assert "SUBMETER_TOKEN" in refused(1, "sessions", "--url", server.url)
        assert "SUBMETER_TOKEN" in refused(1, "sessions", "--data", str(tmp_path / "data"), SUBMETER_TOKEN="wrong")
        assert "SUBMETER=1" in refused(1, "sessions", "--url", server.url, SUBMETER_TOKEN="s3cret")


def test_a_crashed_servers_folder_is_opened(tmp_path: Path, stored: Path) -> None:
    (stored / "server.json").write_text('{"pid": 4194305, "url": "http://127.0.0.1:1"}')
    assert submeter_command("sessions", "--data", str(stored)).returncode == 0
    (stored / "server.json").write_text("{damaged")
    assert submeter_command("sessions", "--data", str(stored)).returncode == 0
    (stored / "server.json").unlink()


def test_a_dead_servers_number_may_be_another_programs(stored: Path) -> None:
    (stored / "server.json").write_text('{"pid": 1, "url": "http://127.0.0.1:1"}')
    done = submeter_command("sessions", "--data", str(stored))
    (stored / "server.json").unlink()
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("purge", "--user", "nobody", "--dry-run"),
        ("retention",),
        ("prices", "recompute", "--dry-run"),
        ("export", "calls"),
        ("demo", "--days", "1"),
    ],
)
def test_nor_is_it_in_the_way_of_what_changes_or_copies(changed: Path, command: tuple[str, ...]) -> None:
    (changed / "server.json").write_text('{"pid": 1, "url": "http://127.0.0.1:1"}')
    done = submeter_command(*command, "--data", str(changed))
    (changed / "server.json").unlink()
    assert done.returncode == 0, done.stderr


def test_without_a_command_help_is_printed() -> None:
    done = submeter_command()
    assert done.returncode == 2
    assert "exit codes" in done.stdout
    assert submeter_command("--help").returncode == submeter_command("sessions", "--help").returncode == 0
