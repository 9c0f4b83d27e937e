"""Suggestion: what a word was perhaps meant to be, a command or an option, by its spelling or what others call it."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from submeter.cli import clock
from submeter.server.period import PeriodError, moment

if TYPE_CHECKING:
    from collections.abc import Collection

_ALIKE: Final = 0.7
"""Of 1, how much alike two spellings are that one word may have."""

OPTIONS: Final = (
    (("since", "start"), "after from begin between gte start-date start-time last period range time"),
    (("end",), "until till to before lt lte end-date end-time"),
    (("days",), "day last-days"),
    (("by",), "group groupby group-by per dimension dimensions breakdown"),
    (("limit", "most"), "n max top head count rows lines size page-size first take"),
    (("offset",), "skip page from-row"),
    (("order",), "sort sort-by sortby order-by orderby"),
    (("service",), "app application project workspace program"),
    (("user",), "customer tenant account who user-id"),
    (("session",), "conversation thread chat session-id"),
    (("operation",), "op task workflow feature"),
    (("model",), "llm engine deployment"),
    (("tag",), "label filter attribute where collection"),
    (("agent",), "bot assistant"),
    (("severity",), "level"),
    (("zone",), "tz timezone time-zone utc"),
    (("json",), "format-json"),
    (("data",), "db dir folder path directory data-dir"),
    (("url",), "server endpoint base-url address"),
    (("output",), "out file"),
    (("format",), "as type csv json parquet jsonl"),
    (("store",), "database clickhouse dsn"),
    (("every",), "interval refresh"),
    (("yes",), "force f no-input confirm"),
    (("dry-run",), "n dryrun simulate preview"),
    (("host",), "bind listen address"),
    (("port",), "listen-port"),
)
"""Options, of which a command has the first that it has, and other words for them; dashes are left out."""

COMMANDS: Final = (
    ("up", "start serve server daemon launch collector listen"),
    ("doctor", "status check diagnose health ping"),
    ("sessions", "session-list list-sessions list ls conversations threads traces calls logs"),
    ("session", "show get session-show call trace tree inspect"),
    ("usage", "stats statistics tokens users token-usage group by report"),
    ("summary", "overview totals total days"),
    ("cost", "spend spending bill billing costs money savings save recommendations"),
    ("forecast", "predict projection budget"),
    ("warnings", "alerts alarms events"),
    ("evaluations", "scores evals quality"),
    ("top", "watch live tail monitor follow"),
    ("export", "dump download csv parquet"),
    ("purge", "delete erase remove rm clean forget"),
    ("prices", "price pricing"),
    ("limits", "quota quotas limit"),
    ("dashboards", "grafana dashboard"),
    ("--version", "version"),
)
"""Commands, and other words for them."""


_PERIODS: Final = ("today", "yesterday", "week", "month")


def meant_argument(command: str, word: str, options: Collection[str]) -> str:
    """What `word`, which `command` does not take, was perhaps meant to be, or nothing.

    Args:
        command: a command that there is.
        word: an option or another word, as it was typed, without its value.
        options: those of the command, with their dashes.
    """
    if word in options:  # another action's, where it stands well
        return ""
    if word.startswith("-"):
        return _option(word.lstrip("-").lower().replace("_", "-"), options)
    if command == "sessions":
        return f"`submeter session {word}`"
    if "--by" in options and _is_group(word):
        return f"--by {word}"
    return f"--since {word}" if "--since" in options and _is_moment(word) else ""


def meant_command(word: str, commands: Collection[str]) -> str:
    """The one of `commands` that `word` was perhaps meant to be, or nothing."""
    bare = word.lower().replace("_", "-")
    known = next((name for name, others in COMMANDS if bare in others.split()), "")
    return known or _spelled(bare, commands)


def _option(bare: str, options: Collection[str]) -> str:
    if bare in _PERIODS and "--since" in options:
        return f"--since {bare}"
    for names, others in OPTIONS:
        has = [f"--{name}" for name in names if f"--{name}" in options]
        if has and bare in {*others.split(), names[0][0]}:
            return has[0]
    meant = _spelled(bare, [option.lstrip("-") for option in options])
    return f"--{meant}" if meant else ""


def _spelled(word: str, known: Collection[str]) -> str:
    return next(iter(get_close_matches(word, known, 1, _ALIKE)), "")


def _is_group(word: str) -> bool:
    from submeter.store.questions import BY  # noqa: PLC0415  (the engine takes a moment)

    return all(part in BY or part.startswith("tag:") for part in word.split(","))


def _is_moment(word: str) -> bool:
    try:
        moment(word, clock.now())
    except PeriodError:
        return False
    return True
