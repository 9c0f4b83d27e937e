"""Streams: what accrues between points is counted once, whatever is lost, repeated or out of order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.calls import NOON_NS, SECOND_NS
from evaluator.points import point
from submeter.evaluator.points import MetricPoint, stream_of
from submeter.evaluator.streams import Streams

TOKENS = "gen_ai.client.inference.usage.input_tokens"
START = NOON_NS - 3600 * SECOND_NS


def at(second: int) -> int:
    return NOON_NS + second * SECOND_NS


def cumulative(value: float, second: int, start_ns: int = START) -> MetricPoint:
    return point(TOKENS, value, at(second), start_ns=start_ns, is_cumulative=True)


def delta(value: float, since: int, until: int) -> MetricPoint:
    return point(TOKENS, value, at(until), start_ns=at(since))


def counted(*points: MetricPoint, streams: Streams | None = None) -> list[float | None]:
    known = Streams(100) if streams is None else streams
    return [None if (found := known.accrued(each)) is None else found.value for each in points]


def test_the_first_cumulative_point_counts_in_full_when_its_start_is_known() -> None:
    assert counted(cumulative(500, 0), cumulative(700, 60)) == [500, 200]


@pytest.mark.parametrize("start_ns", [0, at(0), at(5)], ids=["none", "its own time", "after its time"])
def test_a_first_cumulative_point_of_unknown_start_is_a_baseline(start_ns: int) -> None:
    assert counted(cumulative(500, 0, start_ns), cumulative(700, 60, start_ns)) == [None, 200]


def test_a_lower_value_is_a_restart_and_counts_in_full() -> None:
    assert counted(cumulative(500, 0), cumulative(30, 60), cumulative(50, 120)) == [500, 30, 20]


def test_a_newer_start_is_a_restart_and_counts_in_full_even_when_the_value_is_higher() -> None:
    assert counted(cumulative(500, 0), cumulative(800, 60, at(1)), cumulative(900, 120, at(1))) == [500, 800, 100]


def test_two_processes_of_one_identity_are_told_apart_by_their_start() -> None:
    one, other = START, START + 7
    points = (cumulative(10, 0, one), cumulative(5, 1, other), cumulative(30, 60, one), cumulative(25, 61, other))

    assert counted(*points) == [10, 5, 20, 20]


def test_gaps_in_a_cumulative_stream_lose_nothing() -> None:
    assert counted(cumulative(100, 0), cumulative(900, 3000)) == [100, 800]


def test_repeated_and_late_cumulative_points_count_nothing() -> None:
    points = (cumulative(100, 0), cumulative(300, 120), cumulative(200, 60), cumulative(300, 120), cumulative(350, 180))

    assert counted(*points) == [100, 200, None, None, 50]


def test_delta_points_count_once() -> None:
    points = (delta(10, 0, 60), delta(20, 60, 120), delta(20, 60, 120), delta(10, 0, 60), delta(5, 120, 180))

    assert counted(*points) == [10, 20, None, None, 5]


def test_a_late_delta_point_fills_the_gap_it_left() -> None:
    points = (delta(10, 0, 60), delta(30, 120, 180), delta(20, 60, 120), delta(20, 60, 120))

    assert counted(*points) == [10, 30, 20, None]


def test_a_delta_stream_that_idles_between_points_is_not_late() -> None:
    points = (delta(10, 0, 60), delta(10, 600, 660), delta(10, 1200, 1260))

    assert counted(*points) == [10, 10, 10]


def test_points_older_than_the_first_one_seen_are_taken() -> None:
    assert counted(delta(30, 120, 180), delta(20, 60, 120), delta(10, 0, 60), delta(10, 0, 60)) == [30, 20, 10, None]


def test_delta_points_without_a_start_count_by_their_time() -> None:
    points = (point(TOKENS, 10, at(0)), point(TOKENS, 20, at(60)), point(TOKENS, 20, at(60)))

    assert counted(*points) == [10, 20, None]


def test_a_new_stream_of_a_known_source_has_grown_since_the_source_was_last_heard_of() -> None:
    streams = Streams(100)
    streams.accrued(cumulative(500, 0))
    for second in (60, 120):
        streams.accrued(cumulative(700, second))
    accrual = streams.accrued(point(TOKENS, 80, at(120), start_ns=START, is_cumulative=True, user="new"))

    assert accrual is not None
    assert (accrual.value, accrual.since_ns) == (80, at(60))


@given(st.permutations(range(12)), st.lists(st.integers(0, 11), max_size=12))
def test_delta_points_in_any_order_with_any_repetition_sum_to_the_truth(order: list[int], again: list[int]) -> None:
    points = [delta(2**number, number * 60, number * 60 + 60) for number in range(12)]
    found = counted(*[points[number] for number in [*order, *again]])

    assert sum(value or 0 for value in found) == 2**12 - 1


@given(st.lists(st.integers(0, 100), min_size=1, max_size=20), st.data())
def test_cumulative_points_lost_and_repeated_sum_to_the_last_value(steps: list[int], data: st.DataObject) -> None:
    sums = [sum(steps[: number + 1]) for number in range(len(steps))]
    points = [cumulative(value, number * 60) for number, value in enumerate(sums)]
    kept = data.draw(st.lists(st.sampled_from(points), max_size=40))
    found = counted(*kept, points[-1])

    assert sum(value or 0 for value in found) == sums[-1]


@given(st.integers(1, 60), st.integers(1, 5))
def test_idle_streams_keep_a_bounded_number_of_gaps(points: int, step: int) -> None:
    streams = Streams(10)
    counted(*[delta(1, number * 600, number * 600 + step) for number in range(points)], streams=streams)

    assert streams.gaps() == [min(points - 1, 16)]


def test_a_cumulative_stream_that_was_forgotten_does_not_count_in_full_again() -> None:
    streams = Streams(4)
    counted(cumulative(500, 0), streams=streams)
    for number in range(10):
        counted(point(TOKENS, 1, at(1), start_ns=START, is_cumulative=True, user=f"u-{number}"), streams=streams)

    assert counted(cumulative(700, 60), cumulative(750, 120), streams=streams) == [None, 50]
    assert counted(cumulative(40, 180, at(100)), streams=streams) == [40]


def test_many_delta_streams_do_not_push_out_cumulative_ones() -> None:
    streams = Streams(4)
    counted(cumulative(500, 0), streams=streams)
    for number in range(50):
        counted(point(TOKENS, 1, at(1), start_ns=START, session=f"s-{number}"), streams=streams)

    assert counted(cumulative(700, 60), streams=streams) == [200]


def test_what_streams_know_survives_a_restart() -> None:
    streams = Streams(100)
    counted(cumulative(500, 0), delta(10, 0, 60), delta(30, 120, 180), streams=streams)
    restored = Streams(100)
    restored.load(streams.dump())

    assert counted(cumulative(700, 60), delta(10, 0, 60), delta(20, 60, 120), streams=restored) == [200, None, 20]


@pytest.mark.parametrize(
    "other",
    [
        {"attributes": {"user.id": "u-8"}},
        {"source": "another"},
        {"is_cumulative": True},
        {"is_cumulative": True, "start_ns": 5},
        {"metric": "another"},
    ],
)
def test_a_streams_identity_is_its_source_name_temporality_and_attributes(other: dict[str, Any]) -> None:
    plain = point(TOKENS, 1, user="u-7")

    assert stream_of(plain) != stream_of(plain._replace(**other))
    assert stream_of(plain) == stream_of(plain._replace(value=2, time_ns=7))
