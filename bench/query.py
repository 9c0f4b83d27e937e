"""How long the questions take on many calls in the embedded store: the median and 95th percentile, in ms.

Run: `python bench/query.py [calls]`, ten million by default (600 MB on disk, some minutes to make). CPU time
beside wall time says how much of it is the question and how much a busy machine.
"""

from __future__ import annotations

import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING, Any, cast

from submeter.store import open_store, questions

if TYPE_CHECKING:
    from collections.abc import Callable

    from submeter.store.database import Database

START = datetime(2026, 9, 1, tzinfo=UTC)
END = START + timedelta(days=30)
DAY = timedelta(days=1)
PART = 100_000
REPEATS = 15


def make(store: Database, calls: int) -> None:
    text = Path(__file__).with_name("query_calls.sql").read_text(encoding="utf-8")
    for first in range(0, calls, PART):
        parameters = {
            "start_ns": questions.nanoseconds(START),
            "calls": calls,
            "first": first,
            "size": min(PART, calls - first),
        }
        store.engine.run(text, parameters)


def measure(label: str, ask: Callable[[], object], repeats: int = REPEATS) -> None:
    ask()
    walls, cpus = list[float](), list[float]()
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        ask()
        walls.append((time.perf_counter() - wall) * 1e3)
        cpus.append((time.process_time() - cpu) * 1e3)
    cuts = quantiles(walls, n=20, method="inclusive")
    print(f"{label:42} p50 {cuts[9]:8.0f}   p95 {cuts[18]:8.0f}   least {min(walls):8.0f}   CPU {min(cpus):8.0f}")


def main(calls: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = cast("Database", open_store(f"chdb://{folder}/store"))
        make(store, calls)
        last: dict[str, Any] = {"start": END - DAY, "end": END}
        (top,) = questions.sessions(store, order="tokens", limit=1, **last)
        print(f"{calls:,} calls; milliseconds of wall time, {REPEATS} repeats; least CPU time")
        session = {"session": top.session_id, "limit": 1000}
        measure("one session's calls", lambda: store.ask("session_calls", session))
        measure("one session, whole page", lambda: questions.session(store, top.session_id))
        measure("top sessions of a day by tokens", lambda: questions.sessions(store, order="tokens", **last))
        measure("latest 100 calls of a day", lambda: questions.calls(store, limit=100, **last))
        measure("usage of a day by user", lambda: questions.usage(store, by="user", **last))
        measure("summary of a day", lambda: questions.summary(store, **last))
        measure("top sessions of 30 days by cost", lambda: questions.sessions(store, order="cost"), 3)
        measure("usage of 30 days by model", lambda: questions.usage(store, by="model"), 3)
        measure("usage of 30 days by day", lambda: questions.usage(store, by="day"), 3)
        store.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000)
