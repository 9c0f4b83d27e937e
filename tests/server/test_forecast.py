"""The forecast over a real store, asked at chosen moments: a month's first and last one, a day's last second."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.server.telemetry import add_call, traces

from submeter.server.api import forecast
from submeter.store import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from submeter.store.database import Store

(QUESTION,) = forecast.QUESTIONS
FIRST = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A call of a cent at noon of each day from 2 November to 10 December; `late` begins in December, unpriced."""
    opened = open_store(f"chdb://{tmp_path_factory.mktemp('forecast')}/store")
    request, spans = traces()
    for day in range(39):
        at_ns = int((FIRST + timedelta(days=day)).timestamp()) * 10**9
        add_call(spans, f"s-{day}", {"user.id": "even", "submeter.cost.usd": 0.01}, tokens=1000, at_ns=at_ns)
        if day < 28:
            cost = 0.02 if day < 27 else 0.5
            add_call(spans, f"d-{day}", {"user.id": "dear", "submeter.cost.usd": cost}, at_ns=at_ns)
        if day < 29:
            add_call(spans, f"n-{day}", {"user.id": "november", "submeter.cost.usd": 0.02}, at_ns=at_ns)
        else:
            add_call(spans, f"l-{day}", {"user.id": "november", "submeter.cost.usd": ""}, at_ns=at_ns)
            add_call(spans, f"f-{day}", {"user.id": "free", "submeter.cost.usd": 0.0}, at_ns=at_ns)
    opened.insert_traces(request, "1")
    yield opened
    opened.close()


def asked(store: Store, at: str, user: str = "even", horizon: int = 3) -> forecast.Forecast:
    answer = QUESTION.answered(store, {"user": user, "horizon": str(horizon)}, datetime.fromisoformat(at + "+00:00"))
    assert isinstance(answer, forecast.Forecast)
    return answer


@pytest.mark.parametrize(
    ("at", "spent", "observed"),
    [
        ("2026-11-30T00:00:00", 0.29, 28),
        ("2026-11-30T23:59:59", 0.29, 28),
        ("2026-12-01T00:00:00", 0.10, 28),
        ("2026-12-09T12:30:00", 0.10, 28),
        ("2026-11-09T12:30:00", 0.29, 7),
    ],
)
def test_even_days_go_on_whatever_day_it_is(store: Store, at: str, spent: float, observed: int) -> None:
    """The month's sum is of all that is stored of it, here also of days that are still to come."""
    found = asked(store, at)
    assert [day.cost_usd for day in found.days] == pytest.approx([0.01] * 3)
    assert [day.low_usd for day in found.days] == pytest.approx([0.01] * 3)
    assert (found.days[0].day.isoformat(), found.observed_days, found.reason) == (at[:10], observed, "")
    assert [day.tokens for day in found.days] == pytest.approx([1100] * 3)
    assert found.total_usd == pytest.approx(0.03)
    assert found.spent_this_month_usd == pytest.approx(spent)


def test_a_day_dearer_than_expected_takes_nothing_from_the_days_to_come(store: Store) -> None:
    """Of November: 0.50 on the 29th where 0.02 were expected, and 0.02 for the 30th."""
    before, after = asked(store, "2026-11-29T00:00:00", "dear"), asked(store, "2026-11-29T13:00:00", "dear")
    assert before.spent_this_month_usd == pytest.approx(27 * 0.02 + 0.5), "the store holds the day's calls already"
    assert after.month_usd == pytest.approx(27 * 0.02 + 0.5 + 0.02)


def test_calls_without_a_known_cost_are_told(store: Store) -> None:
    assert "without a known cost" not in asked(store, "2026-11-30T00:00:00").how
    assert "10 calls without a known cost" in asked(store, "2026-12-11T00:00:00", user="november").how


def test_a_month_in_which_nothing_was_spent_yet_has_a_forecast(store: Store) -> None:
    found = asked(store, "2027-01-01T00:00:00", horizon=31)
    assert found.reason == ""
    assert found.spent_this_month_usd == 0.0
    assert found.total_usd == pytest.approx(found.month_usd)
    assert found.observed_days == 28


def test_a_month_of_unknown_costs_is_not_said_to_cost_nothing(store: Store) -> None:
    found = asked(store, "2026-12-05T00:00:00", user="november", horizon=31)
    assert (found.spent_this_month_usd, found.month_usd, found.reason) == (None, None, "")
    assert found.days[0].cost_usd == pytest.approx(0.02), "as the last four Saturdays did"


def test_days_that_cost_nothing_are_days(store: Store) -> None:
    found = asked(store, "2026-12-10T00:00:00", user="free")
    assert (found.observed_days, found.total_usd, found.reason) == (9, 0.0, "")


def test_too_few_days_or_none_say_how_many_there_are(store: Store) -> None:
    few = asked(store, "2026-11-05T00:00:00")
    assert (few.days, few.observed_days) == ([], 3)
    assert few.reason.endswith("there are 3")
    assert asked(store, "2026-12-01T00:00:00", user="nobody").reason.endswith("there are 0")
