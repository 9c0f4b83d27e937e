"""`submeter rules`: check a rules file, run its tests, say what is in force, explain a warning, export."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Final

from submeter import settings
from submeter.cli import output, source
from submeter.cli.failure import CommandError, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from submeter.evaluator.rules import Rule

_FAILED: Final = 1
_MOST: Final = "10000"
_NO_CSV: Final = "what it says is text; use --json"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter rules`."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)
    for name, line in (
        ("check", "check a rules file and say what each rule does"),
        ("test", "run the tests that a rules file holds"),
    ):
        action = actions.add_parser(name, help=line, description=line)
        action.add_argument("file", nargs="?", default="", help="rules file (default: SUBMETER_RULES)")
        output.add_options(action, instead_of_csv=_NO_CSV)
    line = "say why a warning came: its rule, its window and its sums"
    explain = actions.add_parser("explain", help=line, description=line)
    explain.add_argument("event", help="id of a warning, or its beginning, as `submeter warnings --json` gives it")
    explain.add_argument("--file", default="", help="rules file (default: SUBMETER_RULES)")
    output.add_options(explain, instead_of_csv=_NO_CSV)
    source.add_options(explain)
    line = "write rules for Prometheus, of those limits that it can count exactly"
    export = actions.add_parser("export", help=line, description=line)
    export.add_argument("file", nargs="?", default="", help="rules file (default: SUBMETER_RULES)")
    export.add_argument("--prometheus", action="store_true", required=True, help="as a rule file of Prometheus")
    line = "print the JSON schema of rules files, for editors"
    actions.add_parser("schema", help=line, description=line)


def run(arguments: argparse.Namespace) -> int:
    """Runs the chosen action."""
    from submeter.evaluator.rulefile import RuleFileError  # noqa: PLC0415  (YAML is loaded for this command only)

    try:
        return _ACTIONS[arguments.action](arguments)
    except (RuleFileError, settings.SettingError) as error:
        raise CommandError(str(error)) from error


def _check(arguments: argparse.Namespace) -> int:
    from submeter.evaluator.explanation import explained  # noqa: PLC0415  (as above)

    said = explained(_rules(arguments.file))
    lines = [f"{name}: {text}" for name, text in said]
    _write(arguments, {"rules": [{"name": name, "explanation": text} for name, text in said]}, lines)
    return 0


def _test(arguments: argparse.Namespace) -> int:
    from submeter.evaluator.rulefile import parsed, rules_of, text_of  # noqa: PLC0415  (as above)
    from submeter.evaluator.trial import tried  # noqa: PLC0415  (as above)

    path = _named(arguments.file)
    text = text_of(path)
    cases = parsed(text, name=path).tests
    if not cases:
        raise CommandError(f"{path} holds no tests", "add some under `tests:`, as docs/warnings.md shows")
    outcomes = tried(rules_of(text, name=path), cases)
    lines: list[str] = []
    for outcome in outcomes:
        lines.append(f"{'ok' if outcome.is_passed else 'FAILED'}  {outcome.name}")
        lines += [f"    did not come: {text}" for text in outcome.missing]
        lines += [f"    not expected: {text}" for text in outcome.unexpected]
    answer = [
        {"name": one.name, "passed": one.is_passed, "missing": one.missing, "unexpected": one.unexpected}
        for one in outcomes
    ]
    _write(arguments, {"tests": answer}, lines)
    return 0 if all(outcome.is_passed for outcome in outcomes) else _FAILED


def _explain(arguments: argparse.Namespace) -> int:
    from submeter.evaluator.explanation import explained  # noqa: PLC0415  (as above)

    rows: list[dict[str, Any]] = source.answered(arguments, "warnings", {"limit": _MOST})["warnings"]
    found = [row for row in rows if str(row["warning_id"]).startswith(arguments.event)]
    if not found:
        raise CommandError(f"no warning {arguments.event!r}", "`submeter warnings --json` lists their ids")
    if len({row["warning_id"] for row in found}) > 1:
        raise CommandError(f"{len(found)} warnings begin with {arguments.event!r}", "give more of the id")
    row = found[0]
    name = str(row["rule"]).removesuffix(".forecast")
    rule = dict(explained(_rules(arguments.file))).get(name, "no rule of this name is in force here")
    share = f"{row['percentage']:g} %; threshold {row['threshold']:g} %"
    lines = [
        str(row["message"]),
        f"  rule       {row['rule']}: {rule}",
        f"  subject    {row['subject_kind']} {row['subject']}",
        f"  window     {row['window']}",
        f"  sums       {row['current']:,.10g} of {row['limit']:,.10g} {row['unit']}, {share}",
        f"  said       {row['ts']}, once for this rule, subject, window and threshold (id {row['warning_id']})",
        f"  call       trace {row['trace_id'] or 'none: metrics tell no single call'}",
        f"  next step  {row['action']}",
    ]
    _write(arguments, {**row, "explanation": rule}, lines)
    return 0


def _export(arguments: argparse.Namespace) -> int:
    import yaml  # noqa: PLC0415  (as above)

    from submeter.evaluator.prometheus import exported  # noqa: PLC0415  (as above)

    found = exported(_rules(arguments.file))
    for name, reason in found.left_out:
        sys.stderr.write(f"submeter: rule {name} is left out: {reason}\n")
    sys.stdout.write(yaml.safe_dump(found.groups, sort_keys=False, width=1_000))
    return 0


def _schema(_: argparse.Namespace) -> int:
    from submeter.evaluator.rulefile import schema  # noqa: PLC0415  (as above)

    sys.stdout.write(json.dumps(schema(), indent=2) + "\n")
    return 0


def _rules(file: str) -> Sequence[Rule]:
    from submeter.evaluator.rulefile import configured_rules, read_rules  # noqa: PLC0415  (as above)

    return read_rules(file) if file else configured_rules()


def _named(file: str) -> str:
    path = file or settings.rules_file()
    if not path:
        raise UsageError("no rules file is named", "give one, or set SUBMETER_RULES to it")
    return path


def _write(arguments: argparse.Namespace, answer: dict[str, Any], lines: Sequence[str]) -> None:
    if arguments.json:
        sys.stdout.write(json.dumps(answer, indent=2) + "\n")
    else:
        sys.stdout.write("".join(f"{line}\n" for line in lines))


_ACTIONS: Final = {"check": _check, "test": _test, "explain": _explain, "export": _export, "schema": _schema}
