from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from submeter import catalog, pricing
from submeter.catalog.model import nanoseconds_of
from submeter.pricing import Cost, Priced, PriceRow
from submeter.usage import COUNTS, Usage, usage_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("fresh_catalog")

NOW_NS = nanoseconds_of("2026-11-24") + 12 * 3_600 * 10**9
COUNT = st.integers(min_value=0, max_value=2_000_000)
USAGES = st.fixed_dictionaries({}, optional=dict.fromkeys(COUNTS, st.none() | COUNT)).map(usage_of)
CALLS = st.sampled_from(
    [
        ("openai", "gpt-5"),
        ("openai", "gpt-6-sol"),
        ("openai", "gpt-realtime"),
        ("anthropic", "claude-sonnet-4-5"),
        ("anthropic", "claude-haiku-5-5"),
        ("anthropic", "claude-opus-5"),
        ("gcp.gemini", "gemini-2.5-pro"),
        ("deepseek", "deepseek-chat"),
        ("perplexity", "sonar-deep-research"),
    ]
)


def cost(
    usage: Usage, provider: str = "openai", model: str = "gpt-5", at_ns: int = NOW_NS, tier: str = "", **flags: bool
) -> Cost | None:
    return pricing.cost_of(
        usage, provider=provider, model=model, at_ns=at_ns, service_tier=tier, is_batch=flags.get("is_batch", False)
    )


def usd(usage: Usage, provider: str = "openai", model: str = "gpt-5", **rest: object) -> float:
    found = cost(usage, provider, model, **rest)  # pyright: ignore[reportArgumentType]
    assert found is not None
    return found.usd


def test_a_plain_call_costs_input_plus_output() -> None:
    found = cost(Usage(input_tokens=1_000_000, output_tokens=100_000))
    assert found is not None
    assert (found.usd, found.version, found.parts) == (2.25, catalog.version(), {"input": 1.25, "output": 1.0})
    assert found.price is not None
    assert found.price.rates["output"] == 10


def test_cached_input_is_billed_once_at_its_own_rate() -> None:
    found = cost(Usage(input_tokens=1_000_000, cache_read_tokens=400_000, output_tokens=0))
    assert found is not None
    assert found.parts == pytest.approx({"input": 0.75, "cache_read": 0.05})


def test_cache_writes_of_five_minutes_and_of_an_hour_have_their_own_rates() -> None:
    usage = Usage(
        input_tokens=1_000_000,
        cache_write_tokens=300_000,
        cache_write_5m_tokens=200_000,
        cache_write_1h_tokens=100_000,
        output_tokens=0,
    )
    found = cost(usage, "anthropic", "claude-opus-4-5")
    assert found is not None
    assert found.parts == pytest.approx({"input": 3.5, "cache_write": 1.25, "cache_write_1h": 1.0})


def test_a_cache_write_whose_lifetime_nobody_told_is_of_five_minutes() -> None:
    usage = Usage(input_tokens=200_000, cache_write_tokens=200_000, output_tokens=0)
    assert usd(usage, "anthropic", "claude-opus-4-5") == pytest.approx(1.25)


def test_reasoning_is_inside_the_output_and_billed_once() -> None:
    plain = Usage(input_tokens=10, output_tokens=1_000)
    thinking = Usage(input_tokens=10, output_tokens=1_000, reasoning_tokens=900)
    assert usd(plain) == usd(thinking)
    found = cost(thinking)
    assert found is not None
    assert found.parts["reasoning"] == pytest.approx(0.009)


def test_reasoning_with_a_rate_of_its_own_is_billed_at_that_rate() -> None:
    usage = Usage(input_tokens=0, output_tokens=1_000_000, reasoning_tokens=900_000)
    found = cost(usage, "perplexity", "sonar-deep-research")
    assert found is not None
    assert found.parts["reasoning"] == pytest.approx(0.9 * 3)
    assert found.parts["output"] == pytest.approx(0.1 * 8)


def test_audio_is_billed_at_its_own_rate() -> None:
    usage = Usage(
        input_tokens=1_000_000, audio_input_tokens=600_000, output_tokens=1_000_000, audio_output_tokens=500_000
    )
    found = cost(usage, "openai", "gpt-realtime")
    assert found is not None
    assert found.parts == pytest.approx({"input": 1.6, "audio_input": 19.2, "output": 8.0, "audio_output": 32.0})


def test_audio_without_a_known_rate_makes_the_cost_unknown_and_not_cheap() -> None:
    assert (
        cost(Usage(input_tokens=100, audio_input_tokens=50, output_tokens=1), "openai", "gpt-4o-audio-preview") is None
    )
    assert cost(Usage(input_tokens=100, audio_input_tokens=0, output_tokens=1), "openai", "gpt-4o-audio-preview")


