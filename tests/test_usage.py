"""Usage: counts as the conventions count. Parts fit into totals, what nobody said stays unsaid, sums are exact."""

from __future__ import annotations

from dataclasses import asdict
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submeter.usage import COUNTS, LARGEST, Usage, added, divisions_of, usage_of

COUNT = st.one_of(st.none(), st.integers(0, 10_000))
SAID = st.dictionaries(st.sampled_from(COUNTS), COUNT)
ODD = st.one_of(COUNT, st.integers(-5, -1), st.integers(min_value=2**40), st.booleans(), st.floats(), st.text())

FITS = (
    ("input_tokens", ("cache_read_tokens", "cache_write_tokens")),
    ("cache_write_tokens", ("cache_write_5m_tokens", "cache_write_1h_tokens")),
    ("output_tokens", ("reasoning_tokens",)),
    ("input_tokens", ("text_input_tokens", "image_input_tokens", "audio_input_tokens")),
    ("output_tokens", ("text_output_tokens", "image_output_tokens", "audio_output_tokens")),
)


def said(usage: Usage) -> dict[str, int]:
    return {name: count for name, count in asdict(usage).items() if name in COUNTS and count is not None}


@given(st.dictionaries(st.sampled_from(COUNTS), ODD))
def test_parts_fit_into_their_totals_whatever_was_said(counts: dict[str, Any]) -> None:
    usage = said(usage_of(counts))
    for total, parts in FITS:
        if total in usage:
            assert sum(usage.get(part, 0) for part in parts) <= usage[total]
    assert all(type(count) is int and count >= 0 for count in usage.values())


def test_the_largest_count_that_is_believed_leaves_room_for_sums() -> None:
    for count, is_believed in ((LARGEST, True), (LARGEST + 1, False), (2**63, False)):
        usage = usage_of({"input_tokens": count, "output_tokens": 1})
        assert (usage.input_tokens == count, usage.is_inconsistent) == (is_believed, not is_believed)
    assert LARGEST * 1_000_000 < 2**63


@given(SAID)
def test_what_nobody_said_stays_unsaid_and_zero_stays_zero(counts: dict[str, int | None]) -> None:
    usage = said(usage_of(counts))
    assert set(usage) == {name for name, count in counts.items() if count is not None}
    assert all(usage[name] == 0 for name, count in counts.items() if count == 0)


@given(SAID)
def test_totals_that_have_no_total_above_them_are_never_changed(counts: dict[str, int | None]) -> None:
    usage = usage_of(counts)
    assert usage.input_tokens == counts.get("input_tokens")
    assert usage.output_tokens == counts.get("output_tokens")


@given(SAID)
def test_clamped_and_marked_are_the_same_thing(counts: dict[str, int | None]) -> None:
    usage = usage_of(counts)
    given_counts = {name: count for name, count in counts.items() if count is not None}
    assert usage.is_inconsistent is (said(usage) != given_counts)


@given(SAID)
def test_counting_twice_changes_nothing(counts: dict[str, int | None]) -> None:
    once = usage_of(counts)
    assert said(usage_of(dict(said(once)))) == said(once)


@given(st.lists(SAID, max_size=6))
def test_a_sum_is_that_of_each_count(many: list[dict[str, int | None]]) -> None:
    usages = [usage_of(counts) for counts in many]
    total = added(Usage(), *usages)
    assert total == reduce(added, usages, Usage())
    for name in COUNTS:
        known = [said(usage)[name] for usage in usages if name in said(usage)]
        assert said(total).get(name) == (sum(known) if known else None)
    assert total.is_inconsistent is any(usage.is_inconsistent for usage in usages)


@given(SAID, SAID, SAID)
def test_the_order_of_a_sum_does_not_matter(
    first: dict[str, int | None], second: dict[str, int | None], third: dict[str, int | None]
) -> None:
    a, b, c = usage_of(first), usage_of(second), usage_of(third)
    assert added(added(a, b), c) == added(a, added(b, c))
    assert added(a, b) == added(b, a)


@pytest.mark.parametrize("odd", [-1, True, 1.5, "7"])
def test_a_count_that_is_none_is_dropped_and_marked(odd: Any) -> None:
    usage = usage_of({"input_tokens": odd, "output_tokens": 3})
    assert (usage.input_tokens, usage.output_tokens, usage.is_inconsistent) == (None, 3, True)


def test_a_part_without_its_total_invents_none() -> None:
    usage = usage_of({"cache_read_tokens": 9})
    assert said(usage) == {"cache_read_tokens": 9}
    assert not usage.is_known


def test_an_estimate_and_a_part_are_marked_through_a_sum() -> None:
    total = added(Usage(input_tokens=1, estimated="characters"), Usage(output_tokens=2, is_partial=True))
    assert (total.estimated, total.is_partial, total.total_tokens) == ("characters", True, 3)
    assert added(Usage(), total, Usage(estimated="words")).estimated == "characters"


@given(st.sets(st.sampled_from(COUNTS)))
def test_divisions_are_the_totals_and_parts_among_the_names(names: set[str]) -> None:
    expected = [
        (total, tuple(part for part in parts if part in names))
        for total, parts in FITS
        if total in names and not names.isdisjoint(parts)
    ]
    assert list(divisions_of(names)) == expected
