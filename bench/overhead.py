"""What an instrumentation costs the caller: submeter, the bare SDK, a hand-written floor and the peers, side by side.

    python bench/overhead.py [--rounds 30] [--only bare,submeter,official] [--profile chat]
    python bench/overhead.py --instructions [--only bare,submeter,official]

Every variant runs in a process and environment of its own, all of them alive at once; rounds go through them in a
new random order each, and every round's figures are taken against the bare SDK's of the same round, so that the
machine's moods fall on all alike. Function calls (Python's and C's) are exact and the same on any machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from overhead_environments import python_of, versions
from overhead_instructions import instructions_of
from overhead_variants import VARIANTS, Variant

TIMES = {"chat": 40, "chat_stream": 3, "chat_async": 40, "messages": 60, "messages_stream": 8, "embeddings": 40}
"""Calls a round makes of each workload."""

CHUNKS = 200


class Worker:
    """A variant's process."""

    def __init__(self, variant: Variant, python: Path) -> None:
        self.variant = variant
        self.python = python
        quiet = {"ANTHROPIC_OPEN_TELEMETRY": "false", "TRACELOOP_TRACE_CONTENT": "false", "PYTHONHASHSEED": "0"}
        self._process = subprocess.Popen(
            [python, Path(__file__).with_name("overhead_worker.py"), variant.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **quiet},  # noqa: TID251  (a bench, not the package)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)

    def ready(self) -> None:
        """Waits until the variant is set up."""
        self._read()

    def ask(self, do: str, **more: Any) -> dict[str, Any]:
        """Has the process do something and gives its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **more}).encode() + b"\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            code = self._process.wait(timeout=60)
            raise SystemExit(f"the process of {self.variant.name} ended with {code}; its error, if any, stands above")
        return json.loads(line)


def measured(workers: list[Worker], rounds: int) -> dict[str, dict[str, list[dict[str, float]]]]:
    """Workload -> variant -> its figures in microseconds, one a round.

    `cpu` is that of a call on its thread, `later` what another call adds to the collection that follows and to other
    threads, `once` what is left of that however many calls there were: the one call of each round tells them apart.
    """
    found = {name: {worker.variant.name: list[dict[str, float]]() for worker in workers} for name in TIMES}
    for worker in workers:
        for name in TIMES:
            worker.ask("cpu", name=name, times=5)
    for number in range(rounds):
        print(f"\rround {number + 1} of {rounds}", end="", file=sys.stderr)
        for name, times in TIMES.items():
            for worker in random.sample(workers, len(workers)):
                took, single = worker.ask("cpu", name=name, times=times), worker.ask("cpu", name=name, times=1)
                later = (took["later"] - single["later"]) / (times - 1)
                of_one = {"cpu": took["cpu"] / times, "later": later, "once": single["later"] - later}
                found[name][worker.variant.name].append({key: value * 1e6 for key, value in of_one.items()})
    print(file=sys.stderr)
    return found


def spread(values: list[float]) -> tuple[float, float, float]:
    """Lower quartile, median, upper quartile."""
    low, middle, high = statistics.quantiles(values, n=4)
    return low, middle, high


def _table(title: str, workers: list[Worker], cell: Any) -> None:
    print(f"\n### {title}\n")
    print(f"| variant | {' | '.join(TIMES)} |")
    print(f"|---|{'---|' * len(TIMES)}")
    for worker in workers:
        print(f"| {worker.variant.name} | {' | '.join(cell(worker, name) for name in TIMES)} |")


def _report(workers: list[Worker], rounds: int) -> None:
    calls = {(w.variant.name, name): int(w.ask("calls", name=name)["calls"]) for w in workers for name in TIMES}
    told = {(w.variant.name, name): w.ask("told", name=name) for w in workers for name in TIMES}
    took = measured(workers, rounds)

    def called(worker: Worker, name: str) -> str:
        variant = worker.variant
        count, base = calls[variant.name, name], calls[variant.against, name]
        return f"({count:,})" if variant.name == variant.against else f"+{count - base:,}"

    def per_chunk(worker: Worker, name: str) -> str:
        if not name.endswith("_stream"):
            return ""
        whole = name.removesuffix("_stream")
        added = [calls[worker.variant.name, one] - calls[worker.variant.against, one] for one in (name, whole)]
        return f"{(added[0] - added[1]) / CHUNKS:.1f}"

    def added(worker: Worker, name: str) -> str:
        mine, base = took[name][worker.variant.name], took[name][worker.variant.against]
        if worker.variant.name == worker.variant.against:
            return f"({statistics.median(one['cpu'] for one in base):,.0f} us)"
        shares = [one["cpu"] / other["cpu"] - 1 for one, other in zip(mine, base, strict=True)]
        low, middle, high = spread(shares)
        return f"**{middle:+.0%}** [{low:+.0%}, {high:+.0%}]"

    def later(worker: Worker, name: str) -> str:
        mine, base = took[name][worker.variant.name], took[name][worker.variant.against]
        once, each = (
            statistics.median(one[part] for one in mine) - statistics.median(one[part] for one in base)
            for part in ("once", "later")
        )
        return f"{once:,.0f} + {each:,.0f}"

    def right(worker: Worker, name: str) -> str:
        one = told[worker.variant.name, name]
        return f"{one['spans'] / 10:g} / {one['tokens'] / 10:g}"

    _table("Function calls added per API call, on the caller's thread (bare: all)", workers, called)
    _table("Function calls added per chunk of a stream, beyond those of a whole answer", workers, per_chunk)
    _table("CPU added on the caller's thread: median [quartiles] of rounds paired with the bare SDK", workers, added)
    _table(
        "CPU later, not on the caller's path, us: of a collection, however many calls + of each call", workers, later
    )
    _table("Spans per call / input tokens on them", workers, right)


def _functions(bare: Worker, worker: Worker, name: str) -> None:
    plain, found = bare.ask("functions", name=name), worker.ask("functions", name=name)
    added = {told: count - plain.get(told, 0) for told, count in found.items() if count != plain.get(told, 0)}
    for told, count in sorted(added.items(), key=lambda item: -item[1]):
        print(f"{count:6} {told}")
    print(f"{sum(added.values()):6} in all")


def _instructions(names: list[str]) -> None:
    """Prints what each variant adds to the bare SDK's instructions, and that as a share of the official packages'."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        counts = list(pool.map(instructions_of, names, [python_of(VARIANTS[name]) for name in names]))
    found = dict(zip(names, counts, strict=True))
    print("\n### Instructions added per API call, in thousands (bare: all); share of the official packages'\n")
    print(f"| variant | {' | '.join(TIMES)} |")
    print(f"|---|{'---|' * len(TIMES)}")
    whole = [f"({found['bare'][name] / 1e3:,.0f})" for name in TIMES]
    print(f"| bare | {' | '.join(whole)} |")
    for variant in names[1:]:
        cells = list[str]()
        for name in TIMES:
            added = found[variant][name] - found["bare"][name]
            cells.append(f"+{added / 1e3:,.0f}")
            if "official" in found and variant != "official":
                cells[-1] += f" ({added / (found['official'][name] - found['bare'][name]):.2f})"
        print(f"| {variant} | {' | '.join(cells)} |")


def _rounds(text: str) -> int:
    rounds = int(text)
    if rounds < 2:
        raise argparse.ArgumentTypeError("a spread needs 2 rounds or more")
    return rounds


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=_rounds, default=30, help="rounds of every workload (default 30)")
    parser.add_argument("--only", default=",".join(VARIANTS), help=f"variants, of {', '.join(VARIANTS)}")
    parser.add_argument(
        "--profile", default="", help="print the functions that the last variant adds to this workload, and stop"
    )
    parser.add_argument("--instructions", action="store_true", help="count instructions under valgrind instead")
    options = parser.parse_args()
    names = ["bare", *(name for name in options.only.split(",") if name != "bare")]
    if "openlit" in names and "bare-older" not in names:
        names.insert(names.index("openlit"), "bare-older")
    if unknown := [name for name in names if name not in VARIANTS]:
        parser.error(f"no variant {', '.join(unknown)}; there are {', '.join(VARIANTS)}")
    if options.instructions:
        _instructions(names)
        return
    workers = [Worker(VARIANTS[name], python_of(VARIANTS[name])) for name in names]
    try:
        for worker in workers:
            worker.ready()
        if options.profile:
            _functions(workers[0], workers[-1], options.profile)
            return
        print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} CPUs")
        for worker in workers:
            known = versions(worker.python)
            shown = (
                "openai",
                "anthropic",
                "opentelemetry-sdk",
                *(p.partition(">")[0] for p in worker.variant.packages),
            )
            print(f"{worker.variant.name}: " + ", ".join(f"{one} {known.get(one, '?')}" for one in shown))
        _report(workers, options.rounds)
    finally:
        for worker in workers:
            worker.__exit__()


if __name__ == "__main__":
    main()
