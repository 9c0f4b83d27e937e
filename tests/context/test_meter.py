"""Meters: the live sum of a scope's calls, and of what was called further within."""

from __future__ import annotations

import gc
import threading
import weakref
from functools import partial
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

import submeter
from submeter import context
from submeter.context import meter as live
from submeter.context.meter import LEFT_WAITING, MOST_WAITING
from submeter.record import CallRecord
from submeter.usage import Usage
from submeter.value import replace

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

WORD = st.text("abc", max_size=2)
COUNT = st.none() | st.integers(0, 99)
RECORDS = st.lists(
    st.builds(
        CallRecord,
        started_ns=st.just(0),
        ended_ns=st.just(1),
        usage=st.builds(
            Usage,
            input_tokens=COUNT,
            output_tokens=COUNT,
            cache_read_tokens=COUNT,
            estimated=st.sampled_from([None, "one way", "another way"]),
            is_partial=st.booleans(),
        ),
        request_model=WORD,
        operation=WORD,
        step=WORD,
        cost_usd=st.none() | st.floats(0, 1),
        error_type=st.sampled_from(["", "ValueError"]),
    ),
    max_size=3 * MOST_WAITING,
)


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


def counted(meter: context.Meter) -> tuple[str, list[CallRecord]]:
    return repr(meter.usage), list(meter.calls)


def same(record: CallRecord) -> CallRecord:
    return record


@given(RECORDS, st.data())
def test_a_meter_says_the_same_whenever_it_is_looked_at(records: list[CallRecord], data: st.DataObject) -> None:
    watched, now_and_then, at_last = context.Meter(), context.Meter(), context.Meter()
    looks = data.draw(st.sets(st.integers(0, max(len(records), 1))))
    held = watched.usage, watched.calls
    for number, record in enumerate(records):
        watched.add(record)
        now_and_then.add(record)
        at_last.add(partial(same, record))
        assert watched.usage.calls == number + 1
        if number in looks:
            assert counted(now_and_then) == counted(watched)
    assert counted(at_last) == counted(now_and_then) == (repr(held[0]), list(held[1]))


def test_a_sum_of_costs_is_the_same_to_its_last_bit() -> None:
    costs = [0.1, 1e-9, 0.7, 3e8, 0.2, 1e-17] * 20
    meter, usd = context.Meter(), 0.0
    for cost in costs:
        usage = Usage(input_tokens=1)
        meter.add(CallRecord(started_ns=0, ended_ns=1, usage=usage, cost_usd=cost, operation="search"))
        usd += cost
    assert meter.usage.cost_usd == meter.usage.by_operation["search"].cost_usd == usd


def test_what_was_looked_at_once_is_live_while_it_is_held() -> None:
    meter, record = context.Meter(), CallRecord(started_ns=0, ended_ns=1, usage=Usage(input_tokens=1), operation="a")
    meter.add(record)
    usage, calls, part = meter.usage, meter.calls, meter.usage.by_operation["a"]
    meter.add(lambda: record)
    assert (usage.input_tokens, len(calls), part.calls) == (2, 2, 2)


def test_a_meter_that_nobody_looks_at_keeps_few_calls_waiting() -> None:
    meter, asked = context.Meter(), list[int]()

    def call(number: int) -> Callable[[], CallRecord]:
        def record() -> CallRecord:
            asked.append(number)
            return CallRecord(started_ns=number, ended_ns=number, usage=Usage(input_tokens=1))

        return record

    for number in range(MOST_WAITING):
        meter.add(call(number))
    assert asked == []
    meter.add(call(MOST_WAITING))
    assert asked[0] == 0
    assert len(asked) == MOST_WAITING + 1 - LEFT_WAITING
    for number in range(MOST_WAITING + 1, 10 * MOST_WAITING):
        meter.add(call(number))
        assert number - len(asked) <= MOST_WAITING
    assert meter.usage.calls == meter.usage.input_tokens == 10 * MOST_WAITING
    assert asked == list(range(10 * MOST_WAITING))


def test_a_call_without_a_record_is_left_out() -> None:
    meter = context.Meter()
    meter.add(lambda: None)
    meter.add(CallRecord(started_ns=0, ended_ns=1, usage=Usage(input_tokens=1)))
    assert (meter.usage.calls, len(meter.calls)) == (1, 1)


def test_a_call_that_finishes_while_others_are_counted_is_counted_once() -> None:
    meter, records = context.Meter(), [CallRecord(started_ns=0, ended_ns=number) for number in range(2)]

    def meanwhile() -> CallRecord:
        meter.add(records[1])
        return records[0]

    assert meter.usage.calls == 0
    meter.add(meanwhile)
    assert list(meter.calls) == records
    assert meter.usage.calls == 2


def test_a_look_at_a_meter_goes_through_the_guard(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    monkeypatch.setattr(live, "guarded", seen.append)
    meter = context.Meter()
    assert meter.usage.calls == len(meter.calls) == 0
    assert len(seen) == 2


def test_who_looks_while_calls_finish_in_other_threads_misses_none() -> None:
    record = CallRecord(started_ns=0, ended_ns=1, usage=Usage(input_tokens=1, output_tokens=1))
    for _ in range(20):
        meter = context.Meter()
        begin = threading.Barrier(4)

        def work(meter: context.Meter = meter, begin: threading.Barrier = begin) -> None:
            begin.wait()
            for _ in range(40):
                meter.add(lambda: record)

        workers = [threading.Thread(target=work) for _ in range(3)]
        for worker in workers:
            worker.start()
        begin.wait()
        held = meter.usage
        for worker in workers:
            worker.join()
        assert (held.calls, held.total_tokens) == (120, 240)


def test_a_scope_without_its_meters_is_the_same_otherwise() -> None:
    meter = context.Meter()
    scope = context.Scope("s", "u", "o", "p", "a", {"t": "v"}, (meter,), {"n": "v"}, "i", "c", "f", frozenset({"step"}))
    bare = scope.unmetered()
    assert bare == replace(scope, meters=())
    assert bare is scope.unmetered()
    inner = context.beneath(scope, context.Said(agent="b", conversation="d"))
    assert (inner.unmetered().agent, inner.unmetered().conversation_id, inner.meters) == ("b", "d", (meter,))


def test_a_meter_is_freed_without_the_collector() -> None:
    gc.disable()
    try:
        meter = context.Meter()
        meter.add(lambda: None)
        gone = weakref.ref(meter)
        del meter
        assert gone() is None
    finally:
        gc.enable()
