"""The rules file: YAML, checked as a whole before any rule of it is put in force.

Every error names the file, the line and what would be right. The three rules on conversations hold unless the
file changes them or turns them off with `false`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

from pydantic import Field, ValidationError

from submeter import settings
from submeter.evaluator.places import Document
from submeter.evaluator.rulemodels import (
    Anomaly,
    Context,
    Conversation,
    Limit,
    Model,
    PerCall,
    Switch,
    Truncation,
    Zone,
)
from submeter.evaluator.shortcuts import rules_from_settings
from submeter.evaluator.sinkmodels import Described  # noqa: TC001  (pydantic reads it)
from submeter.evaluator.trialmodels import TrialCase  # noqa: TC001  (pydantic reads it)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from submeter.evaluator.rules import Rule

LARGEST_FILE = 10_000_000
"""Bytes; a limit for every one of 100,000 users fits in."""


class RuleFileError(ValueError):
    """A rules file cannot be used; the message lists every problem, one a line."""


class RuleFile(Model):
    """A rules file of submeter."""

    version: Literal[1] = 1
    time_zone: Zone = "UTC"
    context_window: Annotated[Context | None, Switch] = Field(default_factory=Context)
    conversation_too_long: Annotated[Conversation | None, Switch] = Field(default_factory=Conversation)
    context_truncated: Annotated[Truncation | None, Switch] = Field(default_factory=Truncation)
    calls: tuple[PerCall, ...] = ()
    limits: tuple[Limit, ...] = ()
    anomalies: tuple[Anomaly, ...] = ()
    sinks: tuple[Described, ...] = ()
    tests: tuple[TrialCase, ...] = ()


class Contents(NamedTuple):
    """What a rules file puts in force: its rules, and where their warnings go."""

    rules: tuple[Rule, ...]
    sinks: tuple[Described, ...] = ()


def read_contents(path: str | Path) -> Contents:
    """The rules and sinks of the file.

    Raises:
        RuleFileError: the file cannot be read or used.
    """
    text, name = text_of(path), str(path)
    return Contents(rules_of(text, name=name), parsed(text, name=name).sinks)


def read_rules(path: str | Path) -> tuple[Rule, ...]:
    """The rules of the file.

    Raises:
        RuleFileError: the file cannot be read or used.
    """
    return read_contents(path).rules


def text_of(path: str | Path) -> str:
    """The file's text.

    Raises:
        RuleFileError: there is no such file, it cannot be read, is too large or not UTF-8.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise RuleFileError(
            f"{path}: cannot be read: {error.strerror or error}; name a rules file, or set SUBMETER_RULES to one"
        ) from None
    if len(content) > LARGEST_FILE:
        raise RuleFileError(f"{path}: larger than {LARGEST_FILE:,} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RuleFileError(f"{path}: not UTF-8 text") from None


def parsed(text: str, *, name: str = "rules") -> RuleFile:
    """The file's content, checked but for what only the rules themselves know.

    Raises:
        RuleFileError: it cannot be used.
    """
    return _checked(text, name)[0]


def rules_of(text: str, *, name: str = "rules") -> tuple[Rule, ...]:
    """The rules that `text` describes; `name` is the file's, for messages.

    Raises:
        RuleFileError: it cannot be used.
    """
    file, document = _checked(text, name)
    makers: list[tuple[tuple[str | int, ...], Callable[[], Rule]]] = []
    makers += [
        ((section,), described.rule)
        for section, described in (
            ("context_window", file.context_window),
            ("conversation_too_long", file.conversation_too_long),
            ("context_truncated", file.context_truncated),
        )
        if described is not None
    ]
    zone = file.time_zone
    makers += [(("calls", number), each.rule) for number, each in enumerate(file.calls)]
    for section, entries in (("limits", file.limits), ("anomalies", file.anomalies)):
        makers += [((section, number), _with(each, zone)) for number, each in enumerate(entries)]
    rules: list[Rule] = []
    problems: list[str] = []
    for path, make in makers:
        try:
            rule = make()
        except ValueError as error:
            whose = "" if str(error).startswith("rule ") else f"rule {document.content[path[0]][path[1]]['name']!r}: "
            problems.append(f"{name}, line {document.line(path)}: {whose}{error}")
            continue
        if any(rule.name == other.name for other in rules):
            problems.append(f"{name}, line {document.line(path)}: a rule named {rule.name!r} is there already")
        rules.append(rule)
    problems += _twice(file.sinks, document, name)
    if problems:
        raise RuleFileError("\n".join(problems))
    return tuple(rules)


def configured_rules() -> tuple[Rule, ...]:
    """The rules of the file that `SUBMETER_RULES` names, and those of the other variables that it does not name.

    Raises:
        RuleFileError: the file cannot be used.
        SettingError: a variable cannot be used.
    """
    path = settings.rules_file()
    return beside_settings(read_rules(path)) if path else rules_from_settings()


def beside_settings(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """A file's rules, and those of the variables whose names the file has not.

    Raises:
        SettingError: a variable cannot be used.
    """
    usual = {section for section in RuleFile.model_fields if section not in {"version", "time_zone"}}
    names = {rule.name for rule in rules} | usual
    return (*rules, *(rule for rule in rules_from_settings() if rule.name not in names))


def schema() -> dict[str, Any]:
    """The JSON schema of a rules file, for editors that complete and check."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **RuleFile.model_json_schema()}


def _twice(sinks: Sequence[Described], document: Document, name: str) -> list[str]:
    """A line for every sink whose name another has already."""
    names = [sink.name for sink in sinks]
    return [
        f"{name}, line {document.line(('sinks', number))}: a sink named {each!r} is there already"
        for number, each in enumerate(names)
        if each in names[:number]
    ]


def _with(described: Limit | Anomaly, zone: str) -> Callable[[], Rule]:
    return lambda: described.rule(zone)


def _checked(text: str, name: str) -> tuple[RuleFile, Document]:
    try:
        document = Document(text)
    except ValueError as error:
        raise RuleFileError(f"{name}, {error}") from None
    if not document.is_mapping:
        raise RuleFileError(f"{name}: a rules file is a mapping with keys such as `limits:`")
    try:
        return RuleFile.model_validate(document.content), document
    except ValidationError as error:
        problems = {
            f"{name}, line {document.line(_path(problem['loc']))}: {_spoken(problem['loc'])}: "
            + _WORDS.get(problem["type"], problem["msg"].removeprefix("Value error, "))
            for problem in error.errors(include_url=False)
        }
        raise RuleFileError("\n".join(sorted(problems, key=_by_line))) from None


_WORDS = {"extra_forbidden": "there is no such key: `submeter rules schema` prints all"}
"""What people are told where pydantic's words are for programmers."""


def _path(loc: Sequence[str | int]) -> list[str | int]:
    """The steps of a location that are in the file: pydantic also names the step into a mapping's key."""
    return [step for step in loc if step != "[key]"]


def _spoken(loc: Sequence[str | int]) -> str:
    text = ""
    for step in _path(loc):
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text or "file"


def _by_line(problem: str) -> tuple[int, str]:
    line = problem.rpartition(", line ")[2].partition(":")[0]
    return (int(line) if line.isdigit() else 0, problem)
