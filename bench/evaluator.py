"""How fast one core evaluates metric points and calls, and what a subject costs in memory.

Run: `python bench/evaluator.py [--subjects 1000,100000,1000000]`. Points are a delta counter's, two a subject
(input and output tokens); each goes through duplicate detection, two limits (tokens per user and day, tokens
per service and month) and a snapshot's worth of state. Rates are in CPU time, so that a busy machine does not
blur them. The promise is 75,000 points a second and core, of which the decoding of OTLP is reported apart.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import resource
import sys
import tempfile
import time
from typing import TYPE_CHECKING, Any, cast

from submeter import semconv
from submeter.evaluator import SERVER_BOUNDS, Bounds, Evaluator
from submeter.evaluator.limit import LimitRule
from submeter.evaluator.points import MetricPoint, source_of
from submeter.evaluator.windows import Calendar
from submeter.record import CallRecord
from submeter.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from submeter.store.database import Database

NS = 1_000_000_000
NOON_NS = 1_791_547_200 * NS
PROMISE = 75_000
BATCH = 5_000

RULES = (
    LimitRule(name="user_daily", limit=10**7, per=("user",), enforce=True),
    LimitRule(name="service_monthly", limit=10**15, per=("service",), window=Calendar("month", "Europe/Berlin")),
)
SOURCE = source_of({"service.name": "shop", "service.instance.id": "1"}, "submeter")


def points(subjects: int, minute: int) -> Iterator[list[MetricPoint]]:
    """One export's points in batches, two for each subject."""
    start = NOON_NS + minute * 60 * NS
    batch: list[MetricPoint] = []
    for number in range(subjects):
        for metric, value in ((semconv.METRIC_INPUT_TOKENS, 1_200), (semconv.METRIC_OUTPUT_TOKENS, 150)):
            attributes: dict[str, object] = {
                "service.name": "shop",
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.response.model": "gpt-5",
                "user.id": f"user-{number:08}",
            }
            batch.append(MetricPoint(metric, value, 0, start, start + 60 * NS, False, attributes, SOURCE))  # noqa: FBT003
        if len(batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def calls(subjects: int, number: int) -> Iterator[CallRecord]:
    """Finished calls, one for each of up to 100,000 subjects."""
    usage = Usage(input_tokens=1_200, output_tokens=150)
    for subject in range(min(subjects, 100_000)):
        yield CallRecord(
            started_ns=NOON_NS,
            ended_ns=NOON_NS + NS,
            trace_id=f"{subject:032x}",
            span_id=f"{number * 10_000_000 + subject:016x}",
            service="shop",
            user_id=f"user-{subject:08}",
            session_id=f"session-{subject:08}",
            request_model="gpt-5",
            usage=usage,
            context_window=400_000,
            finish_reasons=("stop",),
        )


def cpu(batches: Iterator[Any], take: Callable[[Any], object]) -> tuple[float, int]:
    """CPU seconds that `take` needs for all batches, and how many things they held; making them is not counted."""
    seconds, count = 0.0, 0
    for batch in batches:
        begin = time.process_time()
        take(batch)
        seconds += time.process_time() - begin
        count += len(batch) if isinstance(batch, list) else 1  # pyright: ignore[reportUnknownArgumentType]
    return seconds, count


def resident() -> int:
    """Resident bytes of this process."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123  (not on every system)
        return int(file.read().split()[1]) * resource.getpagesize()


def measured(subjects: int) -> dict[str, float]:
    """All figures for so many subjects."""
    gc.collect()
    before = resident()
    # A bound guarantees its half: what was touched last.
    evaluator = Evaluator(RULES, bounds=Bounds(subjects=2 * subjects, streams=4 * subjects))
    first_s, first = cpu(points(subjects, 0), evaluator.observe_points)
    gc.collect()
    held = resident() - before
    steady_s, steady = cpu(points(subjects, 1), evaluator.observe_points)
    repeated_s, repeated = cpu(points(subjects, 1), evaluator.observe_points)
    snapshot_s, size = snapshot(evaluator)
    return {
        "points a second, first sight": first / first_s,
        "points a second, steady": steady / steady_s,
        "points a second, duplicates": repeated / repeated_s,
        "bytes a stream and subject": held / (subjects * 2),
        "decision, us": decision(evaluator, subjects),
        "calls a second": called(subjects),
        "snapshot, s": snapshot_s,
        "snapshot, MB": size / 1e6,
    }


def snapshot(evaluator: Evaluator) -> tuple[float, int]:
    """CPU seconds and bytes of a snapshot as JSON."""
    begin = time.process_time()
    text = json.dumps(evaluator.snapshot())
    return time.process_time() - begin, len(text)


def decision(evaluator: Evaluator, subjects: int) -> float:
    """CPU microseconds of one decision."""
    asked = [{"user": f"user-{number % subjects:08}", "service": "shop"} for number in range(20_000)]
    begin = time.process_time()
    for values in asked:
        evaluator.decide(values, NOON_NS)
    return (time.process_time() - begin) / len(asked) * 1e6


def called(subjects: int) -> float:
    """Calls a second through the default rules and a limit per user."""
    from submeter.evaluator import DEFAULT_RULES

    evaluator = Evaluator((*DEFAULT_RULES, *RULES), bounds=SERVER_BOUNDS)
    seconds, count = cpu(calls(subjects, 0), evaluator.observe)
    again_s, again = cpu(calls(subjects, 1), evaluator.observe)
    return (count + again) / (seconds + again_s)


def recalled(calls: int) -> tuple[float, float]:
    """CPU and wall seconds of a start that has nothing but the store, which holds so many calls of thirty days."""
    from bench.generator import make, period

    from submeter.server.restoring import recall
    from submeter.store import open_store

    with tempfile.TemporaryDirectory() as folder:
        store = cast("Database", open_store(f"chdb://{folder}/store"))
        make(store, calls, period()[0])
        wall, cpu = time.monotonic(), time.process_time()
        recall(Evaluator(RULES, bounds=SERVER_BOUNDS), store, None)
        found = time.process_time() - cpu, time.monotonic() - wall
        store.close()
    return found


def decoded() -> float:
    """Points a second that are decoded from OTLP, protobuf parsing included."""
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
    from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

    from submeter.evaluator.otlp import points_of

    request = ExportMetricsServiceRequest()
    resource_metrics = request.resource_metrics.add()
    resource_metrics.resource.attributes.add(key="service.name").value.string_value = "shop"
    metric = resource_metrics.scope_metrics.add().metrics.add(name=semconv.METRIC_INPUT_TOKENS)
    metric.sum.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
    for batch in points(BATCH, 0):
        for point in batch:
            number = metric.sum.data_points.add(
                as_int=1_200, start_time_unix_nano=point.start_ns, time_unix_nano=point.time_ns
            )
            for name, value in point.attributes.items():
                number.attributes.add(key=name).value.string_value = str(value)
    body = request.SerializeToString()
    begin = time.process_time()
    count = sum(1 for _ in range(5) for _ in points_of(ExportMetricsServiceRequest.FromString(body)))
    return count / (time.process_time() - begin)


def main(arguments: Sequence[str]) -> int:
    """Prints the figures; 1 when the promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subjects", default="1000,100000,1000000")
    parser.add_argument("--store", type=int, default=0, help="measure the start from a store of so many calls instead")
    chosen = parser.parse_args(arguments)
    if chosen.store:
        cpu_s, wall_s = recalled(chosen.store)
        print(f"start from a store of {chosen.store:,} calls: {cpu_s:.1f} s of CPU, {wall_s:.1f} s")
        return 0
    print(f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}")
    print(f"OTLP decoded: {decoded():,.0f} points a second")
    is_kept = True
    for subjects in [int(text) for text in chosen.subjects.split(",")]:
        figures = measured(subjects)
        print(f"{subjects:,} subjects, {subjects * 2:,} streams")
        for name, value in figures.items():
            print(f"  {name:30} {value:14,.1f}")
        is_kept &= figures["points a second, steady"] >= PROMISE
    print(f"promise of {PROMISE:,} points a second and core: {'kept' if is_kept else 'BROKEN'}")
    return 0 if is_kept else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
