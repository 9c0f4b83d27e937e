"""The first sessions are those that exact sums of all put first, whatever was repeated or witnessed twice."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, cast

import pytest

from store.telemetry import NOON_NS, SECOND_NS, call, request, span
from submeter.store import questions
from submeter.store.ranking import first_sessions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from submeter.store.database import Reader, Store

PAGES = [(1, 0), (3, 0), (5, 7), (50, 0), (7, 55), (2000, 0)]


class Told:
    """A store that notes which questions were put to it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.asked: list[tuple[str, object]] = []

    def ask(self, question: str, parameters: Mapping[str, object]) -> list[dict[str, Any]]:
        self.asked.append((question, parameters.get("among")))
        return self._store.ask(question, parameters)

    def export(self, question: str, parameters: Mapping[str, object], output_format: str) -> bytes:
        raise NotImplementedError

    def answer(self, query: str, output_format: str) -> bytes:
        raise NotImplementedError


SHARED = (
    *("s-21958", "s-37286", "s-45955", "s-50872", "s-64353", "s-72976", "s-78321", "s-86451", "s-95855"),
    *("s-3241", "s-41509", "s-44682", "s-49151", "s-50920", "s-64289", "s-78199", "s-83346"),
    *("s-21760", "s-30272", "s-37391", "s-49465", "s-60290", "s-62011", "s-69855", "s-91182"),
)
"""Sessions that share three buckets of the engine's hash."""

DAY = questions.Filters(start=questions.moment(NOON_NS), end=questions.moment(NOON_NS + 86_400 * SECOND_NS))


def exact(store: Reader, asked: Mapping[str, object], limit: int, offset: int) -> list[dict[str, Any]]:
    return store.ask("sessions", {**asked, "limit": limit, "offset": offset, "among": [], "buckets": []})


def filled(store: Store, random: Random, repetitions: int) -> None:
    """Sixty sessions and calls without one; some calls come again in another version, some from another witness."""
    calls = [(number, random.randrange(61)) for number in range(1, 181)]
    for batch in range(repetitions + 1):
        chosen = calls if not batch else random.sample(calls, 90)
        spans = [
            span(
                call(
                    f"s{session:02}" if session else "",
                    "ada",
                    (random.randrange(2000), 7),
                    random.choice([None, 0.1, 2.5]),
                    submeter__context__utilization=random.choice([0.1, 0.5, 0.9]),
                ),
                trace=number,
                id_=number,
                start_ns=NOON_NS + number * SECOND_NS,
            )
            for number, session in chosen
        ]
        store.insert_traces(request(spans), f"ours-{batch}")
    theirs = [
        span(
            call(f"s{session:02}" if session else "", "ada", (9000, 9)),
            trace=number,
            id_=10_000 + number,
            parent=number,
            start_ns=NOON_NS + number * SECOND_NS,
        )
        for number, session in calls[::3]
    ]
    store.insert_traces(request(theirs, scope="another"), "theirs")


@pytest.mark.parametrize("repetitions", [0, 1, 6])
def test_every_page_in_every_order_is_that_of_the_exact_sums_of_all(store: Store, repetitions: int) -> None:
    filled(store, Random(repetitions), repetitions)  # noqa: S311  (data to test with)
    for filters in (questions.Filters(), questions.Filters(model="gpt-4o-2024-08-06", user="ada")):
        for order in questions.ORDERS:
            asked = {**questions.parameters(filters), "order": order}
            for limit, offset in PAGES:
                rows = first_sessions(store, asked, limit=limit, offset=offset)
                assert rows == exact(store, asked, limit, offset), (order, limit, offset)


def test_a_session_whose_bound_is_below_that_of_many_repeated_ones_still_comes_first(store: Store) -> None:
    small = [span(call(f"small-{n}", tokens=(100, 0)), trace=n, id_=n) for n in range(1, 61)]
    for token in range(3):
        store.insert_traces(request(small), f"small-{token}")
    store.insert_traces(request([span(call("large", tokens=(150, 0)), trace=99, id_=99)]), "large")
    assert [row.session_id for row in questions.sessions(store, order="tokens", limit=1)] == ["large"]


