from __future__ import annotations

from datetime import UTC, datetime

import pytest

from submeter.catalog.model import Model, nanoseconds_of, price_of, ranked


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9


MODEL = Model(
    name="m",
    provider="p",
    prices=ranked(
        price_of(line)
        for line in (
            {"input": 1},
            {"above": 200_000, "input": 2},
            {"from": "2026-03-01", "input": 3},
            {"from": "2026-03-01", "above": 100_000, "input": 4},
            {"from": "2026-03-01", "above": 200_000, "input": 5},
            {"from": "2026-03-01", "utc": [60, 120], "input": 6},
            {"tier": "batch", "from": "2026-03-01", "input": 7},
        )
    ),
)


@pytest.mark.parametrize(
    ("moment", "tokens", "tier", "rate"),
    [
        ("2026-02-28T23:59:59", 0, "", 1),
        ("2026-02-28T23:59:59", 200_000, "", 1),
        ("2026-02-28T23:59:59", 200_001, "", 2),
        ("2026-03-01T00:00:00", 0, "", 3),
        ("2026-03-01T00:00:00", 100_000, "", 3),
        ("2026-03-01T00:00:00", 100_001, "", 4),
        ("2026-03-01T00:00:00", 200_001, "", 5),
        ("2026-03-05T00:59:59", 0, "", 3),
        ("2026-03-05T01:00:00", 0, "", 6),
        ("2026-03-05T01:59:59", 0, "", 6),
        ("2026-03-05T02:00:00", 0, "", 3),
        ("2026-03-01T00:00:00", 0, "batch", 7),
        ("2026-02-28T23:59:59", 0, "batch", None),
        ("2026-03-01T00:00:00", 0, "flex", None),
    ],
)
def test_the_price_is_that_of_the_day_the_hour_the_size_and_the_tier(
    moment: str, tokens: int, tier: str, rate: float | None
) -> None:
    price = MODEL.price_at(at(moment), tokens, tier)
    assert (price and price.rates["input"]) == rate


def test_a_day_begins_at_midnight_utc() -> None:
    assert nanoseconds_of("2026-03-01") == at("2026-03-01T00:00:00")
    assert nanoseconds_of("") == 0


def test_what_is_no_day_is_refused() -> None:
    with pytest.raises(ValueError, match="month must be"):
        nanoseconds_of("2026-13-01")