def test_image_input_without_a_rate_of_its_own_is_plain_input() -> None:
    assert usd(Usage(input_tokens=1_000, image_input_tokens=900, output_tokens=0)) == pytest.approx(0.00125)


@pytest.mark.parametrize(
    ("provider", "model", "size", "input_rates", "output_rates"),
    [
        ("gcp.gemini", "gemini-2.5-pro", 200_000, (1.25, 2.5), (10, 15)),
        ("anthropic", "claude-sonnet-4-5", 200_000, (3, 6), (15, 22.5)),
        ("anthropic", "claude-haiku-5-5", 100_000, (0.1, 0.5), (0.5, 2.5)),
        ("openai", "gpt-5.4", 272_000, (2.5, 5), (15, 22.5)),
        ("openai", "gpt-6-sol", 272_000, (2, 4), (10, 15)),
    ],
)
def test_one_token_over_the_size_bills_the_whole_request_at_the_higher_rates(
    provider: str, model: str, size: int, input_rates: tuple[float, float], output_rates: tuple[float, float]
) -> None:
    at = Usage(input_tokens=size, output_tokens=1_000)
    over = Usage(input_tokens=size + 1, output_tokens=1_000)
    assert usd(at, provider, model) == pytest.approx((size * input_rates[0] + 1_000 * output_rates[0]) / 1e6)
    assert usd(over, provider, model) == pytest.approx(((size + 1) * input_rates[1] + 1_000 * output_rates[1]) / 1e6)


def test_cached_tokens_count_for_the_size_of_the_request() -> None:
    usage = Usage(input_tokens=200_001, cache_read_tokens=200_000, output_tokens=0)
    assert usd(usage, "gcp.gemini", "gemini-2.5-pro") == pytest.approx((2.5 + 200_000 * 0.25) / 1e6)


def test_the_price_is_that_of_the_day_of_the_call() -> None:
    usage = Usage(input_tokens=1_000_000, output_tokens=0)
    cut_ns = nanoseconds_of("2026-08-21")
    small = Usage(input_tokens=100_000, output_tokens=0)
    assert usd(small, model="gpt-5.6-sol", at_ns=cut_ns - 1) == pytest.approx(0.5)
    assert usd(small, model="gpt-5.6-sol", at_ns=cut_ns) == pytest.approx(0.4)
    assert usd(usage, model="gpt-5", at_ns=0) == pytest.approx(1.25)


def test_the_price_is_that_of_the_hour_where_the_provider_has_hours() -> None:
    usage = Usage(input_tokens=1_000_000, output_tokens=0)
    midnight = nanoseconds_of("2026-11-24")
    assert usd(usage, "deepseek", "deepseek-chat", at_ns=midnight) == pytest.approx(0.135)
    assert usd(usage, "deepseek", "deepseek-chat", at_ns=midnight + 30 * 60 * 10**9) == pytest.approx(0.27)


@pytest.mark.parametrize(
    ("tier", "rate"),
    [("", 1.25), ("default", 1.25), ("auto", 1.25), ("flex", 0.625), ("Priority", 2.5), ("priority", 2.5)],
)
def test_the_service_tier_has_its_price(tier: str, rate: float) -> None:
    assert usd(Usage(input_tokens=1_000_000, output_tokens=0), tier=tier) == pytest.approx(rate)


def test_batch_has_its_price_whatever_the_tier() -> None:
    usage = Usage(input_tokens=1_000_000, output_tokens=0)
    assert usd(usage, is_batch=True) == usd(usage, tier="flex", is_batch=True) == pytest.approx(0.625)


@pytest.mark.parametrize("tier", ["scale", "flex", "reserved"])
def test_a_tier_without_a_known_price_makes_the_cost_unknown(tier: str) -> None:
    assert cost(Usage(input_tokens=10, output_tokens=1), "anthropic", "claude-sonnet-4-5", tier=tier) is None


