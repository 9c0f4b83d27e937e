"""Forecast: what the coming days will cost if they are like the last ones."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from statistics import fmean, pstdev
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel, Field

from submeter.plural import several
from submeter.server.api.parameters import Asked, Tag, Text, Zone
from submeter.server.api.question import Question
from submeter.store import questions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from submeter.store.answers import UsageRow
    from submeter.store.database import Reader

LEAST_DAYS: Final = 7
"""Whole days with calls that a forecast needs."""

_LATEST: Final = 28
_SPREAD: Final = 1.28
"""Standard deviations either side within which eight of ten values lie."""


class ForecastAsked(Asked):
    """What to forecast."""

    horizon: int = Field(30, ge=1, le=92, description="days to look ahead, from 1 to 92")
    user: Text = Field("", description="calls of this user only")
    service: Text = Field("", description="calls of this service only")
    tag: Tag = ""
    zone: Zone = "UTC"


class DayForecast(BaseModel):
    """One coming day: the expected cost, and the range in which eight of ten days are expected."""

    day: date
    cost_usd: float
    low_usd: float
    high_usd: float
    tokens: float


class Forecast(BaseModel):
    """The coming days. `reason` says why there is no forecast; `how` says how one was made."""

    days: list[DayForecast]
    spent_this_month_usd: float | None
    month_usd: float | None
    total_usd: float | None
    low_usd: float | None
    high_usd: float | None
    observed_days: int
    how: str
    reason: str


def _forecast(store: Reader, asked: ForecastAsked, now: datetime) -> Forecast:
    today = now.astimezone(ZoneInfo(asked.zone)).date()
    start = datetime.combine(min(today - timedelta(days=_LATEST), today.replace(day=1)), datetime.min.time())
    rows = questions.usage(
        store,
        by="day",
        zone=asked.zone,
        start=start.replace(tzinfo=ZoneInfo(asked.zone)),
        user=asked.user,
        service=asked.service,
        tag=asked.tag,
    )
    spent = {date.fromisoformat(row.key): row for row in rows}
    first = max(min(spent, default=today), today - timedelta(days=_LATEST))
    whole = [first + timedelta(days=n) for n in range((today - first).days)]
    is_known = any(row.cost_usd is not None for row in rows)
    this_month = [row.cost_usd for day, row in spent.items() if (day.year, day.month) == (today.year, today.month)]
    known = [cost for cost in this_month if cost is not None]
    so_far = sum(known) if known or (is_known and not this_month) else None
    if len(whole) < LEAST_DAYS or not is_known:
        return _none(len(whole) if is_known else 0, so_far)
    coming = [_day(today + timedelta(days=n), whole, spent) for n in range(asked.horizon)]
    return _made(coming, whole, so_far, spent)


def _day(day: date, whole: list[date], spent: dict[date, UsageRow]) -> DayForecast:
    """A day like the days of its weekday; like all days where there are fewer than two of these."""
    alike = [past for past in whole if past.weekday() == day.weekday()]
    basis = alike if len(alike) > 1 else whole
    costs = [(spent[past].cost_usd or 0.0) if past in spent else 0.0 for past in basis]
    tokens = [_tokens(spent[past]) if past in spent else 0.0 for past in basis]
    mean, spread = fmean(costs), _SPREAD * pstdev(costs)
    return DayForecast(
        day=day, cost_usd=mean, low_usd=max(mean - spread, 0.0), high_usd=mean + spread, tokens=fmean(tokens)
    )


def _tokens(row: UsageRow) -> float:
    return float((row.input_tokens or 0) + (row.output_tokens or 0))


def _made(
    coming: list[DayForecast], whole: list[date], so_far: float | None, spent: Mapping[date, UsageRow]
) -> Forecast:
    today = spent.get(coming[0].day)
    unpriced = sum(row.unpriced_calls + row.calls_without_usage for row in spent.values())
    first = coming[0]
    month = [day for day in coming if (day.day.year, day.day.month) == (first.day.year, first.day.month)]
    is_whole_month = (coming[-1].day + timedelta(days=1)).month != first.day.month or coming[-1].day > month[-1].day
    rest = sum(day.cost_usd for day in month[1:])
    rest += max(first.cost_usd - ((today.cost_usd or 0.0) if today else 0.0), 0.0)
    return Forecast(
        days=coming,
        spent_this_month_usd=so_far,
        month_usd=so_far + rest if is_whole_month and so_far is not None else None,
        total_usd=sum(day.cost_usd for day in coming),
        low_usd=sum(day.low_usd for day in coming),
        high_usd=sum(day.high_usd for day in coming),
        observed_days=len(whole),
        how=(
            f"each day is the mean of the same weekdays among the last {len(whole)} whole days; low and high are 1.28 "
            "standard deviations from it, which eight of ten days keep to if they vary as they did"
            + (f"; {several(unpriced, 'call')} without a known cost count as nothing" if unpriced else "")
        ),
        reason="",
    )


def _none(observed: int, so_far: float | None) -> Forecast:
    return Forecast(
        days=[],
        spent_this_month_usd=so_far,
        month_usd=None,
        total_usd=None,
        low_usd=None,
        high_usd=None,
        observed_days=observed,
        how="",
        reason=f"a forecast needs {LEAST_DAYS} whole days with known costs, and there are {observed}",
    )


QUESTIONS: Final = (Question("forecast", "What will the coming days cost?", ForecastAsked, Forecast, _forecast),)
