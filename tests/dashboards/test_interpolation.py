"""Macros and variables: the texts that Grafana's own data source would send, and no way out of a quoted text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from submeter.server.interpolation import (
    ALL,
    InterpolationError,
    Span,
    interpolated,
    interval_for,
    query_without_texts,
)

WEEK = Span(1_790_000_000, 1_790_604_800, 3600)


def test_times_become_seconds_of_the_range() -> None:
    found = interpolated("WHERE $__timeFilter(ts)", {}, WEEK)
    assert found == "WHERE ts >= toDateTime(1790000000, 'UTC') AND ts <= toDateTime(1790604800, 'UTC')"
    assert (
        interpolated("$__timeInterval(ts)", {}, WEEK)
        == "toStartOfInterval(toDateTime(ts, 'UTC'), INTERVAL 3600 second)"
    )
    assert interpolated("INTERVAL $__interval_s second", {}, WEEK) == "INTERVAL 3600 second"


def test_all_leaves_a_condition_out_and_values_are_quoted_in_a_list() -> None:
    query = "WHERE $__conditionalAll(if(a != '', a, b) IN (${model:singlequote}), $model) AND c"
    assert interpolated(query, {"model": (ALL,)}, WEEK) == "WHERE 1=1 AND c"
    assert interpolated(query, {"model": ()}, WEEK) == "WHERE 1=1 AND c"
    found = interpolated(query, {"model": ("x", "y'z")}, WEEK)
    assert found == "WHERE if(a != '', a, b) IN ('x','y\\'z') AND c"


@pytest.mark.parametrize("query", ["${user:singlequote}", "$__conditionalAll(a, $user)", "$__unknown(x)", "${user}"])
def test_what_is_not_understood_is_an_error(query: str) -> None:
    with pytest.raises(InterpolationError):
        interpolated(query, {}, WEEK)


@given(st.text())
def test_a_value_stays_within_its_quotes(value: str) -> None:
    found = interpolated("a = ${x:singlequote} AND b", {"x": (value,)}, WEEK)
    assert query_without_texts(found) == "a = '' AND b"


def test_a_value_is_not_read_again_for_macros() -> None:
    found = interpolated("a = ${x:singlequote}", {"x": ("${y:singlequote} $__timeFilter(ts)",), "y": ("z",)}, WEEK)
    assert found == "a = '${y:singlequote} $__timeFilter(ts)'"


def test_an_interval_is_round_and_not_below_the_least() -> None:
    assert interval_for(604_800, 120) == 7200
    assert interval_for(3600, 120, "1m") == 60
    assert interval_for(604_800, 48, "1d") == 86_400
    assert interval_for(10**10, 10) == 31_536_000
