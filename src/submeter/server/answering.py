"""Answering: a question's name and its text parameters in, plain data out.

REST and the command line both go through here, so that a running server and an opened folder give the same
rows. Parameters are the texts of a URL's query.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypedDict

from submeter.server.period import PeriodError, moment
from submeter.store import questions
from submeter.store.answers import as_dict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from submeter.store.database import Store

MOST_ROWS: Final = 10_000
SEVERITIES: Final = ("info", "warning", "critical")
_TOKEN_STATS_BY: Final = ("model", "operation", "step", "kind")


class ParameterError(ValueError):
    """A parameter is unknown or has a value that cannot be used; the message says what is accepted."""


class Period(TypedDict):
    """The period of a question, in UTC; the end is not in it."""

    start: datetime | None
    end: datetime | None


class Filters(TypedDict):
    """Which calls a question is about; an empty text filters nothing."""

    user: str
    session: str
    service: str
    tag: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question was asked with: its parameters, and the asker's present moment with its time zone."""

    parameters: Mapping[str, str]
    now: datetime

    def text(self, name: str, default: str = "") -> str:
        """A parameter's value."""
        return self.parameters.get(name, "") or default

    def limit(self, default: int) -> int:
        """The number of rows at most.

        Raises:
            ParameterError: it is no number from 1 to `MOST_ROWS`.
        """
        text = self.text("limit", str(default))
        if not (text.isascii() and text.isdecimal()) or not 1 <= int(text) <= MOST_ROWS:
            raise ParameterError(f"limit={text!r} is not understood: use a number from 1 to {MOST_ROWS}")
        return int(text)

    def one_of(self, name: str, accepted: tuple[str, ...], default: str = "") -> str:
        """A parameter's value if it is accepted, the default if it is not given.

        Raises:
            ParameterError: it is neither.
        """
        value = self.text(name, default)
        if value not in accepted and value != default:
            raise ParameterError(f"{name}={value!r} is not understood: use {', '.join(accepted)}")
        return value

    def period(self) -> Period:
        """The start (`since` is another word for it) and end of the period.

        Raises:
            ParameterError: one of them names no moment, or the period is empty.
        """
        first, last = self.text("since") or self.text("start"), self.text("end")
        if self.text("since") and self.text("start"):
            raise ParameterError("since and start say the same thing: use one of them")
        try:
            start = moment(first, self.now) if first else None
            end = moment(last, self.now, is_end=True) if last else None
        except PeriodError as error:
            raise ParameterError(str(error)) from error
        if start and end and start >= end:
            raise ParameterError(f"the period is empty: it starts at {start.isoformat()} and ends at {end.isoformat()}")
        return {"start": start, "end": end}

    def filters(self) -> Filters:
        """The filters that questions about calls share."""
        return {
            "user": self.text("user"),
            "session": self.text("session"),
            "service": self.text("service"),
            "tag": self.text("tag"),
        }


def answer(store: Store, question: str, parameters: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """The answer as plain dictionaries and lists; `now` carries the time zone that bare dates are in.

    Raises:
        ParameterError: a parameter cannot be used.
        UnknownSession: there is no such session.
        StoreError: the store cannot answer.
    """
    function, known = QUESTIONS[question]
    for name in parameters:
        if name not in known:
            raise ParameterError(f"{name!r} is no parameter of {question}: use {', '.join(known)}")
    return function(store, Asked(parameters, now))


def _sessions(store: Store, asked: Asked) -> dict[str, Any]:
    rows = questions.sessions(
        store,
        **asked.period(),
        user=asked.text("user"),
        service=asked.text("service"),
        order=asked.one_of("order", questions.ORDERS, "recent"),
        limit=asked.limit(50),
    )
    return {"sessions": [as_dict(row) for row in rows]}


def _session(store: Store, asked: Asked) -> dict[str, Any]:
    found = as_dict(questions.session(store, asked.text("session")))
    return {"session": found.pop("summary"), **found}


def _token_stats(store: Store, asked: Asked) -> dict[str, Any]:
    session = asked.text("session")
    detail = questions.session(store, session)
    per_call = [(call.input_tokens or 0) + (call.output_tokens or 0) for call in detail.calls if _is_counted(call)]
    total = (detail.summary.input_tokens or 0) + (detail.summary.output_tokens or 0)
    return {
        "session": as_dict(detail.summary),
        "total_tokens": total if per_call else None,
        "calls_without_usage": len(detail.calls) - len(per_call),
        "average_tokens_per_call": sum(per_call) / len(per_call) if per_call else None,
        "max_tokens_per_call": max(per_call, default=None),
        **{
            f"by_{by}": [as_dict(row) for row in questions.usage(store, by=by, session=session)]
            for by in _TOKEN_STATS_BY
        },
    }


def _is_counted(call: questions.CallRow) -> bool:
    return call.input_tokens is not None or call.output_tokens is not None


def _usage(store: Store, asked: Asked) -> dict[str, Any]:
    by = asked.text("by", "model")
    zone = asked.text("zone", "UTC")
    rows = questions.usage(store, by=by, zone=zone, **asked.period(), **asked.filters(), limit=asked.limit(1000))
    return {"by": by, "usage": [as_dict(row) for row in rows]}


def _warnings(store: Store, asked: Asked) -> dict[str, Any]:
    rows = questions.warnings(
        store,
        **asked.period(),
        session=asked.text("session"),
        user=asked.text("user"),
        severity=asked.one_of("severity", SEVERITIES),
        limit=asked.limit(100),
    )
    return {"warnings": [as_dict(row) for row in rows]}


def _summary(store: Store, asked: Asked) -> dict[str, Any]:
    period, filters, zone = asked.period(), asked.filters(), asked.text("zone", "UTC")
    days = questions.usage(store, by="day", zone=zone, **period, **filters, limit=asked.limit(400))
    return {
        "totals": as_dict(questions.summary(store, **period, **filters)),
        "days": [as_dict(row) for row in days],
    }


_PERIOD: Final = ("since", "start", "end")
_FILTERS: Final = ("user", "session", "service", "tag")

QUESTIONS: Final[dict[str, tuple[Callable[[Store, Asked], dict[str, Any]], tuple[str, ...]]]] = {
    "sessions": (_sessions, (*_PERIOD, "user", "service", "order", "limit")),
    "session": (_session, ("session",)),
    "token-stats": (_token_stats, ("session",)),
    "usage": (_usage, (*_PERIOD, *_FILTERS, "by", "zone", "limit")),
    "warnings": (_warnings, (*_PERIOD, "session", "user", "severity", "limit")),
    "summary": (_summary, (*_PERIOD, *_FILTERS, "zone", "limit")),
}
"""Every question: the function that answers it, and the parameters it takes."""
