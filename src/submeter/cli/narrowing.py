"""The options that narrow a question: a period, a user, a session, a service, a tag, a number of rows."""

from __future__ import annotations

import argparse
from datetime import datetime
from functools import partial
from typing import Final

from submeter.server.period import ACCEPTED, PeriodError, moment

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
        kind = _start if name in {"since", "start"} else _end if name == "end" else str
        if name in _NUMBERS:
            kind = partial(_number, least=_NUMBERS[name])
        parser.add_argument(f"--{name}", type=kind, metavar=_METAVARS.get(name, name.upper()), help=_HELP[name])


def parameters(arguments: argparse.Namespace) -> dict[str, str]:
    """The parameters of the question that the options ask for."""
    values = vars(arguments)
    return {
        name: values[name]
        for name in (*_HELP, "by", "order", "severity", "zone", "name", "horizon")
        if values.get(name)
    }


def number(text: str) -> int:
    """A whole number from 0 on, as an option gives it."""
    return int(_number(text, least=0))


def _number(text: str, *, least: int) -> str:
    if text.isascii() and text.isdecimal() and int(text) >= least:
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} on")


def _start(text: str) -> str:
    return _moment(text, is_end=False)


def _end(text: str) -> str:
    return _moment(text, is_end=True)


def moment_of(text: str) -> str:
    """A time as an option gives it, in ISO and UTC."""
    return _moment(text, is_end=False)


def _moment(text: str, *, is_end: bool) -> str:
    """The moment as ISO in UTC, so that every server understands it as it was meant here."""
    try:
        return moment(text, datetime.now().astimezone(), is_end=is_end).isoformat()
    except PeriodError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
