"""Periods that people type."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submeter.server.period import PeriodError, first_of_days, moment

BERLIN = timezone(timedelta(hours=2))
NOW = datetime(2026, 5, 31, 14, 30, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30m", "2026-05-31T12:00:00+00:00"),
        ("2h", "2026-05-31T10:30:00+00:00"),
        ("3d", "2026-05-28T12:30:00+00:00"),
        ("1W", "2026-05-24T12:30:00+00:00"),
        ("now", "2026-05-31T12:30:00+00:00"),
        ("today", "2026-05-30T22:00:00+00:00"),
        ("yesterday", "2026-05-29T22:00:00+00:00"),
        ("2026-05-01", "2026-04-30T22:00:00+00:00"),
        ("2026-05-01T10:00", "2026-05-01T08:00:00+00:00"),
        ("2026-05-01 10:00", "2026-05-01T08:00:00+00:00"),
        ("2026-05-01T10:00:00Z", "2026-05-01T10:00:00+00:00"),
        (" 2026-05-01T10:00:00+05:00 ", "2026-05-01T05:00:00+00:00"),
        ("2026-05-01T10:00 05:00", "2026-05-01T05:00:00+00:00"),
        ("2026-05-01 10:00:00 0530", "2026-05-01T04:30:00+00:00"),
    ],
)
def test_what_people_type_is_a_moment_in_utc(text: str, expected: str) -> None:
    assert moment(text, NOW).isoformat() == expected


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_first_and_the_last_day_there_are_stand_for_always(zone: str) -> None:
    there = NOW.astimezone(ZoneInfo(zone))
    assert moment("0001-01-01", there).year == 1
    assert moment("9999-12-31", there, is_end=True).isoformat() == "9999-12-31T23:59:59.999999+00:00"


def test_time_that_has_passed_is_counted_across_a_change_of_clocks() -> None:
    after = datetime(2026, 3, 29, 3, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    assert moment("1h", after).isoformat() == "2026-03-29T00:30:00+00:00"
    assert moment("today", after).isoformat() == "2026-03-28T23:00:00+00:00"
    assert first_of_days(2, after).isoformat() == "2026-03-27T23:00:00+00:00"


def test_an_end_includes_its_day() -> None:
    assert moment("2026-05-01", NOW, is_end=True) - moment("2026-05-01", NOW) == timedelta(days=1)
    assert moment("today", NOW, is_end=True) > NOW
    assert moment("2026-05-01T10:00", NOW, is_end=True) == moment("2026-05-01T10:00", NOW)


@pytest.mark.parametrize(
    "text", ["", "soon", "2x", "-2h", "2026-13-01", "2026-02-30", "1999999w", "٣d", "20260501", "2026-W10-1", "999999d"]
)
def test_anything_else_says_what_is_accepted(text: str) -> None:
    with pytest.raises(PeriodError, match="2026-05-31"):
        moment(text, NOW)


@given(st.text(max_size=30))
def test_any_text_is_a_moment_or_an_error(text: str) -> None:
    with contextlib.suppress(PeriodError):
        assert moment(text, NOW).tzinfo == UTC
