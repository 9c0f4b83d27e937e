"""Whatever was stored, repeated, recomputed, witnessed late or erased: sessions by bounds are those of exact sums."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import closing
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from store.changes import MINUTE_NS, change
from store.telemetry import NOON_NS
from submeter.store import open_store, questions, ranking
from submeter.store.ranking import first_sessions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from submeter.store.database import Store

FEWER = settings(max_examples=settings().max_examples // 50, phases=(Phase.explicit, Phase.reuse, Phase.generate))
"""Every example is a store of its own, asked after each change. A smaller seed is no simpler one, so none is sought."""

STEPS = 6
PAGES = ((1, 0), (3, 2), (30, 0))
PERIODS: Any = (
    {},
    {"start": questions.moment(NOON_NS - 9 * MINUTE_NS), "end": questions.moment(NOON_NS + 99 * MINUTE_NS)},
    {"start": questions.moment(NOON_NS + 21 * MINUTE_NS), "end": questions.moment(NOON_NS + 77 * MINUTE_NS)},
)
"""All of time; hours with all calls, so that buckets are tried; with some, so that versions of a call lie outside."""


def differing(store: Store, asked: Mapping[str, object]) -> list[tuple[int, int]]:
    """The pages that are others by bounds than by exact sums."""
    every = store.ask("sessions", {**asked, "limit": 1000, "offset": 0, "among": [], "buckets": []})
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
        patched.setattr(ranking, "_MOST_BUCKETS", random.choice((3, 6, 2048)))
        shutil.copytree(empty_store, f"{folder}/store", symlinks=True)
        with closing(open_store(f"chdb://{folder}/store")) as store:
            for number in range(STEPS):
                change(store, random, number)
                filters: Any = random.choice(({}, {"user": "ada"}, {"model": "gpt-4o"})) | random.choice(PERIODS)
                asked: dict[str, Any] = {**questions.parameters(filters), "order": random.choice(questions.ORDERS)}
                assert differing(store, asked) == [], (number, asked["order"], filters)
