"""Whether submeter leaks: 50,000 streams, read to the end, broken, closed early, dropped, cancelled, never read.

    python bench/soak.py [--streams 50000] [--ordinary]

Every tenth of the way it stops, collects garbage, and counts: memory of the process, calls of ours that are still
alive, and spans against streams. Ends with 1 if a span is missing or extra, a call is alive, or memory still grows.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import platform
import random
import resource
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from overhead_sink import NoSpans
from soak_streams import LATER, NOW, Streams

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

import submeter
from submeter.core import abandoned, guard, instruments
from submeter.core.call import Call

STEPS = 10
MOST_GROWTH_MIB = 2.0
"""How far memory may grow over the second half, in MiB: one call leaked per stream would take twenty times that."""

READER = InMemoryMetricReader()


@dataclass(frozen=True)
class Step:
    """What stands at the end of one tenth."""

    streams: int
    memory_mib: float
    alive: int
    objects: int
    spans: int
    seconds: float


class Foreign(SpanProcessor):
    """An application's own processor, for which spans are started in the ordinary way."""


def memory_mib() -> float:
    """What the process holds in memory now, in MiB."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # macOS: the most it ever held, in bytes


async def _awaited(streams: Streams, number: int, made: Counter[str]) -> None:
    for _ in range(number):
        name = random.choice(LATER)  # noqa: S311  (a mixture, not a secret)
        made[name] += 1
        await getattr(streams, name)()
    await _turn()


def _played(loop: asyncio.AbstractEventLoop, streams: Streams, number: int, made: Counter[str]) -> None:
    for start in range(0, number, 200):
        size = min(200, number - start)
        with submeter.session(f"s-{start}", user="u-1"):
            for _ in range(size // 2):
                name = random.choice(NOW)  # noqa: S311
                made[name] += 1
                getattr(streams, name)()
            loop.run_until_complete(_awaited(streams, size - size // 2, made))
        READER.get_metrics_data()


async def _turn() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def _step(loop: asyncio.AbstractEventLoop, made: int, begun: float) -> Step:
    for _ in range(3):
        gc.collect()
        loop.run_until_complete(_turn())  # closes the asynchronous generators that were collected
    abandoned.settle()
    instruments.flush()
    READER.get_metrics_data()
    every = gc.get_objects()
    alive = sum(type(one) is Call for one in every)
    return Step(made, memory_mib(), alive, len(every), NoSpans.spans, time.process_time() - begun)


def _plot(steps: list[Step]) -> None:
    print("| streams | memory MiB | calls alive | objects | spans | CPU s | |")
    print("|---|---|---|---|---|---|---|")
    most = max(step.memory_mib for step in steps)
    for step in steps:
        bar = "#" * round(40 * step.memory_mib / most)
        told = f"{step.memory_mib:.1f} | {step.alive} | {step.objects:,} | {step.spans:,} | {step.seconds:.0f}"
        print(f"| {step.streams:,} | {told} | `{bar}` |")


def _faults(steps: list[Step]) -> list[str]:
    grown = steps[-1].memory_mib - steps[len(steps) // 2].memory_mib
    found = [
        f"{step.spans - step.streams:+} spans after {step.streams}" for step in steps if step.spans != step.streams
    ]
    found += [f"{step.alive} calls alive after {step.streams}" for step in steps if step.alive]
    if grown > MOST_GROWTH_MIB:
        found.append(f"memory grew by {grown:.1f} MiB over the second half")
    return found + ([f"{guard.failures} failures of our own"] if guard.failures else [])


def main() -> None:
    """Prints the table; exits with 1 where something leaks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=50_000, help="how many streams (default 50000)")
    parser.add_argument("--ordinary", action="store_true", help="start spans in the ordinary way, not ready made")
    options = parser.parse_args()
    provider = TracerProvider()
    if options.ordinary:
        provider.add_span_processor(Foreign())
    provider.add_span_processor(SimpleSpanProcessor(NoSpans()))
    trace.set_tracer_provider(provider)
    metrics.set_meter_provider(MeterProvider([READER]))
    submeter.instrument()
    random.seed(1)
    loop, streams, made, steps = asyncio.new_event_loop(), Streams(), Counter[str](), list[Step]()
    _played(loop, streams, 200, made)
    _step(loop, 0, 0)
    NoSpans.spans = 0
    made.clear()
    begun, size = time.process_time(), options.streams // STEPS
    for _ in range(STEPS):
        _played(loop, streams, size, made)
        steps.append(_step(loop, made.total(), begun))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
    print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} CPUs")
    print(", ".join(f"{count:,} {name}" for name, count in sorted(made.items())), end="\n\n")
    _plot(steps)
    faults = _faults(steps)
    print("\n" + ("; ".join(faults) if faults else "every stream has its one span, no call is alive, memory is flat"))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
