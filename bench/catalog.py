"""What the price table costs: CPU time to load it and to price a call, and the memory it holds.

Run `python bench/catalog.py`. Each load is measured in a fresh process that has loaded what every host with
OpenTelemetry has loaded anyway; CPU time, so that a busy machine changes little.
"""

from __future__ import annotations

import subprocess
import sys
import time

REPEATS = 9
CALLS = 20_000

LOAD = """
import json, logging, pathlib, random, re, time, tracemalloc, typing
import dataclasses, enum, datetime
def now(): return time.process_time_ns()
start = now()
from submeter import catalog, limits, pricing
imported = now()
catalog.find("openai", "gpt-4o-mini-2024-07-18")
first = now()
catalog.find("anthropic", "claude-sonnet-4-5-20250929")
second = now()
catalog.find("openrouter", "openai/gpt-5")
largest = now()
tracemalloc.start()
catalog.reload()
catalog.find("openai", "gpt-4o-mini-2024-07-18")
catalog.find("anthropic", "claude-sonnet-4-5-20250929")
two = tracemalloc.get_traced_memory()[0]
held = list(catalog.models())
print(imported - start, first - imported, second - first, largest - second, two, tracemalloc.get_traced_memory()[0])
"""

LABELS = (
    ("import of pricing and limits, ms", 1e6),
    ("first question: search and one provider, ms", 1e6),
    ("next provider (anthropic), ms", 1e6),
    ("largest provider (openrouter), ms", 1e6),
    ("memory for two providers, kB", 1e3),
    ("memory for every model as an object, kB", 1e3),
)


def loads() -> list[float]:
    """The medians of every figure over fresh processes."""
    runs: list[list[int]] = []
    for _ in range(REPEATS):
        told = subprocess.run([sys.executable, "-c", LOAD], check=True, capture_output=True, text=True).stdout
        runs.append([int(figure) for figure in told.split()])
    return [sorted(figures)[REPEATS // 2] for figures in zip(*runs, strict=True)]


def microseconds(question: str) -> float:
    """CPU time of one evaluation of `question`, least of several rounds."""
    from submeter import catalog, pricing
    from submeter.usage import Usage

    names = {
        "catalog": catalog,
        "pricing": pricing,
        "plain": Usage(input_tokens=1_000, output_tokens=500),
        "cached": Usage(
            input_tokens=9_000, cache_read_tokens=8_000, cache_write_tokens=500, output_tokens=500, reasoning_tokens=90
        ),
        "now": time.time_ns(),
    }
    code = compile(question, "bench", "eval")
    rounds: list[float] = []
    for _ in range(REPEATS):
        start = time.process_time_ns()
        for _ in range(CALLS):
            eval(code, names)  # noqa: S307  (the three questions below)
        rounds.append((time.process_time_ns() - start) / CALLS / 1e3)
    return min(rounds)


def main() -> None:
    """Prints every figure."""
    for (label, unit), figure in zip(LABELS, loads(), strict=True):
        print(f"{label:48} {figure / unit:8.2f}")
    for label, question in (
        ("find, remembered, us", "catalog.find('openai', 'gpt-5')"),
        ("cost of a plain call, us", "pricing.cost_of(plain, provider='openai', model='gpt-5', at_ns=now)"),
        ("cost of a cached call, us", "pricing.cost_of(cached, provider='openai', model='gpt-5', at_ns=now)"),
    ):
        print(f"{label:48} {microseconds(question):8.2f}")


if __name__ == "__main__":
    main()
