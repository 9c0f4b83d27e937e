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

    from submeter.store.database import Store

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


def exact(store: Store, asked: Mapping[str, object], limit: int, offset: int) -> list[dict[str, Any]]:
    return store.ask("sessions", {**asked, "limit": limit, "offset": offset, "among": []})


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
