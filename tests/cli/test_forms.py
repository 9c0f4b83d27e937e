"""`--json` and `--csv` of every command: either both are there and tell the same, or what to use instead is said."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.cli.conversation import SESSION, conversation
from tests.server.running import RunningServer, eventually, submeter_command
from tests.server.telemetry import attributes_of

from submeter.cli import commands, main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from opentelemetry.proto.trace.v1.trace_pb2 import Span

LIMIT = b'{"per": "user", "measure": "tokens", "limit": 1000000, "every": "day"}'
ROWS = {
    ("sessions",): "sessions",
    ("session", SESSION): "calls",
    ("usage", "--by", "model"): "usage",
    ("usage", "--by", "user,day"): "usage",
    ("warnings",): "warnings",
    ("summary",): "days",
    ("cost", "--since", "7d"): "recommendations",
    ("evaluations",): "evaluations",
    ("models",): "models",
    ("limits",): "limits",
}
"""Commands that answer with rows, and where in the JSON these are."""

OWN_ROWS = (
    ("forecast",),
    ("prices", "gpt-5-mini"),
    ("prices", "recompute", "--dry-run"),
    ("retention",),
    ("purge", "--user", "nobody", "--dry-run"),
)
"""Commands whose CSV is another form of their JSON."""

REFUSED = {
    ("doctor", "--csv"): "use --json",
    ("top", "--csv"): "submeter usage --csv",
    ("rules", "check", "--csv"): "use --json",
    ("rules", "test", "--csv"): "use --json",
    ("rules", "explain", "x", "--csv"): "use --json",
    ("export", "--json"): "--format jsonl",
    ("export", "--csv"): "--format",
}
ROWLESS = (
    ("up",),
    ("evaluate",),
    ("backup", "file"),
    ("restore", "file"),
    ("schema",),
    ("demo",),
    ("token", "name"),
    ("completion", "bash"),
    ("dashboards", "export"),
)
EMPTY = (
    ("sessions", "--user", "nobody"),
    ("usage", "--user", "nobody"),
    ("warnings", "--user", "nobody"),
    ("evaluations", "--name", "none"),
    ("models", "--end", "2020-01-01"),
    ("cost", "--user", "nobody"),
    ("prices", "no such model"),
    ("forecast", "--user", "nobody"),
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with a stored conversation whose calls are scored, a warning, and a limit."""
    request = conversation()
    for span in request.resource_spans[0].scope_spans[0].spans:
        _score(span)
    with RunningServer(tmp_path_factory.mktemp("forms") / "data") as server:
        assert server.send("traces", request).status == 200
        put = server.request("/api/v1/limits/daily", LIMIT, {"Content-Type": "application/json"}, method="PUT")
        assert put.status == 200
        eventually(lambda: server.ask("warnings")["warnings"], "the warning")
        yield server


def _score(span: Span) -> None:
    event = span.events.add(name="gen_ai.evaluation.result", time_unix_nano=span.end_time_unix_nano)
    event.attributes.extend(attributes_of({"gen_ai.evaluation.name": "quality", "gen_ai.evaluation.score.value": 0.5}))


@pytest.fixture
def told(served: RunningServer, capsys: pytest.CaptureFixture[str]) -> Any:
    """What a command of the served store prints."""

    def tell(*arguments: str) -> str:
        assert main([*arguments, "--url", served.url]) == 0
        shown = capsys.readouterr()
        assert shown.err == ""
        return shown.out

    return tell


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def cell(value: object) -> str:
    """A value of JSON as a cell of CSV has it."""
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)


def test_every_command_is_tried_here() -> None:
    tried = {command[0] for command in (*ROWS, *OWN_ROWS, *REFUSED, *ROWLESS)}
    assert tried == commands().keys() - {"run"}


@pytest.mark.parametrize(("command", "rows"), ROWS.items(), ids=" ".join)
def test_the_rows_of_csv_are_those_of_json(told: Any, command: tuple[str, ...], rows: str) -> None:
    by_json: list[dict[str, object]] = json.loads(told(*command, "--json"))[rows]
    by_csv = read(told(*command, "--csv"))
    assert len(by_csv) == len(by_json) > 0
    for line, row in zip(by_csv, by_json, strict=True):
        assert {name: line[name] for name in row.keys() & line.keys()} == {
            name: cell(row[name]) for name in row.keys() & line.keys()
        }
        assert row.keys() - line.keys() <= {"prices"}


@pytest.mark.parametrize("command", OWN_ROWS, ids=" ".join)
def test_both_forms_are_read_back(told: Any, command: tuple[str, ...]) -> None:
    assert json.loads(told(*command, "--json"))
    by_csv = told(*command, "--csv")
    assert by_csv.splitlines()[0].replace("_", "").replace(",", "").isalnum()
    if command[0] != "forecast":
        assert read(by_csv)


@pytest.mark.parametrize("command", EMPTY, ids=" ".join)
def test_without_rows_csv_still_has_its_heading(
    served: RunningServer, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    assert main([*command, "--csv", "--url", served.url]) == 0
    found = capsys.readouterr().out
    assert found.count("\n") == 1
    assert main([*_full(command), "--csv", "--url", served.url]) == 0
    if command[0] != "forecast":
        assert capsys.readouterr().out.startswith(found)


def _full(command: tuple[str, ...]) -> tuple[str, ...]:
    """The same command with rows."""
    others = {"cost": ("cost", "--since", "7d"), "prices": ("prices", "gpt-5-mini")}
    return others.get(command[0], command[:1])


@pytest.mark.parametrize(("command", "instead"), REFUSED.items(), ids=" ".join)
def test_a_form_that_is_not_there_is_refused_with_what_to_use(
    capsys: pytest.CaptureFixture[str], command: tuple[str, ...], instead: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(command)
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"has no {command[-1]}: " in said
    assert instead in said


@pytest.mark.parametrize("form", ["--json", "--csv"])
@pytest.mark.parametrize("command", ROWLESS, ids=" ".join)
def test_what_answers_without_rows_says_so(
    capsys: pytest.CaptureFixture[str], command: tuple[str, ...], form: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([*command, form])
    assert f"no table of rows, so it has no {form}; see `submeter {command[0]} --help`" in capsys.readouterr().err


def test_a_report_and_the_checked_rules_are_json(tmp_path: Path) -> None:
    assert json.loads(submeter_command("doctor", "--json").stdout)["sdks"]
    assert json.loads(submeter_command("rules", "check", "--json").stdout)["rules"]
    file = tmp_path / "none.yaml"
    assert "none.yaml" in submeter_command("rules", "check", str(file), "--json").stderr
