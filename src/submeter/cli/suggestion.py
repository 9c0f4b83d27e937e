"""Suggestion: what a word was perhaps meant to be, a command or an option, by its spelling or what others call it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from submeter.cli import clock
from submeter.server.api.suggestion import meant, spelled
from submeter.server.period import PeriodError, moment

if TYPE_CHECKING:
    from collections.abc import Collection

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
        return _option(word.lstrip("-"), options)
    if command == "sessions":
        return f"`submeter session {word}`"
    if "--by" in options and _is_group(word):
        return f"--by {word}"
    return f"--since {word}" if "--since" in options and _is_moment(word) else ""


def meant_command(word: str, commands: Collection[str]) -> str:
    """The one of `commands` that `word` was perhaps meant to be, or nothing."""
    bare = word.lower().replace("_", "-")
    known = next((name for name, others in COMMANDS if bare in others.split()), "")
    return known or spelled(bare, commands)


def _option(bare: str, options: Collection[str]) -> str:
    if bare in _PERIODS and "--since" in options:
        return f"--since {bare}"
    likely = meant(bare, [option.lstrip("-") for option in options])
    return f"--{likely}" if likely else ""


def _is_group(word: str) -> bool:
    from submeter.store.questions import BY  # noqa: PLC0415  (the engine takes a moment)

    return all(part in BY or part.startswith("tag:") for part in word.split(","))


def _is_moment(word: str) -> bool:
    try:
        moment(word, clock.now())
    except PeriodError:
        return False
    return True
