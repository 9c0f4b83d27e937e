"""Whatever was stored, repeated, recomputed, witnessed late or erased: the profile is the sum of single calls."""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from store.changes import change
from submeter.store import questions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from submeter.store.database import Store

SIZES = [99, 100, 1_999, 10_000]
STEPS = 6
SINGLE = """
    SELECT provider, if(response_model != '', response_model, request_model) AS model, operation, input_tokens,
        output_tokens, cache_read_tokens, cost_usd, toString(toDecimal128(cost_usd, 18)) AS decimal, error_type,
        witness, finish_reasons, context_window, toString(context_utilization) AS utilization, prompt_hash
    FROM otel.llm_calls
    SETTINGS output_format_json_quote_64bit_integers = 0
"""

Row = dict[str, Any]


def cost_of(calls: Sequence[Row]) -> float | None:
    known = [Decimal(call["decimal"]) for call in calls if call["decimal"] is not None]
    return float(sum(known)) if known else None


def tokens(calls: Sequence[Row], name: str) -> int:
    return sum(call[f"{name}_tokens"] or 0 for call in calls)


def of_one_request(call: Row) -> float:
    """The input of one request: of a call of several the last one's, with its answer; of a sum that of none."""
    stated, window = call["input_tokens"] or 0, call["context_window"]
    if call["utilization"] is not None and window is not None:
        return round(max(min(stated, float(call["utilization"]) * window), 0))
    is_sum = call["witness"] == 0 and call["cost_usd"] is not None and window is None
    return 0 if is_sum else stated


def profile(calls: Sequence[Row]) -> Row:
    failed = [call for call in calls if call["error_type"]]
    cut = [call for call in calls if {"length", "max_tokens"} & set(call["finish_reasons"])]
    full = [call for call in calls if float(call["utilization"] or 0) >= 0.7]
    above = [[call for call in calls if of_one_request(call) > size] for size in SIZES]
    return {
        "calls": len(calls),
        "priced_calls": sum(call["cost_usd"] is not None for call in calls),
        "counted_calls": sum(call["input_tokens"] is not None or call["output_tokens"] is not None for call in calls),
        "input_tokens": tokens(calls, "input"),
        "output_tokens": tokens(calls, "output"),
        "most_input_tokens": max(call["input_tokens"] or 0 for call in calls),
        "cost_usd": cost_of(calls),
        "failed_calls": len(failed),
        "failed_priced_calls": sum((call["cost_usd"] or 0) > 0 for call in failed),
        "failed_cost_usd": cost_of(failed),
        "cut_calls": len(cut),
        "cut_cost_usd": cost_of(cut),
        "full_calls": len(full),
        "full_tokens": sum(
            max(min(call["input_tokens"], float(call["utilization"]) * window) - window / 2, 0)
            for call in full
            if call["input_tokens"] is not None and (window := call["context_window"]) is not None
        ),
        "calls_above": [len(group) for group in above],
        "input_above": [tokens(group, "input") for group in above],
        "cached_above": [tokens(group, "cache_read") for group in above],
        "output_above": [tokens(group, "output") for group in above],
        "hashed_calls": sum(call["prompt_hash"] != 0 for call in calls),
    }


@pytest.mark.parametrize("seed", range(3))
def test_the_profile_is_the_sum_of_single_calls(store: Store, seed: int) -> None:
    random = Random(seed)  # noqa: S311  (the same changes every time)
    for number in range(STEPS):
        change(store, random, number)
        groups: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
        for line in store.answer(SINGLE, "JSONEachRow").splitlines():
            call = json.loads(line)
            groups[call["provider"], call["model"], call["operation"]].append(call)
        rows = store.ask("cost_profile", {**questions.parameters({}), "sizes": SIZES})
        found = {(row["provider"], row["model"], row["operation"]): row for row in rows}
        wanted = {key: profile(calls) for key, calls in groups.items()}
        assert found.keys() == groups.keys()
        for key, calls in groups.items():
            wanted = profile(calls)
            told = {name: found[key][name] for name in wanted}
            for name in ("cost_usd", "failed_cost_usd", "cut_cost_usd"):
                is_known = (cost := wanted.pop(name)) is not None
                assert told.pop(name) == (pytest.approx(cost, rel=1e-14) if is_known else None), (number, key, name)
            assert (told.pop("full_tokens") or 0) == pytest.approx(wanted.pop("full_tokens"), rel=1e-14), (number, key)
            assert told == wanted, (number, key)
