"""Periods that people type: `2h`, `3d`, `2026-05-01`, `2026-05-01T14:30`, read into moments in UTC."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_AGO = re.compile(r"(\d{1,6})\s*(s|m|h|d|w)", re.ASCII)
_LOST_PLUS = re.compile(r"(?<=:\d\d) (?=\d\d:?\d\d$)", re.ASCII)
"""Where a `+` was that an address held as it is: there it stands for a space."""
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_WORDS = ("now", "today", "yesterday")
ACCEPTED = (
    "30m, 2h, 3d, 1w (ago), today, yesterday, week (this one), month (this one), a date (2026-05-31) "
    "or a time (2026-05-31T14:30, with or without an offset)"
)
MOST_DAYS = 3_660
"""How many days a period of the last days has at most."""
PATTERN = r"^([0-9]{1,6} ?[smhdw]|now|today|yesterday|week|month|[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].+)?)?$"
"""What a text that names a moment looks like, or none at all; not all that look so do."""


class PeriodError(ValueError):
    """A text that names no moment, or no time zone; the message says what is accepted."""


def zone_named(name: str) -> ZoneInfo:
    """The time zone of an IANA name.

    Raises:
        PeriodError: there is none of this name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise PeriodError(f"no time zone {name!r}: use a name such as UTC or Europe/Berlin") from None


def first_of_days(number: int, now: datetime) -> datetime:
    """The moment in UTC at which the first of the last `number` days began, today included, in `now`'s time zone."""
    return _day((now.date() - timedelta(days=number - 1)).isoformat(), now, is_end=False)


def moment(text: str, now: datetime, *, is_end: bool = False) -> datetime:
    """The moment in UTC that `text` names, seen from `now`.

    A date without a time is that day's first moment, or for `is_end` the next day's, so that a range from a
    day to the same day is that whole day. A time without an offset is in `now`'s time zone.

    Raises:
        PeriodError: the text is none of `ACCEPTED`.
    """
    word = text.strip().lower()
    if ago := _AGO.fullmatch(word):
        return _shifted(text, now, -timedelta(**{_UNITS[ago[2]]: int(ago[1])}))
    if word == "now":
        return now.astimezone(UTC)
    if word in _WORDS:
        day = now.date() - timedelta(days=word == "yesterday")
        return _day(day.isoformat(), now, is_end=is_end)
    if word in {"week", "month"}:
        return _edge(word, now, is_end=is_end)
    try:
        if len(word) == len("2026-05-31"):
            return _day(word, now, is_end=is_end)
        parsed = datetime.fromisoformat(_LOST_PLUS.sub("+", text.strip()) if {"t", ":"} & set(word) else "")
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=now.tzinfo)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise PeriodError(f"{text!r} is no time: use {ACCEPTED}") from None


def _shifted(text: str, now: datetime, by: timedelta) -> datetime:
    try:
        return now.astimezone(UTC) + by
    except OverflowError:
        raise PeriodError(f"{text!r} is too long ago: use {ACCEPTED}") from None


def _edge(word: str, now: datetime, *, is_end: bool) -> datetime:
    """The first moment of this week or month, or of the next one."""
    today = now.date()
    first = today - timedelta(days=today.weekday()) if word == "week" else today.replace(day=1)
    if is_end:
        first += timedelta(days=7 if word == "week" else 32)
        first = first if word == "week" else first.replace(day=1)
    return datetime.combine(first, time(), tzinfo=now.tzinfo).astimezone(UTC)


def _day(text: str, now: datetime, *, is_end: bool) -> datetime:
    named = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007  (a date only)
    try:
        return datetime.combine(named + timedelta(days=is_end), time(), tzinfo=now.tzinfo).astimezone(UTC)
    except OverflowError:  # the first and the last day that there are, which people use for "always"
        return datetime.combine(named, time.max if named == date.max else time(), tzinfo=UTC)
