"""Windows of time: every instant lies in one, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submeter.evaluator.windows import Calendar, Rolling, Unit, duration, zone_of

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "Pacific/Apia",
    "America/Havana",
    "Asia/Beirut",
]
NS = 1_000_000_000


def ns(text: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * NS


def hours(window: Calendar, text: str) -> float:
    span = window.at(ns(text, window.zone))
    return (span.end_ns - span.start_ns) / NS / 3600


@pytest.mark.parametrize(
    ("unit", "key"),
    [("hour", "2026-10-09T14+0200"), ("day", "2026-10-09"), ("week", "2026-W41"), ("month", "2026-10")],
)
def test_names(unit: Unit, key: str) -> None:
    at = ns("2026-10-09T12:34:56")

    assert Calendar(unit, "Europe/Berlin").at(at).key == f"{key}[Europe/Berlin]"
    assert Calendar(unit).at(at).key == key.replace("T14+0200", "T12+0000")


@pytest.mark.parametrize(
    ("day", "zone", "length"),
    [
        ("2026-03-29T12:00", "Europe/Berlin", 23),
        ("2026-10-25T12:00", "Europe/Berlin", 25),
        ("2026-10-26T12:00", "Europe/Berlin", 24),
        ("2026-03-08T12:00", "America/New_York", 23),
        ("2026-11-01T12:00", "America/New_York", 25),
        ("2026-04-05T12:00", "Australia/Lord_Howe", 24.5),
        ("2026-10-04T12:00", "Australia/Lord_Howe", 23.5),
        ("2018-11-04T12:00", "America/Sao_Paulo", 23),
        ("2026-04-24T12:00", "Africa/Cairo", 23),
    ],
)
def test_days_on_which_clocks_are_moved_have_their_true_length(day: str, zone: str, length: float) -> None:
    assert hours(Calendar("day", zone), day) == length


def test_a_month_with_a_moved_clock_is_an_hour_longer() -> None:
    assert hours(Calendar("month", "Europe/Berlin"), "2026-10-09T12:00") == 31 * 24 + 1


def test_the_repeated_hour_of_autumn_is_two_windows() -> None:
    window = Calendar("hour", "Europe/Berlin")
    keys = [window.at(ns(text)).key for text in ("2026-10-25T00:30", "2026-10-25T01:30")]

    assert keys == ["2026-10-25T02+0200[Europe/Berlin]", "2026-10-25T02+0100[Europe/Berlin]"]


def test_hours_begin_where_the_local_clock_shows_zero_minutes() -> None:
    span = Calendar("hour", "Asia/Kolkata").at(ns("2026-10-09T12:10"))

    assert (span.start_ns, span.end_ns) == (ns("2026-10-09T11:30"), ns("2026-10-09T12:30"))


def test_a_day_that_a_country_skipped_is_no_window() -> None:
    window = Calendar("day", "Pacific/Apia")
    last = window.at(ns("2011-12-29T12:00", "Pacific/Apia"))

    assert window.at(last.end_ns).key == "2011-12-31[Pacific/Apia]"


def test_weeks_begin_on_monday_and_belong_to_the_iso_year() -> None:
    span = Calendar("week").at(ns("2027-01-02T00:00"))

    assert (span.key, span.start_ns) == ("2026-W53", ns("2026-12-28T00:00"))


@given(
    st.sampled_from(ZONES),
    st.sampled_from(["hour", "day", "week", "month"]),
    st.integers(ns("2005-01-01T00:00") // NS, ns("2036-01-01T00:00") // NS),
)
def test_windows_tile_time(zone: str, unit: Unit, at_s: int) -> None:
    window = Calendar(unit, zone)
    span = window.at(at_s * NS)

    assert span.start_ns <= at_s * NS < span.end_ns
    assert window.at(span.start_ns) == span
    assert window.at(span.end_ns - 1) == span
    assert window.at(span.end_ns).start_ns == span.end_ns
    assert window.before(span).end_ns == span.start_ns
    assert window.before(span).key != span.key != window.at(span.end_ns).key


@pytest.mark.parametrize("zone", ["Australia/Lord_Howe", "America/St_Johns"])
def test_hours_tile_time_where_clocks_are_moved_by_odd_amounts(zone: str) -> None:
    window = Calendar("hour", zone)
    for first, last in (("2010-03-13", "2010-03-16"), ("2026-04-04", "2026-04-06"), ("2026-10-03", "2026-10-05")):
        span = window.at(ns(f"{first}T00:00"))
        keys = {span.key}
        while span.end_ns < ns(f"{last}T00:00"):
            following = window.at(span.end_ns)
            assert following.start_ns == span.end_ns
            assert window.at(following.end_ns - 1) == following
            assert following.key not in keys
            keys.add(following.key)
            span = following


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "Europe"])
def test_an_unknown_zone_is_refused_with_a_hint(name: str) -> None:
    with pytest.raises(ValueError, match=r"unknown time zone .* Europe/Berlin"):
        zone_of(name)


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="hour, day, week, month, not 'year'"):
        Calendar("year")  # pyright: ignore[reportArgumentType]


def test_utc_needs_no_zone_data() -> None:
    assert Calendar("day", "UTC").tz is UTC


def test_rolling_windows_name_events_after_their_own_length() -> None:
    span = Rolling(86_400).at(ns("2026-10-09T12:34"))

    assert (span.key, span.start_ns) == ("24h@2026-10-09T00:00:00Z", ns("2026-10-09T00:00"))


def test_a_rolling_window_under_a_minute_is_refused() -> None:
    with pytest.raises(ValueError, match="a minute or more"):
        Rolling(59)


@pytest.mark.parametrize(
    ("seconds", "text"), [(90, "90s"), (60, "1m"), (7200, "2h"), (86_400, "24h"), (604_800, "7d"), (61, "61s")]
)
def test_durations_in_words(seconds: int, text: str) -> None:
    assert duration(seconds) == text
