"""Numbers, money, times and foreign texts as people read them; what is not known is a dash, never a zero."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from typing import Final

UNKNOWN: Final = "-"
AT_LEAST: Final = "+"
"""Follows a sum that lacks calls whose count or price is not known."""
_JOINER: Final = "\u200d"
_AS_PICTURE: Final = "\ufe0f"
"""Makes one picture of two, and a picture of a sign. Between letters a joiner would hide what follows it."""
_CENT_USD: Final = 0.01
_SMALLEST_USD: Final = 1e-8
_SHORTEST_USD: Final = len("0.0000")
_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_DAY_S: Final = 86400
_SHORT_TEN_THOUSAND: Final = 10_000


def count(number: float | None, *, is_partial: bool = False) -> str:
    """A whole number with thousands separated."""
    if number is None:
        return UNKNOWN
    return f"{number:,.0f}" + (AT_LEAST if is_partial else "")


def short(number: float | None) -> str:
    """A number of tokens in at most five characters: 950, 12.3k, 128k, 1.05M."""
    if number is None:
        return UNKNOWN
    if number < _SHORT_TEN_THOUSAND:
        return f"{number:,.0f}"
    scaled, unit = (number / 1e3, "k") if number < 999_500 else (number / 1e6, "M")  # noqa: PLR2004  (rounds to 1000k)
    return f"{scaled:.3g}{unit}" if scaled < 999.5 else f"{scaled:,.0f}{unit}"  # noqa: PLR2004  (.3g would say 1e+03)


def usd(amount: float | None, *, is_partial: bool = False) -> str:
    """US dollars: cents from one dollar on, else three digits that are not leading zeros."""
    if amount is None:
        return UNKNOWN
    more = AT_LEAST if is_partial else ""
    if amount == 0:
        return f"$0{more}"
    if amount >= 1:
        return f"${amount:,.2f}{more}"
    if amount >= _CENT_USD:
        return f"${amount:.4f}{more}"
    if amount < _SMALLEST_USD:
        return f"<${_SMALLEST_USD:.8f}{more}"
    decimals = next(n for n in range(4, 9) if amount * 10 ** (n - 2) >= 1 or n == 8)  # noqa: PLR2004  (see above)
    digits = f"{amount:.{decimals}f}"
    return f"${digits[:_SHORTEST_USD]}{digits[_SHORTEST_USD:].rstrip('0')}{more}"


def percent(share: float | None) -> str:
    """A share of 1 as whole percent, rounded down so that 99.9 % never reads as full."""
    if share is None:
        return UNKNOWN
    return f"{int(share * 100 + 1e-9)} %"


def duration(seconds: float | None) -> str:
    """A length of time in its two largest units."""
    if seconds is None:
        return UNKNOWN
    if seconds < 0.9995:  # noqa: PLR2004  (rounds to 1000 ms)
        return f"{seconds * 1000:.0f} ms"
    if seconds < _MINUTE_S - 0.05:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, part, part_unit in ((_DAY_S, "d", _HOUR_S, "h"), (_HOUR_S, "h", _MINUTE_S, "m"), (60, "m", 1, "s")):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size} {unit}" + (f" {rest} {part_unit}" if rest else "")
    return f"{whole} s"


def parsed_time(text: str) -> datetime:
    """A time of an answer, which is ISO 8601 in UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def local_time(text: str, *, now: datetime | None = None) -> str:
    """An answer's time in the reader's zone: without the date if it is today, without the year if it is this one."""
    if not text:
        return UNKNOWN
    moment = parsed_time(text).astimezone()
    today = (now or datetime.now(UTC)).astimezone()
    if moment.date() == today.date():
        return f"{moment:%H:%M:%S}"
    if moment.year == today.year:
        return f"{moment:%d %b %H:%M:%S}"
    return f"{moment:%d %b %Y %H:%M}"


def clean(text: str) -> str:
    """Foreign text without anything that moves the cursor, colours the screen or breaks the line."""
    return "".join(map(_shown, text, f" {text}", f"{text} "[1:]))


def _shown(character: str, before: str, after: str) -> str:
    if character.isspace():
        return " "
    if character == _JOINER and _is_emoji(before, "So", "Sk") and _is_emoji(after, "So"):
        return character
    return "?" if unicodedata.category(character).startswith("C") else character


def _is_emoji(character: str, *categories: str) -> bool:
    """Whether it may stand beside a joiner: a picture, or what gives the one before its colour."""
    return character == _AS_PICTURE or unicodedata.category(character) in categories