@pytest.mark.parametrize(
    ("model", "tier", "is_batch", "usd_per_million"),
    [
        ("claude-opus-5", "standard-us", False, (5.5, 27.5, 0.55, 6.875, 11)),
        ("claude-opus-5", "Standard-US", False, (5.5, 27.5, 0.55, 6.875, 11)),
        ("claude-opus-5", "fast-us", False, (11, 55, 1.1, 13.75, 22)),
        ("claude-opus-5", "batch-us", True, (2.75, 13.75, 0.275, 3.4375, 5.5)),
        ("claude-opus-5", "standard-us", True, (2.75, 13.75, 0.275, 3.4375, 5.5)),
        ("claude-opus-5-20261001", "standard-us", False, (5.5, 27.5, 0.55, 6.875, 11)),
        ("claude-mythos-5", "standard-us", False, (11, 55, 1.1, 13.75, 22)),
        ("claude-fable-5-2", "standard-us", False, (8.8, 44, 0.22, 11, 17.6)),
        # Where no place has a price of its own: an older model, and a place that nobody lists.
        ("claude-opus-4-5", "standard-us", False, (5, 25, 0.5, 6.25, 10)),
        ("claude-opus-5", "standard-eu", False, (5, 25, 0.5, 6.25, 10)),
        ("claude-opus-5", "batch-eu", True, (2.5, 12.5, 0.25, 3.125, 5)),
    ],
)
def test_a_place_where_inference_costs_more_costs_that_for_every_kind_of_token(
    model: str, tier: str, is_batch: bool, usd_per_million: tuple[float, ...]
) -> None:
    million = 1_000_000
    cases = (
        Usage(input_tokens=million, output_tokens=0),
        Usage(input_tokens=0, output_tokens=million),
        Usage(input_tokens=million, cache_read_tokens=million),
        Usage(input_tokens=million, cache_write_tokens=million),
        Usage(input_tokens=million, cache_write_tokens=million, cache_write_1h_tokens=million),
    )
    found = [usd(usage, "anthropic", model, tier=tier, is_batch=is_batch) for usage in cases]
    assert found == pytest.approx(list(usd_per_million))


def test_a_tier_without_a_known_price_has_none_at_a_place_either() -> None:
    assert cost(Usage(input_tokens=10, output_tokens=1), "anthropic", "claude-sonnet-4-6", tier="fast-us") is None


def test_tiers_that_a_provider_bills_as_standard_are_standard() -> None:
    usage = Usage(input_tokens=1_000_000, output_tokens=0)
    standard = usd(usage, "groq", "llama-3.3-70b-versatile")
    assert usd(usage, "groq", "llama-3.3-70b-versatile", tier="flex") == standard == pytest.approx(0.59)


def test_an_embedding_costs_its_input() -> None:
    assert usd(Usage(input_tokens=1_000_000), "openai", "text-embedding-3-small") == pytest.approx(0.02)


def test_output_without_a_known_rate_makes_the_cost_unknown() -> None:
    assert cost(Usage(input_tokens=10, output_tokens=10), "openai", "text-embedding-3-small") is None


def test_a_fee_for_the_request_is_added_once() -> None:
    found = cost(Usage(input_tokens=1_000_000, output_tokens=0), "perplexity", "sonar-pro")
    assert found is not None
    assert found.parts == {"input": 3.0, "request": 0.014}


def test_an_unknown_model_and_a_call_without_counts_have_no_cost() -> None:
    assert cost(Usage(input_tokens=10, output_tokens=10), model="no-such-model") is None
    assert cost(Usage()) is None
    assert cost(Usage(cache_read_tokens=10)) is None


def test_a_cost_of_nothing_is_only_a_price_of_nothing() -> None:
    free = cost(Usage(input_tokens=10, output_tokens=10), "openrouter", "meta-llama/llama-3.3-70b-instruct:free")
    assert free is not None
    assert free.usd == 0


def test_the_makers_price_for_a_stranger_is_marked() -> None:
    usage = Usage(input_tokens=10, output_tokens=10)
    assert [found.is_assumed for name in ("openai", "my-gateway") if (found := cost(usage, name))] == [False, True]


def test_the_users_file_is_told_in_the_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "prices.toml"
    path.write_text('[[model]]\nmodel = "gpt-5"\ninput = 2\noutput = 4\n', encoding="utf-8")
    monkeypatch.setenv("SUBMETER_PRICES", str(path))
    catalog.reload()
    found = cost(Usage(input_tokens=1_000_000, output_tokens=0))
    assert found is not None
    assert found.usd == 2
    assert "+" in found.version


@settings(deadline=None)
@given(USAGES, CALLS, st.sampled_from(["", "flex", "priority"]), st.booleans())
def test_a_cost_is_the_sum_of_its_parts_and_never_negative(
    usage: Usage, call: tuple[str, str], tier: str, is_batch: bool
) -> None:
    found = cost(usage, *call, tier=tier, is_batch=is_batch)
    if found is not None:
        assert found.usd == sum(found.parts.values())
        assert all(part >= 0 for part in found.parts.values())
        assert set(found.parts) <= set(catalog.UNITS)


