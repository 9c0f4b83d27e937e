"""Answers are the same however spans arrived: shuffled, repeated, late. What they should be is counted here, slowly."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from store.telemetry import NOON_NS, SECOND_NS, call, request, span
from submeter.store import questions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    from submeter.store.database import Store

SIZES = [32_000, 128_000, 200_000]
WINDOW = 400_000
ALWAYS = questions.parameters({})


class Made(NamedTuple):
    """A call as it was made; tokens are `None` where none were reported."""

    number: int
    start_ns: int
    session: str
    user: str
    model: str
    operation: str
    step: str
    input_tokens: int | None
    cached: int
    output_tokens: int
    cost: float | None
    is_failed: bool
    is_cut: bool


def made(random: Random, number: int) -> Made:
    """A call of one of few sessions, now and then without tokens, failed, cut off, or just at a size of `SIZES`."""
    size = random.choice([700, 1_024, 5_000, *SIZES, *(size + 1 for size in SIZES), random.randrange(300_000)])
    return Made(
        number=number,
        start_ns=NOON_NS + random.randrange(3) * 13 * 3600 * SECOND_NS + random.randrange(240) * SECOND_NS + number,
        session=random.choice(["", "s1", "s2", "s3", "s4", "s5", "s6"]),
        user=random.choice(["ada", "bob"]),
        model=random.choice(["gpt-5", "gpt-5-mini"]),
        operation=random.choice(["search", "chat"]),
        step=random.choice(["", "rank"]),
        input_tokens=None if random.random() < 0.1 else size,
        cached=random.randrange(500),
        output_tokens=random.randrange(1_000),
        cost=random.choice([None, 0.1, 0.2, 0.000_000_3]),
        is_failed=random.random() < 0.2,
        is_cut=random.random() < 0.2,
    )


def growing(random: Random, first: int) -> list[Made]:
    """A conversation whose inputs grow, a minute apart, with a failure in it that is tried again."""
    start = made(random, first)._replace(session=f"grows-{first}", step="", start_ns=NOON_NS + first)
    size, calls = 1_024, list[Made]()
    for turn in range(4):
        size += random.randrange(1, 900)
        later = start.start_ns + turn * 60 * SECOND_NS
        calls.append(
            start._replace(
                number=first + turn, start_ns=later, input_tokens=size, is_failed=turn == 1, cost=0.25, cached=turn
            )
        )
    return calls


def spanned(one: Made) -> Span:
    attributes = call(
        one.session,
        one.user,
        (one.input_tokens or 0, one.output_tokens),
        one.cost,
        gen_ai__request__model=one.model,
        gen_ai__response__model="",
        gen_ai__usage__cache_read__input_tokens=one.cached,
        gen_ai__response__finish_reasons=["length" if one.is_cut else "stop"],
        submeter__operation=one.operation,
        submeter__step=one.step,
        submeter__tag__team="red" if one.number % 2 else "blue",
        submeter__context__window_tokens=WINDOW,
        submeter__context__utilization=((one.input_tokens or 0) + one.output_tokens) / WINDOW,
    )
    if one.input_tokens is None:
        del attributes["gen_ai.usage.input_tokens"], attributes["gen_ai.usage.output_tokens"]
        del attributes["gen_ai.usage.cache_read.input_tokens"], attributes["submeter.context.utilization"]
    return span(attributes, trace=one.number // 3 + 1, id_=one.number, start_ns=one.start_ns, is_error=one.is_failed)


def arrive(store: Store, random: Random, calls: list[Made], name: str) -> None:
    """Sends every call at least once, in batches of any order, some of them twice and some calls in several."""
    sent = calls + random.choices(calls, k=len(calls) // 2)
    random.shuffle(sent)
    number = 0
    while sent:
        size = random.randrange(1, 20)
        batch, sent = sent[:size], sent[size:]
        number += 1
        for token in (f"{name}-{number}", random.choice([f"{name}-{number}", f"{name}-{number}-again"])):
            store.insert_traces(request([spanned(one) for one in batch]), token)


def usage_of(calls: Iterable[Made]) -> tuple[int, int, int, int]:
    """Calls, input, output and cached tokens."""
    counted = [one for one in calls if one.input_tokens is not None]
    return (
        len(list(calls)),
        sum(one.input_tokens or 0 for one in counted),
        sum(one.output_tokens for one in counted),
        sum(one.cached for one in counted),
    )


def cost_of(calls: Iterable[Made]) -> float:
    return sum(one.cost or 0.0 for one in calls)


def grouped(calls: Iterable[Made], key: Callable[[Made], Any]) -> dict[Any, list[Made]]:
    groups: dict[Any, list[Made]] = defaultdict(list)
    for one in calls:
        groups[key(one)].append(one)
    return groups


KEYS: dict[str, Callable[[Made], str]] = {
    "user": lambda one: one.user,
    "model": lambda one: one.model,
    "session": lambda one: one.session,
    "operation": lambda one: one.operation,
    "tag:team": lambda one: "red" if one.number % 2 else "blue",
    "day": lambda one: datetime.fromtimestamp(one.start_ns // SECOND_NS, UTC).date().isoformat(),
}


def assert_usage(store: Store, calls: list[Made]) -> None:
    for by, key in KEYS.items():
        groups = grouped(calls, key)
        rows = {row.key: row for row in questions.usage(store, by=by)}
        assert rows.keys() == groups.keys(), by
        for name, row in rows.items():
            sums = (row.calls, row.input_tokens or 0, row.output_tokens or 0, row.cache_read_tokens or 0)
            assert sums == usage_of(groups[name]), (by, name)
            assert (row.cost_usd or 0) == pytest.approx(cost_of(groups[name]), abs=1e-12), (by, name)
            assert row.sessions == len({one.session for one in groups[name]} - {""}), (by, name)
            assert row.errors == sum(one.is_failed for one in groups[name]), (by, name)


def assert_sessions(store: Store, calls: list[Made]) -> None:
    groups = grouped(calls, lambda one: one.session)
    rows = {row.session_id: row for row in questions.sessions(store)}
    assert {name: row.calls for name, row in rows.items()} == {name: len(group) for name, group in groups.items()}
    traces = {(one.session, f"{one.number // 3 + 1:032x}") for one in calls if one.session}
    told = store.read("SELECT DISTINCT session_id, trace_id FROM otel.llm_session_traces", {}, "TSV").decode()
    assert {tuple(line.split("\t")) for line in told.splitlines()} == traces
    for name, group in groups.items():
        detail = questions.session(store, name)
        wanted = [f"{one.number:016x}" for one in sorted(group, key=lambda one: (one.start_ns, one.number))]
        assert [row.span_id for row in detail.calls] == wanted
        assert detail.summary == rows[name]


def assert_profile(store: Store, calls: list[Made]) -> None:
    groups = grouped(calls, lambda one: (one.model, one.operation))
    rows = store.ask("cost_profile", {**ALWAYS, "sizes": SIZES})
    assert {(row["model"], row["operation"]) for row in rows} == groups.keys()
    for row in rows:
        group = groups[row["model"], row["operation"]]
        sums = (row["calls"], row["input_tokens"], row["output_tokens"], row["cache_read_tokens"])
        assert sums == usage_of(group)
        parts = {"": group, "failed_": [o for o in group if o.is_failed], "cut_": [o for o in group if o.is_cut]}
        for name, part in parts.items():
            assert row[f"{name}calls"] == len(part)
            assert (row[f"{name}cost_usd"] or 0) == pytest.approx(cost_of(part), abs=1e-12)
        above = [usage_of([one for one in group if (one.input_tokens or 0) > size]) for size in SIZES]
        assert list(zip(*above, strict=True)) == [
            tuple(row[name]) for name in ("calls_above", "input_above", "output_above", "cached_above")
        ]


def repetition(calls: Iterable[Made]) -> list[int]:
    """Of one step of one session: does it grow, tokens sent again, cached and longest, calls tried again."""
    inputs = [one.input_tokens for one in sorted(calls, key=lambda one: one.start_ns) if one.input_tokens is not None]
    times = [one.start_ns // SECOND_NS for one in calls]
    is_growing = (
        len(inputs) > 1
        and 1_024 <= inputs[0] == min(inputs) < max(inputs) == inputs[-1]
        and max(times) - min(times) <= 300 * (len(inputs) - 1)
    )
    failed = [one.start_ns for one in calls if one.is_failed]
    answered = [one.start_ns for one in calls if not one.is_failed]
    retried = len(failed) if failed and answered and max(answered) > min(failed) else 0
    grown = [1, sum(inputs) - max(inputs), usage_of(calls)[3], max(inputs)] if is_growing else [0, 0, 0, 0]
    return [*grown, retried]


def assert_repetition(store: Store, calls: list[Made]) -> None:
    wanted: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * 5)
    in_sessions = (one for one in calls if one.session)
    for key, group in grouped(in_sessions, lambda one: (one.model, one.operation, one.session, one.step)).items():
        wanted[key[:2]] = [a + b for a, b in zip(wanted[key[:2]], repetition(group), strict=True)]
    names = ("growing_sessions", "repeated_tokens", "cached_tokens", "longest_tokens", "retried_calls")
    found = {
        (row["model"], row["operation"]): [row[name] for name in names] for row in store.ask("cost_repetition", ALWAYS)
    }
    assert found == {key: sums for key, sums in wanted.items() if sums[0] or sums[4]}
    assert any(sums[0] and sums[4] for sums in found.values())


@pytest.mark.parametrize("seed", range(2))
def test_every_answer_is_that_of_the_calls_each_once(store: Store, seed: int) -> None:
    random = Random(seed)  # noqa: S311  (the same calls every time)
    calls = [made(random, number) for number in range(1, 100)]
    calls += [one for first in (1_000, 2_000, 3_000) for one in growing(random, first)]
    arrive(store, random, calls, "first")
    assert questions.summary(store).calls == len(calls)
    for check in (assert_usage, assert_sessions, assert_profile, assert_repetition):
        check(store, calls)
    late = [made(random, number) for number in range(200, 230)]
    arrive(store, random, late + calls[:20], "late")
    for check in (assert_usage, assert_sessions, assert_profile, assert_repetition):
        check(store, calls + late)
