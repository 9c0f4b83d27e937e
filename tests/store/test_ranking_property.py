"""Whatever was stored, repeated, recomputed, witnessed late or erased: sessions by bounds are those of exact sums."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import closing
from random import Random
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from store.telemetry import NOON_NS, chat, request, span
from submeter.store import open_store, questions, ranking
from submeter.store.erasure import erase
from submeter.store.ranking import first_sessions
from submeter.store.recomputing import recompute

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    from store.telemetry import Attribute
    from submeter.store.database import Database, Store

FEWER = settings(max_examples=settings().max_examples // 50, phases=(Phase.explicit, Phase.reuse, Phase.generate))
"""Every example is a store of its own, asked after each change. A smaller seed is no simpler one, so none is sought."""

STEPS = 6
SESSIONS = 14
PAGES = ((1, 0), (3, 2), (30, 0))
MINUTE_NS = 60 * 10**9

COUNTS = (0, 1, 100, 2_000, 999_999_999_999_999, "-5", "nan", "1e3", "")
COSTS = (None, 0.0, 0.0001, 0.1, 2.5, -1.0, float("nan"), float("inf"), 9e11)
SHARES = (None, 0.1, 0.5, 0.9, 1.7, -0.3, float("nan"), float("inf"))


def made(random: Random, *, is_theirs: bool) -> Span:
    """A call of few traces and ids, so that most are a call that was sent before, in another version.

    Another instrumentation's spans are the parents of ours, so that one of the two is marked as not to be counted.
    Each version says the same session, on which the question relies, and anything else of the rest.
    """
    id_ = random.randrange(1, 40)
    session = (5 * id_ + is_theirs) % SESSIONS
    found: dict[str, Attribute | None] = {
        "gen_ai.response.model": random.choice(("gpt-4o", "gpt-4o-mini", "no-model")),
        "gen_ai.usage.input_tokens": random.choice(COUNTS),
        "gen_ai.usage.output_tokens": random.choice(COUNTS),
        "session.id": f"s-{session:02}" if session else None,
        "user.id": random.choice(("ada", "ada", "bo", None)),
        "submeter.cost.usd": random.choice(COSTS),
        "submeter.context.utilization": random.choice(SHARES),
    }
    return span(
        {**chat(), **{name: value for name, value in found.items() if value is not None}},
        trace=id_,
        id_=id_ + 1000 * is_theirs,
        parent=0 if is_theirs else id_ + 1000,
        start_ns=NOON_NS + random.randrange(90) * MINUTE_NS,
    )


def change(store: Store, random: Random, number: int) -> None:
    """Stores, repeats, recomputes, merges or erases."""
    database = cast("Database", store)
    kind = random.choice(("ours", "ours", "ours", "again", "theirs", "recompute", "merge", "user", "session", "before"))
    if kind in {"ours", "again", "theirs"}:
        is_theirs = kind == "theirs"
        spans = [made(random, is_theirs=is_theirs) for _ in range(random.randrange(1, 30))]
        for repetition in range(3 if kind == "again" else 1):
            store.insert_traces(request(spans, scope="another" if is_theirs else "submeter"), f"{number}-{repetition}")
    elif kind == "recompute":
        recompute(database)
    elif kind == "merge":
        database.engine.run("OPTIMIZE TABLE otel.llm_call_rows FINAL", {})
    elif kind == "before":
        erase(database, before=questions.moment(NOON_NS + random.randrange(20) * MINUTE_NS))
    else:
        erase(database, user="bo" if kind == "user" else "", session="s-02" if kind == "session" else "")


def differing(store: Store, asked: Mapping[str, object]) -> list[tuple[int, int]]:
    """The pages that are others by bounds than by exact sums."""
    every = store.ask("sessions", {**asked, "limit": 1000, "offset": 0, "among": []})
    return [
        (limit, offset)
        for limit, offset in PAGES
        if first_sessions(store, asked, limit=limit, offset=offset) != every[offset : offset + limit]
    ]


@FEWER
@given(seed=st.integers(0, 2**32))
def test_sessions_by_bounds_are_those_of_exact_sums(empty_store: Path, seed: int) -> None:
    random = Random(seed)  # noqa: S311  (repeatable by its seed)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(ranking, "_MARGIN", random.randrange(2))
        shutil.copytree(empty_store, f"{folder}/store", symlinks=True)
        with closing(open_store(f"chdb://{folder}/store")) as store:
            for number in range(STEPS):
                change(store, random, number)
                filters = random.choice(
                    (questions.Filters(), questions.Filters(user="ada"), questions.Filters(model="gpt-4o"))
                )
                asked: dict[str, Any] = {**questions.parameters(filters), "order": random.choice(questions.ORDERS)}
                assert differing(store, asked) == [], (number, asked["order"], filters)
