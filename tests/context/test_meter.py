"""Meters: the live sum of a scope's calls, and of what was called further within."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

import submeter
from submeter import context
from submeter.record import CallRecord
from submeter.usage import Usage

WORD = st.text("abc", max_size=2)


def test_inner_calls_count_in_the_outer_meter_too() -> None:
    record = CallRecord(
        started_ns=0, ended_ns=1, usage=Usage(input_tokens=3, output_tokens=2), operation="search", step="find",
        request_model="m", cost_usd=0.5,
    )  # fmt: skip
    with submeter.session("outer") as outer, submeter.session("inner") as inner:
        for meter in context.current().meters:
            meter.add(record)
    for meter in (outer, inner):
        usage = meter.usage
        assert (usage.total_tokens, usage.calls, usage.cost_usd, usage.average_tokens_per_call) == (5, 1, 0.5, 5.0)
        assert usage.by_operation["search"].input_tokens == 3
        assert usage.by_step["find"].output_tokens == 2
        assert usage.by_model["m"].calls == 1
        assert list(meter.calls) == [record]


@given(
    st.lists(
        st.builds(
            CallRecord,
            started_ns=st.just(0),
            ended_ns=st.just(1),
            usage=st.builds(
                Usage, input_tokens=st.none() | st.integers(0, 99), output_tokens=st.none() | st.integers(0, 9)
            ),
            operation=WORD,
            cost_usd=st.none() | st.integers(0, 9),
            error_type=st.sampled_from(["", "ValueError"]),
        ),
        max_size=20,
    )
)
def test_a_meter_is_the_sum_of_its_calls(records: list[CallRecord]) -> None:
    meter = context.Meter()
    for record in records:
        meter.add(record)
    known = [record for record in records if record.usage.is_known]
    assert meter.usage.calls == len(records)
    assert meter.usage.total_tokens == sum(record.usage.total_tokens for record in records)
    assert meter.usage.cost_usd == sum(record.cost_usd or 0 for record in known)
    assert meter.usage.unpriced_calls == sum(record.cost_usd is None for record in known)
    assert meter.usage.errors == sum(bool(record.error_type) for record in records)
    assert meter.usage.calls_without_usage == sum(
        not record.usage.is_known and not record.error_type for record in records
    )
    named = [record for record in records if record.operation]
    assert sum(part.calls for part in meter.usage.by_operation.values()) == len(named)


def test_a_meter_keeps_the_last_hundred_calls_and_counts_all() -> None:
    meter = context.Meter()
    for number in range(150):
        meter.add(CallRecord(started_ns=number, ended_ns=number, usage=Usage(input_tokens=1)))
    assert [record.started_ns for record in meter.calls] == list(range(50, 150))
    assert meter.usage.input_tokens == 150


def test_a_meter_counts_every_call_of_many_threads() -> None:
    meter, record = context.Meter(), CallRecord(started_ns=0, ended_ns=1, usage=Usage(input_tokens=1, output_tokens=1))

    def work() -> None:
        for _ in range(500):
            meter.add(record)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (meter.usage.calls, meter.usage.total_tokens) == (2000, 4000)