def test_without_repetitions_only_those_that_can_come_first_are_summed_exactly(store: Store) -> None:
    made = [span(call(f"s-{n:02}", tokens=(100 + n % 7, 0)), trace=n, id_=n) for n in range(1, 81)]
    store.insert_traces(request(made), "once")
    told = Told(store)
    rows = first_sessions(told, {**questions.parameters({}), "order": "tokens"}, limit=5, offset=0)
    assert [row["session_id"] for row in rows] == ["s-06", "s-13", "s-20", "s-27", "s-34"]
    assert [name for name, _ in told.asked] == ["session_bounds", "sessions"]
    assert len(cast("list[str]", told.asked[1][1])) == 25


def test_of_a_day_the_sessions_of_few_buckets_are_summed_exactly(store: Store) -> None:
    names = [*SHARED, *(f"t-{number:02}" for number in range(80))]
    made = [
        span(call(name, tokens=(5000 - 10 * number, 0)), trace=number + 1, id_=number + 1)
        for number, name in enumerate(names)
    ]
    store.insert_traces(request(made), "once")
    told = Told(store)
    asked = {**questions.parameters(DAY), "order": "context"}
    first_sessions(told, {**asked, "order": "tokens"}, limit=30, offset=0)
    assert [name for name, _ in told.asked] == ["bucket_bounds", "session_bounds", "sessions"], "a half is much"
    for name, limit in (("large", 2), ("larger", 3)):
        store.insert_traces(request([span(call(name, tokens=(900_000, 0)))]), name)
        told.asked.clear()
        rows = first_sessions(told, {**asked, "order": "tokens"}, limit=limit - 1, offset=0)
        assert rows == exact(store, {**asked, "order": "tokens"}, limit - 1, 0)
        assert [name for name, _ in told.asked] == ["bucket_bounds", "sessions"]


def test_sessions_that_share_a_bucket_hide_none_that_comes_before_them(store: Store) -> None:
    """The three buckets have the most by far, and no session in them has."""
    alone = [f"t-{number:02}" for number in range(60)]
    spans = [span(call(name, tokens=(1000, 0), cost=0.01)) for name in SHARED]
    spans += [span(call(name, tokens=(1001, 0), cost=0.010001)) for name in alone for _ in range(2)]
    spans += [span(call("many", tokens=(700, 0), cost=0.007)) for _ in range(3)]
    store.insert_traces(request(spans), "once")
    for order in questions.ORDERS:
        asked = {**questions.parameters(DAY), "order": order}
        for limit, offset in ((1, 0), (3, 0), (20, 5), (50, 9), (60, 0), (50, 33)):
            assert first_sessions(store, asked, limit=limit, offset=offset) == exact(store, asked, limit, offset)


def test_a_reader_of_some_services_gets_the_first_of_these(store: Store) -> None:
    for service, tokens in (("shop", 100), ("bank", 10_000), ("post", 50)):
        spans = [
            span(call(f"t-{number:02}", tokens=(tokens + 7 * (number * tokens % 83), 1)), start_ns=NOON_NS + number)
            for number in range(70)
        ]
        for token in range(2):
            store.insert_traces(request(spans[: 70 - 40 * token], service=service), f"{service}-{token}")
    reader = store.scoped(["shop", "post"])
    asked = {**questions.parameters(DAY), "order": "tokens"}
    for limit, offset in ((1, 0), (7, 3), (45, 0)):
        rows = first_sessions(reader, asked, limit=limit, offset=offset)
        assert rows == exact(reader, asked, limit, offset)
        assert max(row["input_tokens"] for row in rows) < 10_000


@pytest.mark.parametrize("order", questions.ORDERS)
def test_the_hours_at_the_edges_of_a_period_are_in_it(store: Store, order: str) -> None:
    start, end = NOON_NS - 1800 * SECOND_NS, NOON_NS + 3600 * SECOND_NS
    times = {"before": start - 1, "first": start, "noon": NOON_NS, "last": end - 1, "after": end}
    for name, at in times.items():
        store.insert_traces(request([span(call(name), start_ns=at)]), name)  # each in granules of its own
    found = questions.sessions(store, order=order, start=questions.moment(start), end=questions.moment(end))
    assert {row.session_id for row in found} == {"first", "noon", "last"}
