"""Savings: each amount worked out by hand from counted tokens and the price table; none where data lacks."""

from __future__ import annotations

from typing import Any

import pytest

from submeter import catalog
from submeter.server.api.recommendation import Evidence, Lacking, Recommendation
from submeter.server.api.savings import LOOKS, found

AT_NS = 1_795_000_000 * 10**9


def price(model: str) -> catalog.Price:
    """What a model of OpenAI's costs."""
    found_model = catalog.find("openai", model)
    found_price = found_model and found_model.price_at(AT_NS)
    assert found_price
    return found_price


DEAR, CHEAP = price("gpt-5"), price("gpt-5-mini")


def row(**more: Any) -> dict[str, Any]:
    """A row of the cost profile: a hundred ordinary calls."""
    return {
        "provider": "openai",
        "model": "gpt-5",
        "priced_as": more.get("model", "gpt-5"),
        "operation": "search",
        "kind": "chat",
        "calls": 100,
        "priced_calls": 100,
        "counted_calls": 100,
        "input_tokens": 1_000_000,
        "output_tokens": 100_000,
        "cache_read_tokens": 0,
        "cache_write_tokens": 0,
        "most_input_tokens": 20_000,
        "cost_usd": (1_000_000 * DEAR.rates["input"] + 100_000 * DEAR.rates["output"]) / 1e6,
        "failed_calls": 0,
        "failed_priced_calls": 0,
        "failed_cost_usd": 0.0,
        "cut_calls": 0,
        "cut_cost_usd": 0.0,
        "full_calls": 0,
        "full_tokens": 0.0,
        "calls_above": [],
        "input_above": [],
        "cached_above": [],
        "output_above": [],
        "hashed_calls": 100,
        "session_calls": 100,
        **more,
    }


def repeated(**more: Any) -> dict[str, Any]:
    """A row of the repetition: ten conversations."""
    return {
        "provider": "openai",
        "model": "gpt-5",
        "priced_as": more.get("model", "gpt-5"),
        "operation": "search",
        "growing_sessions": 10,
        "repeated_tokens": 500_000,
        "cached_tokens": 100_000,
        "longest_tokens": 50_000,
        "retried_calls": 0,
        "retried_cost_usd": 0.0,
        **more,
    }


def saved(kind: str, *, scores: dict[tuple[str, str], float] | None = None, **rows: Any) -> list[Recommendation]:
    evidence = Evidence(
        profile=rows.get("profile", [row()]),
        repetition=rows.get("repetition", []),
        prompts=rows.get("prompts", []),
        scores=scores or {},
        sizes=rows.get("sizes", []),
        at_ns=AT_NS,
    )
    return [item for item in found(evidence)[0] if item.kind == kind]


def test_what_was_sent_again_is_priced_as_if_read_from_cache() -> None:
    (only,) = saved("cache_use", repetition=[repeated()])
    rates = DEAR.rates
    assert only.saving_usd == pytest.approx(400_000 * (rates["input"] - rates["cache_read"]) / 1e6)
    assert "400,000" in only.how
    assert saved("cache_use", repetition=[repeated(cached_tokens=500_000)]) == []


def test_writing_to_a_cache_that_costs_extra_is_taken_off() -> None:
    claude = catalog.find("anthropic", "claude-sonnet-4-5")
    price = claude and claude.price_at(AT_NS)
    assert price
    (only,) = saved("cache_use", repetition=[repeated(provider="anthropic", model="claude-sonnet-4-5")])
    rates = price.rates
    extra = 50_000 * (rates["cache_write"] - rates["input"])
    assert only.saving_usd == pytest.approx((400_000 * (rates["input"] - rates["cache_read"]) - extra) / 1e6)


def test_a_cheaper_model_in_use_is_proposed_with_both_scores() -> None:
    other = row(model="gpt-5-mini", cost_usd=0.1)
    scores = {("search", "gpt-5"): 0.9, ("search", "gpt-5-mini"): 0.8}
    (only,) = saved("model_choice", profile=[row(), other], scores=scores)
    cost = (1_000_000 * CHEAP.rates["input"] + 100_000 * CHEAP.rates["output"]) / 1e6
    assert only.saving_usd == pytest.approx(row()["cost_usd"] - cost)
    assert "0.90 and 0.80" in only.how
    (unknown,) = saved("model_choice", profile=[row(), other])
    assert "not known" in unknown.how


def test_no_model_is_proposed_that_could_not_hold_the_longest_input_or_is_not_in_use() -> None:
    assert saved("model_choice", profile=[row()]) == []
    assert saved("model_choice", profile=[row(most_input_tokens=10**9), row(model="gpt-5-mini")]) == []
    assert saved("model_choice", profile=[row(), row(model="house-llama")]) == []


def test_money_that_was_spent_in_vain_is_told_as_it_is() -> None:
    spent = row(failed_calls=5, failed_priced_calls=2, failed_cost_usd=0.25, cut_calls=3, cut_cost_usd=0.5)
    (failed,) = saved("failed_calls", profile=[spent])
    (cut,) = saved("cut_answers", profile=[spent])
    assert (failed.saving_usd, failed.basis, cut.saving_usd) == (0.25, "measured", 0.5)
    (again,) = saved("retries", repetition=[repeated(retried_calls=4, retried_cost_usd=0.125)])
    assert (again.saving_usd, again.calls) == (0.125, 4)
    prompt = {"provider": "openai", "model": "gpt-5", "operation": "search", "prompts": 2, "repeated_calls": 7}
    (prompts,) = saved("repeated_prompts", prompts=[{**prompt, "repeated_cost_usd": 1.5}])
    assert (prompts.saving_usd, prompts.calls) == (1.5, 7)


def test_a_step_of_the_price_is_found_where_calls_exceed_it() -> None:
    claude = catalog.find("anthropic", "claude-sonnet-4-5")
    assert claude
    low, high = claude.price_at(AT_NS, 200_000), claude.price_at(AT_NS, 200_001)
    assert low
    assert high
    above = {"calls_above": [2], "input_above": [500_000], "cached_above": [0], "output_above": [1_000]}
    long = row(provider="anthropic", model="claude-sonnet-4-5", **above)
    (only,) = saved("price_tier", profile=[long], sizes=[200_000])
    more = {unit: high.rates[unit] - low.rates[unit] for unit in ("input", "output")}
    assert only.saving_usd == pytest.approx((500_000 * more["input"] + 1_000 * more["output"]) / 1e6)


def test_what_is_not_known_is_said_and_not_guessed() -> None:
    nothing = row(model="house-llama", cost_usd=None, hashed_calls=0)
    evidence = Evidence(profile=[nothing], repetition=[], prompts=[], scores={}, sizes=[], at_ns=AT_NS)
    recommended, lacking = found(evidence)
    assert recommended == []
    assert {item.kind for item in lacking} == {"cache_use", "repeated_prompts"}
    assert all(isinstance(item, Lacking) and item.to_do for item in lacking)


def test_every_way_of_looking_stands_an_empty_store() -> None:
    evidence = Evidence(profile=[], repetition=[], prompts=[], scores={}, sizes=[200_000], at_ns=AT_NS)
    for look in LOOKS:
        assert not [item for item in look(evidence) if isinstance(item, Recommendation)]
