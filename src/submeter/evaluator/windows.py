"""Windows of time: calendar hours, days, weeks and months in a named zone, and rolling spans.

Every instant lies in exactly one calendar window, also where clocks are put forward or back: a day of 23 or
25 hours is one day.
"""

from __future__ import annotations

from dataclasses import field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final, Literal, get_args

from submeter.value import value

Unit = Literal["hour", "day", "week", "month"]
UNITS: Final[tuple[str, ...]] = get_args(Unit)

NS: Final = 1_000_000_000
HOUR_S: Final = 3600
PARTS: Final = 60
"""A rolling window moves in this many steps."""


@value(kw_only=False)
class Span:
    """One window: its name for people and event ids, from `start_ns` up to but without `end_ns`."""

    key: str
    start_ns: int
    end_ns: int


@value(kw_only=False)
class Calendar:
    """Windows that begin where the clock on the wall of `zone` says so; weeks begin on Monday (ISO 8601).

    Raises:
        ValueError: the unit or the zone is unknown.
    """

    unit: Unit = "day"
    zone: str = "UTC"
    tz: tzinfo = field(init=False, repr=False, compare=False, default=UTC)

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ValueError(f"a window is one of {', '.join(UNITS)}, not {self.unit!r}")
        object.__setattr__(self, "tz", zone_of(self.zone))

    @property
    def label(self) -> str:
        """The window in words, for rules' descriptions."""
        return f"{self.unit} ({self.zone})"

    def at(self, at_ns: int) -> Span:
        """The window that the instant lies in."""
        moment = datetime.fromtimestamp(at_ns // NS, self.tz)
        if self.unit == "hour":
            return self._hour(at_ns // NS, moment)
        first = self._first(moment.date())
        while True:
            start, following = self._midnight(first), self._following(first)
            end = self._midnight(following)
            if at_ns < start:
                first = self._first(first - timedelta(days=1))
            elif at_ns >= end:
                first = following
            else:
                return Span(self._named(first), start, end)

    def before(self, span: Span) -> Span:
        """The window that ends where `span` begins."""
        return self.at(span.start_ns - 1)

    def _hour(self, at_s: int, moment: datetime) -> Span:
        start = _floor(at_s, moment)
        beginning = datetime.fromtimestamp(start, self.tz)
        shift = _offset(beginning) % HOUR_S
        if shift != _offset(moment) % HOUR_S:
            # The clock was moved by half an hour since (Lord Howe): the hour begins there.
            start = max(start, _floor(at_s, beginning))
        end = _floor(at_s, moment) + HOUR_S
        opening = datetime.fromtimestamp(start, self.tz)
        name = opening.strftime("%Y-%m-%dT%H:%M%z" if opening.minute else "%Y-%m-%dT%H%z")
        return Span(self._zoned(name), start * NS, end * NS)

    def _first(self, day: date) -> date:
        if self.unit == "week":
            return day - timedelta(days=day.weekday())
        return day.replace(day=1) if self.unit == "month" else day

    def _following(self, first: date) -> date:
        if self.unit == "month":
            return (first + timedelta(days=32)).replace(day=1)
        return first + timedelta(days=7 if self.unit == "week" else 1)

    def _midnight(self, day: date) -> int:
        return int(datetime(day.year, day.month, day.day, tzinfo=self.tz).timestamp()) * NS

    def _named(self, first: date) -> str:
        if self.unit == "week":
            year, week, _ = first.isocalendar()
            return self._zoned(f"{year}-W{week:02}")
        return self._zoned(first.isoformat()[:7] if self.unit == "month" else first.isoformat())

    def _zoned(self, name: str) -> str:
        return name if self.zone == "UTC" else f"{name}[{self.zone}]"


@value(kw_only=False)
class Rolling:
    """The last `seconds` at every moment, moving in 60 steps: it holds 59/60 to 60/60 of that time.

    Raises:
        ValueError: shorter than a minute.
    """

    seconds: int

    def __post_init__(self) -> None:
        if self.seconds < PARTS:
            raise ValueError(f"a rolling window takes a minute or more, not {self.seconds} seconds")

    @property
    def label(self) -> str:
        """The window in words, for rules' descriptions."""
        return f"any {duration(self.seconds)}"

    @property
    def part_ns(self) -> int:
        """The length of a step in nanoseconds."""
        return self.seconds * NS // PARTS

    def at(self, at_ns: int) -> Span:
        """The span an event is named after: a threshold fires once in each, however often it is crossed."""
        length = self.seconds * NS
        start = at_ns // length * length
        moment = datetime.fromtimestamp(start // NS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return Span(f"{duration(self.seconds)}@{moment}", start, start + length)


Window = Calendar | Rolling


def zone_of(name: str) -> tzinfo:
    """The time zone called `name`, such as `Europe/Berlin`.

    Raises:
        ValueError: no such zone is known here.
    """
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415  (most programs need UTC alone)

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"unknown time zone {name!r}: use a name like Europe/Berlin; on a system without zone data, install tzdata"
        ) from None


def duration(seconds: int) -> str:
    """Seconds in the largest unit that fits: 90 -> `90s`, 7200 -> `2h`, 604800 -> `7d`."""
    for length, letter in ((86_400, "d"), (HOUR_S, "h"), (60, "m")):
        if seconds % length == 0 and (letter != "d" or seconds > length):
            return f"{seconds // length}{letter}"
    return f"{seconds}s"


def moment(at_ns: int, tz: tzinfo = UTC) -> str:
    """An instant for people, to the minute."""
    return datetime.fromtimestamp(at_ns // NS, tz).strftime("%Y-%m-%d %H:%M %Z")


def _offset(when: datetime) -> int:
    offset = when.utcoffset()
    return int(offset.total_seconds()) if offset else 0


def _floor(at_s: int, when: datetime) -> int:
    """The beginning of the hour of `at_s`, by the offset that holds at `when`."""
    shift = _offset(when) % HOUR_S
    return (at_s + shift) // HOUR_S * HOUR_S - shift
