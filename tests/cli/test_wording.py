"""Numbers, money and times for people."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submeter.cli import wording


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, "-"),
        (0, "$0"),
        (0.0000004, "$0.0000004"),
        (0.000000001, "<$0.00000001"),
        (0.000123, "$0.000123"),
        (0.0012, "$0.0012"),
        (0.0123, "$0.0123"),
        (0.5, "$0.5000"),
        (1, "$1.00"),
        (1234.5, "$1,234.50"),
    ],
)
def test_money_keeps_the_digits_that_matter(amount: float | None, text: str) -> None:
    assert wording.usd(amount) == text


@given(st.floats(1e-7, 1e9))
def test_money_is_never_shown_further_off_than_a_hundredth(amount: float) -> None:
    shown = float(wording.usd(amount).strip("$").replace(",", ""))
    assert math.isclose(shown, amount, rel_tol=0.05 if amount < 1e-6 else 0.01)


def test_what_is_incomplete_says_so() -> None:
    assert wording.usd(0.5, is_partial=True) == "$0.5000+"
    assert wording.count(1234, is_partial=True) == "1,234+"
    assert wording.count(None, is_partial=True) == "-"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "-"),
        (0, "0 ms"),
        (0.0123, "12 ms"),
        (0.9996, "1.0 s"),
        (12.34, "12.3 s"),
        (59.97, "1 m"),
        (149, "2 m 29 s"),
        (3600, "1 h"),
        (11_100, "3 h 5 m"),
        (200_000, "2 d 7 h"),
    ],
)
def test_durations_have_two_units(seconds: float | None, text: str) -> None:
    assert wording.duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, "-"),
        (0, "0"),
        (9999, "9,999"),
        (12_345, "12.3k"),
        (128_000, "128k"),
        (999_600, "1M"),
        (1_048_576, "1.05M"),
    ],
)
def test_short_numbers_are_short(number: int | None, text: str) -> None:
    assert wording.short(number) == text


def test_a_share_is_rounded_down() -> None:
    assert [wording.percent(share) for share in (None, 0, 0.699999, 0.7, 0.999, 1, 1.29)] == [
        "-", "0 %", "69 %", "70 %", "99 %", "100 %", "129 %",
    ]  # fmt: skip


def test_times_say_no_more_than_needed() -> None:
    now = datetime(2026, 5, 31, 12, tzinfo=UTC).astimezone()
    noon = now.replace(hour=12)
    assert wording.local_time(noon.astimezone(UTC).isoformat(), now=now) == "12:00:00"
    assert wording.local_time((noon - timedelta(days=30)).isoformat(), now=now) == "01 May 12:00:00"
    assert "2024" in wording.local_time((noon - timedelta(days=730)).isoformat(), now=now)
    assert wording.local_time("") == "-"


@pytest.mark.parametrize(
    "text",
    [
        *("\x1b[31mred", "two\nlines", "bell\a", "\u202eright to left", "zero\u200bwidth", "a\rb", "\x9b1m"),
        *("join\u200ded", "\u200d", "\N{WOMAN}\u200d", "\N{WOMAN}\u200d\u200d\N{WOMAN}", "a\u200d\N{WOMAN}"),
    ],
)
def test_foreign_text_cannot_move_the_cursor(text: str) -> None:
    cleaned = wording.clean(text)
    assert cleaned.isprintable()
    assert len(cleaned) == len(text)


@given(st.text())
def test_any_text_is_made_printable(text: str) -> None:
    cleaned = wording.clean(text)
    assert cleaned.replace("\u200d", "").isprintable()
    assert len(cleaned) == len(text)


def test_pictures_that_are_joined_stay_joined() -> None:
    for text in (
        "\N{WOMAN}\u200d\N{PERSONAL COMPUTER}",
        "\U0001f3f3\ufe0f\u200d\U0001f308",
        "\U0001f469\U0001f3fd\u200d\u2764\ufe0f",
    ):
        assert wording.clean(f"s-{text}!") == f"s-{text}!"


def test_words_of_other_scripts_stay() -> None:
    assert wording.clean("Zürich 東京 🙂") == "Zürich 東京 🙂"
