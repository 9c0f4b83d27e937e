"""The options that narrow a question: a period, a user, a session, a service, a tag, a number of rows."""

from __future__ import annotations

import argparse
from functools import partial
from typing import Final

from submeter.cli import clock
from submeter.server.period import ACCEPTED, MOST_DAYS, PeriodError, first_of_days, moment

_HELP: Final = {
    "since": f"from then on: {ACCEPTED}",
    "start": "from this date or time on (the same as --since)",
    "end": "until this time, or the end of this day",
    "days": "the last N days, today included",
    "user": "calls of this user only",
    "session": "calls of this session only",
    "service": "calls of this service only",
    "operation": "calls of this operation only",
    "agent": "calls of this agent only",
    "model": "calls answered by this model only",
    "tag": "calls with this tag only, NAME=VALUE",
    "limit": "rows at most",
    "offset": "rows to skip: where the page before ended",
}
_GROUPS: Final = {
    "period": ("since", "start", "end", "days"),
    "filters": ("user", "session", "service", "operation", "agent", "model", "tag"),
}
_METAVARS: Final = {
    "since": "WHEN",
    "start": "WHEN",
    "end": "WHEN",
    "days": "N",
    "limit": "N",
    "offset": "N",
    "tag": "NAME=VALUE",
}
_NUMBERS: Final = {"days": 1, "limit": 1, "offset": 0}
"""Options that are whole numbers, with the least of each."""


def add_options(parser: argparse.ArgumentParser, *names: str) -> None:
    """The options `names`, of those in `_HELP`; `period` and `filters` stand for several."""
    for name in [part for group in names for part in _GROUPS.get(group, (group,))]:
        kind = when if name in {"since", "start", "end"} else text
        if name in _NUMBERS:
            kind = partial(_number, least=_NUMBERS[name])
        parser.add_argument(f"--{name}", type=kind, metavar=_METAVARS.get(name, name.upper()), help=_HELP[name])


def parameters(arguments: argparse.Namespace) -> dict[str, str]:
    """The parameters of the question that the options ask for, moments in UTC, as they were meant here."""
    values = vars(arguments)
    asked = {
        name: values[name]
        for name in (*_HELP, "by", "order", "severity", "zone", "name", "horizon")
        if values.get(name)
    }
    now = clock.now(asked.get("zone", ""))
    for name in {"since", "start", "end"} & set(asked):
        asked[name] = moment(asked[name], now, is_end=name == "end").isoformat()
    if "days" in asked and not {"since", "start"} & set(asked) and int(asked["days"]) <= MOST_DAYS:
        asked["since"] = first_of_days(int(asked.pop("days")), now).isoformat()
    return asked


def text(given: str) -> str:
    """What narrows: an empty one would narrow nothing, which a script that lost a value does not mean."""
    if given:
        return given
    raise argparse.ArgumentTypeError("it is empty: give a value, or leave the option out")


def number(text: str) -> int:
    """A whole number from 0 on, as an option gives it."""
    return int(_number(text, least=0))


def _number(text: str, *, least: int) -> str:
    if text.isascii() and text.isdecimal() and int(text) >= least:
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} on")


def moment_of(text: str) -> str:
    """A time as an option gives it, in ISO and UTC."""
    try:
        return moment(text, clock.now()).isoformat()
    except PeriodError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def when(text: str) -> str:
    """A text that names a moment; which one, the time zone says that another option may name."""
    moment_of(text)
    return text