@settings(deadline=None)
@given(USAGES, CALLS)
def test_no_token_is_billed_twice_or_dropped(usage: Usage, call: tuple[str, str]) -> None:
    found = cost(usage, *call)
    model = catalog.find(*call)
    assert model is not None
    price = model.price_at(NOW_NS, usage.input_tokens or 0)
    if found is None or price is None:
        return
    highest = max(rate for unit, rate in price.rates.items() if unit != "request")
    lowest = min(rate for unit, rate in price.rates.items() if unit != "request")
    tokens = (usage.input_tokens or 0) + (usage.output_tokens or 0)
    fee = price.rates.get("request", 0)
    assert tokens * lowest / 1e6 + fee - 1e-9 <= found.usd <= tokens * highest / 1e6 + fee + 1e-9


@settings(deadline=None)
@given(st.lists(USAGES, min_size=1, max_size=1), COUNT, COUNT)
def test_more_output_never_costs_less(usages: list[Usage], few: int, more: int) -> None:
    few, more = sorted((few, more))
    costs = [usd(Usage(input_tokens=usages[0].input_tokens or 0, output_tokens=count)) for count in (few, more)]
    assert costs[0] <= costs[1]


def fits(row: PriceRow, usage: Usage, at_ns: int) -> bool:
    minute = at_ns // (60 * 10**9) % 1_440
    return (
        nanoseconds_of(row.valid_from) <= at_ns < nanoseconds_of(row.valid_to)
        and row.minute_from <= minute < row.minute_to
        and row.above_tokens < (usage.input_tokens or 0) <= row.up_to_tokens
    )


def recomputed(row: PriceRow, parts: dict[str, int]) -> float | None:
    """The cost as a query would compute it from a row: a sum of products, unknown when a rate is."""
    total = row.rates["request"] or 0.0
    for unit, tokens in parts.items():
        rate = row.rates[unit]
        if tokens and rate is None:
            return None
        total += tokens * (rate or 0.0) / 1e6
    return total


@settings(deadline=None)
@given(
    st.tuples(COUNT, COUNT, COUNT, COUNT),
    CALLS,
    st.integers(0, nanoseconds_of("2027-06-01")),
    st.sampled_from(["", "default", "priority", "batch", "standard-us", "fast-us", "batch-us", "priority-us"]),
)
def test_the_sql_rows_give_the_same_cost(
    counts: tuple[int, int, int, int], call: tuple[str, str], at_ns: int, tier: str
) -> None:
    is_batch, tier = tier.startswith("batch"), "" if tier == "batch" else tier
    plain, read, written, output = counts
    usage = Usage(
        input_tokens=plain + read + written,
        cache_read_tokens=read,
        cache_write_tokens=written,
        output_tokens=output,
    )
    found = cost(usage, *call, at_ns=at_ns, tier=tier, is_batch=is_batch)
    rows = list(pricing.price_rows([Priced(*call, tier, is_batch)] * 2))
    fitting = [row for row in rows if fits(row, usage, at_ns)]
    assert len(fitting) <= 1
    parts = {"input": plain, "cache_read": read, "cache_write": written, "output": output}
    told = recomputed(fitting[0], parts) if fitting else None
    assert told == (found and pytest.approx(found.usd))


def test_from_the_day_of_a_price_of_the_users_own_no_other_of_the_model_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a price of the table has its own tier or place; in SQL as in the program."""
    path = tmp_path / "prices.toml"
    path.write_text(
        '[[model]]\nmodel = "claude-opus-5"\nvalid_from = 2026-11-01\ninput = 1\noutput = 2\n'
        '[[model]]\nmodel = "claude-opus-5"\nvalid_from = 2026-11-10\nservice_tier = "fast-us"\ninput = 3\noutput = 6\n'
    )
    monkeypatch.setenv("SUBMETER_PRICES", str(path))
    catalog.reload()
    usage, call = Usage(input_tokens=1_000_000, output_tokens=0), ("anthropic", "claude-opus-5")
    expected = {
        ("", False): (5, 1, 1),
        ("standard-us", False): (5.5, 1, 1),
        ("fast", False): (10, None, None),
        ("fast-us", False): (11, None, 3),
        ("batch", True): (2.5, None, None),
    }
    for (tier, is_batch), rates in expected.items():
        rows = list(pricing.price_rows([Priced(*call, tier, is_batch)]))
        for day, rate in zip(("2026-10-31", "2026-11-01", "2026-11-10"), rates, strict=True):
            at_ns = nanoseconds_of(day)
            found = cost(usage, *call, at_ns=at_ns, tier=tier, is_batch=is_batch)
            assert (found and found.usd) == (rate and pytest.approx(rate))
            told = [recomputed(row, {"input": 1_000_000}) for row in rows if fits(row, usage, at_ns)]
            assert told == ([] if rate is None else [pytest.approx(rate)])


def test_unknown_models_have_no_rows() -> None:
    assert list(pricing.price_rows([Priced("openai", "no-such-model")])) == []
