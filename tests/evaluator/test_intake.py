"""Metric points give the same events as calls, and every token counts once."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.calls import HOUR_NS, NOON_NS, SECOND_NS, call
from evaluator.points import Exporter, point
from submeter.evaluator import Evaluator
from submeter.evaluator.announcement import rungs_of
from submeter.evaluator.limit import LimitRule
from submeter.evaluator.points import MetricPoint, source_of
from submeter.evaluator.windows import Calendar, Rolling

if TYPE_CHECKING:
    from submeter.record import CallRecord

INPUT = "gen_ai.client.inference.usage.input_tokens"
OUTPUT = "gen_ai.client.inference.usage.output_tokens"
START = NOON_NS - HOUR_NS

RULES = [
    LimitRule(name="user", limit=3_000, per=("user",), rungs=rungs_of([25, 50, 80, 100])),
    LimitRule(name="cost", measure="cost_usd", limit=1.0, window=Calendar("hour")),
    LimitRule(name="calls", measure="calls", limit=20, per=("user", "model"), window=Rolling(3600)),
    LimitRule(name="output", measure="output_tokens", limit=1_000, per=("model",), window=Calendar("week")),
]


def traffic(seed: int, number: int = 120) -> list[CallRecord]:
    chance = random.Random(seed)  # noqa: S311  (made-up traffic)
    times = sorted(chance.randrange(26 * 3600) for _ in range(number))
    return [
        call(
            chance.randrange(400),
            chance.randrange(100),
            at_ns=NOON_NS + second * SECOND_NS + place,
            user_id=chance.choice(["a", "b", "c"]),
            response_model=chance.choice(["m1", "m2"]),
            cost_usd=chance.choice([None, 0.125, 0.03]),
        )
        for place, second in enumerate(times)
    ]


def by_calls(records: list[CallRecord]) -> list[str]:
    evaluator = Evaluator(RULES)
    return [event.id for record in records for event in evaluator.observe(record)]


@pytest.mark.parametrize("is_cumulative", [False, True], ids=["delta", "cumulative"])
@given(seed=st.integers(0, 10_000))
@settings(max_examples=15)
def test_points_give_the_same_events_as_the_calls_they_stand_for(is_cumulative: bool, seed: int) -> None:
    records = traffic(seed)
    evaluator = Evaluator(RULES)
    exporter = Exporter(is_cumulative=is_cumulative, start_ns=START)
    found: list[str] = []
    for record in records:
        evaluator.observe_points(exporter.collect(record.ended_ns - 1))
        exporter.add(record)
        batch = exporter.collect(record.ended_ns)
        found += [event.id for event in evaluator.observe_points(batch)]
        found += [event.id for event in evaluator.observe_points(batch)]

    assert sorted(found) == sorted(by_calls(records))


@pytest.mark.parametrize("is_cumulative", [False, True], ids=["delta", "cumulative"])
def test_points_collected_every_minute_reach_the_same_sums_as_the_calls(is_cumulative: bool) -> None:
    records = [record for record in traffic(7, 400) if record.ended_ns < NOON_NS + 11 * HOUR_NS]
    watched, measured = Evaluator(RULES), Evaluator(RULES)
    exporter = Exporter(is_cumulative=is_cumulative, start_ns=START)
    time_ns = NOON_NS
    for record in records:
        watched.observe(record)
        while record.ended_ns > time_ns + 60 * SECOND_NS:
            time_ns += 60 * SECOND_NS
            measured.observe_points(exporter.collect(time_ns))
        exporter.add(record)
    measured.observe_points(exporter.collect(time_ns + 60 * SECOND_NS))
    at_ns = NOON_NS + 11 * HOUR_NS

    for user in "abc":
        assert measured.total("user", user, at_ns) == watched.total("user", user, at_ns) > 0
    assert measured.total("output", "m1", at_ns) == watched.total("output", "m1", at_ns) > 0


def one(*points: MetricPoint | list[MetricPoint], rule: LimitRule | None = None) -> float:
    """What is counted of the points."""
    counting = rule or LimitRule(name="r", limit=10**12, per=("service",))
    evaluator = Evaluator([counting])
    for each in points:
        evaluator.observe_points(each if isinstance(each, list) else [each])
    return evaluator.total("r", "shop", NOON_NS)


def test_histograms_count_by_their_sum_when_there_is_no_counter() -> None:
    assert one(point("gen_ai.client.inference.operation.input_tokens", 700, observations=3)) == 700


def test_a_histogram_beside_a_counter_does_not_count_twice() -> None:
    histogram = point("gen_ai.client.inference.operation.input_tokens", 700, observations=3)
    legacy = point("gen_ai.client.token.usage", 700, observations=3, more={"gen_ai.token.type": "input"})
    counter = point(INPUT, 700)

    assert one([histogram, legacy, counter]) == 700
    assert one([counter], [histogram, legacy]) == 700


def test_the_older_conventions_histogram_counts_input_and_output() -> None:
    points = [
        point("gen_ai.client.token.usage", tokens, more={"gen_ai.token.type": token_type})
        for token_type, tokens in (("input", 100), ("output", 20), ("completion", 3), ("weird", 5_000))
    ]

    assert one(points) == 123


def test_another_source_is_judged_by_its_own_metrics() -> None:
    histogram = point("gen_ai.client.inference.operation.input_tokens", 700, source="other")

    assert one([point(INPUT, 50), histogram]) == 750


def test_embeddings_count_beside_inference() -> None:
    points = [point(INPUT, 50), point("submeter.embeddings.input_tokens", 7, kind="embeddings")]

    assert one(points) == 57


def test_parts_by_modality_add_up() -> None:
    points = [point(INPUT, n, more={"gen_ai.token.modality": m}) for m, n in (("text", 50), ("image", 20))]

    assert one(points) == 70


def test_calls_are_the_observations_of_durations_of_model_calls() -> None:
    rule = LimitRule(name="r", measure="calls", limit=10**6, per=("service",))
    points = [
        point("gen_ai.client.inference.duration", 3.2, observations=4),
        point("gen_ai.client.operation.duration", 3.2, observations=4),
        point("gen_ai.client.operation.duration", 1.0, observations=2, kind="embeddings"),
        point("gen_ai.client.operation.duration", 1.0, observations=9, kind="execute_tool"),
    ]

    assert one(points, rule=rule) == 6


def test_metrics_that_say_nothing_of_tokens_are_left_alone() -> None:
    assert one([point("http.server.request.duration", 5_000, observations=9)]) == 0


def test_a_service_whose_calls_come_as_records_does_not_count_twice() -> None:
    evaluator = Evaluator([LimitRule(name="r", limit=10**6, per=("service",))])
    evaluator.observe(call(100))
    evaluator.observe_points([point(INPUT, 100), point(INPUT, 30, service="other")])

    assert evaluator.total("r", "shop", NOON_NS) == 100
    assert evaluator.total("r", "other", NOON_NS) == 30


def test_what_accrued_over_midnight_is_shared_out_by_time() -> None:
    midnight = NOON_NS + 12 * HOUR_NS
    evaluator = Evaluator([LimitRule(name="r", limit=10**6)])
    evaluator.observe_points(
        [point(INPUT, 100, midnight + 15 * SECOND_NS, start_ns=midnight - 45 * SECOND_NS)], received_ns=midnight
    )

    assert evaluator.total("r", "all", midnight - 1) == 75
    assert evaluator.total("r", "all", midnight) == 25


def test_a_first_sample_of_days_ago_counts_only_its_share_today() -> None:
    evaluator = Evaluator([LimitRule(name="r", limit=10**6)])
    points = [point(INPUT, 6_000, NOON_NS, start_ns=NOON_NS - 60 * HOUR_NS, is_cumulative=True)]
    evaluator.observe_points(points)

    assert evaluator.total("r", "all", NOON_NS) == 1_200
    assert evaluator.total("r", "all", NOON_NS - 24 * HOUR_NS) == 2_400


def test_an_old_first_sample_counts_its_share_in_a_rolling_window() -> None:
    evaluator = Evaluator([LimitRule(name="r", limit=10**6, window=Rolling(6 * 3600))])
    evaluator.observe_points([point(INPUT, 6_000, NOON_NS, start_ns=NOON_NS - 60 * HOUR_NS, is_cumulative=True)])

    assert evaluator.total("r", "all", NOON_NS) == 600


def test_a_batch_fires_the_highest_threshold_it_passes() -> None:
    evaluator = Evaluator([LimitRule(name="r", limit=100, per=("user",))])
    batch = [point(INPUT, 85, user="u-7"), point(OUTPUT, 20, user="u-7"), point(INPUT, 10, user="u-8")]

    assert [(e.subject, e.threshold, e.current) for e in evaluator.observe_points(batch)] == [("u-7", 100, 105)]


def test_the_event_carries_what_the_points_labels_tell() -> None:
    evaluator = Evaluator([LimitRule(name="r", limit=100, per=("user",))])
    (event,) = evaluator.observe_points(
        [point(INPUT, 85, user="u-7", session="s-1", more={"gen_ai.request.model": "m"})]
    )

    assert (event.user_id, event.session_id, event.model, event.service, event.trace_id) == (
        "u-7",
        "s-1",
        "m",
        "shop",
        "",
    )


def test_points_whose_identity_was_lost_warn_once_a_day_and_still_count_where_they_can() -> None:
    evaluator = Evaluator(
        [LimitRule(name="user", limit=100, per=("user",)), LimitRule(name="service", limit=10_000, per=("service",))]
    )
    overflow = {"otel.metric.overflow": True}
    events = [
        event
        for minute in range(3)
        for event in evaluator.observe_points([point(INPUT, 5_000, NOON_NS + minute * 60 * SECOND_NS, more=overflow)])
    ]

    assert [(e.type, e.subject_kind, e.subject, e.current) for e in events if e.type == "identity_lost"] == [
        ("identity_lost", "service", "shop", 5_000)
    ]
    assert [e.rule for e in events if e.type != "identity_lost"] == ["service"]
    assert "5,000 tokens of gen_ai.client.inference.usage.input_tokens came without user" in events[0].message


def test_a_point_from_the_future_counts_as_of_now() -> None:
    evaluator = Evaluator([LimitRule(name="r", limit=10**6)])
    evaluator.observe_points([point(INPUT, 7, NOON_NS + 900 * 24 * HOUR_NS)], received_ns=NOON_NS)

    assert evaluator.total("r", "all", NOON_NS) == 7


def test_a_source_is_its_resource_and_scope() -> None:
    resource = {"service.name": "shop", "host.name": "a"}

    assert source_of(resource, "x") == source_of(dict(reversed(resource.items())), "x")
    assert (
        len({source_of(resource, "x"), source_of(resource, "y"), source_of({**resource, "host.name": "b"}, "x")}) == 3
    )
