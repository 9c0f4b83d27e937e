"""How long the questions take as a store grows: milliseconds of wall and of CPU time, beside DuckDB and SQLite.

Run: `python bench/query.py [calls ...] [--folder DIR] [--sqlite-up-to N] [--plot FILE.svg]`; 100,000, a million and
ten million calls by default. The calls are made once per folder (ten million: 1.2 GB, twenty minutes on two busy
cores) and used again. DuckDB (`pip install duckdb`) and SQLite hold the same calls in one typed table, each once,
so they need not tell repetitions apart, as the store does. CPU time says how much of the wall time is the question
and how much a busy machine.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING, Any, cast

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.generator import make, period
from bench.query_others import others
from bench.query_plot import drawn

from submeter.server.api.questions import QUESTIONS
from submeter.store import open_store, questions
from submeter.store.timeline import first_calls

if TYPE_CHECKING:
    from collections.abc import Callable

    from submeter.store.database import Database

DAY = timedelta(days=1)
REPEATS = 15
SIZES = (100_000, 1_000_000, 10_000_000)
SESSION, TOP, USERS, MODELS = (
    "one session's calls",
    "top sessions of a day by tokens",
    "usage of a day by user",
    "usage of 30 days by model",
)


def measured(ask: Callable[[], object], repeats: int = REPEATS) -> dict[str, float]:
    """Median and 95th percentile of wall time, least wall and CPU time, in ms; one that is long is asked once."""
    if repeats > 1:
        ask()
    walls, cpus = list[float](), list[float]()
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        ask()
        walls.append((time.perf_counter() - wall) * 1e3)
        cpus.append((time.process_time() - cpu) * 1e3)
    cuts = quantiles(walls if repeats > 1 else walls * 2, n=20, method="inclusive")
    return {"p50": cuts[9], "p95": cuts[18], "least": min(walls), "cpu": min(cpus)}


def opened(folder: Path, calls: int) -> Database:
    """The store of so many calls, made if it is not there yet."""
    place = folder / f"calls-{calls}"
    is_new = not (place / "data").is_dir()
    store = cast("Database", open_store(f"chdb://{place.resolve()}"))
    if is_new:
        make(store, calls, period()[0], lambda done: print(f"\rmaking {done:,} of {calls:,} calls", end="", flush=True))
        print()
    return store


def measure(folder: Path, calls: int, *, has_sqlite: bool) -> dict[str, Any]:
    """Every question over one store, and the comparable ones over the others."""
    store = opened(folder, calls)
    (row,) = store.engine.rows("SELECT max(ts) AS last, count() AS calls FROM otel.llm_calls", {})
    end = questions.summary(store).last_ts
    assert end is not None
    last = questions.Filters(start=end - DAY, end=end)
    (top,) = questions.sessions(store, order="tokens", limit=1, **last)
    exactly: dict[str, object] = {
        **questions.parameters(last),
        "order": "tokens",
        "limit": 50,
        "offset": 0,
        "among": [],
        "buckets": [],
    }
    asked: dict[str, Callable[[], object]] = {
        SESSION: lambda: first_calls(store, top.session_id, questions.MOST_CALLS),
        TOP: lambda: questions.sessions(store, order="tokens", **last),
        USERS: lambda: questions.usage(store, by="user", **last),
        MODELS: lambda: questions.usage(store, by="model"),
        "top sessions of a day, all summed exactly": lambda: store.ask("sessions", exactly),
        "one session, whole page": lambda: questions.session(store, top.session_id),
        "latest 100 calls of a day": lambda: questions.calls(store, limit=100, **last),
        "summary of a day": lambda: questions.summary(store, **last),
        "usage of 30 days by day": lambda: questions.usage(store, by="day"),
        "top sessions of 30 days by cost": lambda: questions.sessions(store, order="cost"),
        "cost analysis of 30 days": lambda: QUESTIONS["cost"].answered(store, {}, end),
    }
    found = {name: measured(ask, REPEATS if "30 days" not in name else 1) for name, ask in asked.items()}
    engines = {"submeter": found, **others(store, top.session_id, end, folder, measured, has_sqlite=has_sqlite)}
    store.close()
    return {"calls": row["calls"], "session_calls": top.calls, "engines": engines}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("calls", nargs="*", type=int)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "submeter-bench")
    parser.add_argument("--sqlite-up-to", type=int, default=1_000_000)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    sizes = given.calls or SIZES
    if given.one:
        print(json.dumps(measure(given.folder, sizes[0], has_sqlite=sizes[0] <= given.sqlite_up_to)))
        return
    results: list[dict[str, Any]] = []
    for size in sizes:  # a process has one embedded store open at a time
        command = [sys.executable, __file__, str(size), "--one", "--folder", str(given.folder)]
        done = subprocess.run(
            [*command, "--sqlite-up-to", str(given.sqlite_up_to)], stdout=subprocess.PIPE, check=True, text=True
        )
        results.append(json.loads(done.stdout.splitlines()[-1]))
        tell(results[-1])
    if given.plot:
        given.plot.write_text(drawn(results, (SESSION, TOP, USERS, MODELS)), "utf-8")


def tell(result: dict[str, Any]) -> None:
    """One size as a Markdown table."""
    print(f"\n{result['calls']:,} calls; milliseconds; the session has {result['session_calls']} calls\n")
    print("| question | engine | p50 | p95 | least | CPU |\n| --- | --- | ---: | ---: | ---: | ---: |")
    for engine, found in result["engines"].items():
        for name, ms in found.items():
            print(
                f"| {name} | {engine} | {ms['p50']:,.0f} | {ms['p95']:,.0f} | {ms['least']:,.0f} | {ms['cpu']:,.0f} |"
            )


if __name__ == "__main__":
    main()
