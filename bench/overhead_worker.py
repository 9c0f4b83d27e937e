"""One process of the overhead bench: sets a variant up, then runs workloads as the parent asks by lines of JSON.

A transport inside of the process answers, so that what is measured is the SDK and the variant. Spans and metrics
go through the OpenTelemetry SDK's own batching to exporters that drop them.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from overhead_sink import READER, NoSpans
from overhead_variants import VARIANTS

if TYPE_CHECKING:
    from collections.abc import Callable


class Foreign(SpanProcessor):
    """An application's own span processor, which wants to see spans start: no span can be handed over ready made."""


class Bench:
    """The workloads of this process."""

    def __init__(self) -> None:
        from overhead_answers import Calls

        made = Calls()
        names = (name for name in vars(Calls) if not name.startswith("_"))
        self.work: dict[str, Callable[[], None]] = {name: getattr(made, name) for name in names}

    def cpu(self, name: str, times: int) -> dict[str, float]:
        """CPU seconds of `times` calls on this thread, and what they cost other threads and the collection after them.

        The garbage collector runs in neither: when it does depends on what else there is.
        """
        work = self.work[name]
        gc.collect()
        gc.disable()
        whole, mine = time.process_time(), time.thread_time()
        for _ in range(times):
            work()
        mine, whole = time.thread_time() - mine, time.process_time() - whole
        later = time.process_time()
        trace_provider().force_flush()
        READER.get_metrics_data()
        later = time.process_time() - later
        gc.enable()
        return {"cpu": mine, "later": whole - mine + later}

    def calls(self, name: str) -> dict[str, int]:
        """Function calls, Python's and C's, on this thread in one call of the workload: the least of five."""
        work, found = self.work[name], list[int]()
        gc.collect()
        gc.disable()
        for _ in range(5):
            count = 0

            def note(_frame: object, event: str, _what: object) -> None:
                nonlocal count
                if event in ("call", "c_call"):
                    count += 1

            sys.setprofile(note)
            work()
            sys.setprofile(None)
            found.append(count)
        gc.enable()
        return {"calls": min(found), "most": max(found)}

    def marked(self, name: str, times: int) -> dict[str, int]:
        """Runs the workload between two calls of `os.getppid`, for a count of instructions."""
        work = self.work[name]
        for _ in range(3 * times):  # CPython specialises its bytecode over the first calls
            work()
        trace_provider().force_flush()
        gc.collect()
        gc.disable()
        os.getppid()
        for _ in range(times):
            work()
        os.getppid()
        gc.enable()
        return {"times": times}

    def told(self, name: str) -> dict[str, int]:
        """Spans with input tokens of ten calls of the workload, and the sum of those tokens."""
        trace_provider().force_flush()
        NoSpans.spans = NoSpans.tokens = 0
        for _ in range(10):
            self.work[name]()
        trace_provider().force_flush()
        return {"spans": NoSpans.spans, "tokens": NoSpans.tokens}

    def functions(self, name: str) -> dict[str, int]:
        """Function calls in one call of the workload, by function."""
        found: dict[str, int] = {}

        def note(frame: Any, event: str, what: Any) -> None:
            if event == "call":
                code = frame.f_code
                told = f"{code.co_qualname} ({'/'.join(code.co_filename.split('/')[-2:])}:{code.co_firstlineno})"
            elif event == "c_call":
                told = f"{getattr(what, '__qualname__', what)} (C) < {frame.f_code.co_qualname}"
            else:
                return
            found[told] = found.get(told, 0) + 1

        work = self.work[name]
        work()
        sys.setprofile(note)
        work()
        sys.setprofile(None)
        return found


def trace_provider() -> Any:
    """The tracer provider in use."""
    return trace.get_tracer_provider()


def main() -> None:
    """Answers requests until the parent closes the pipe."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # OpenLIT prints
    variant = VARIANTS[sys.argv[1]]
    if variant.name != "logfire":  # which brings its own providers
        provider = TracerProvider()
        if variant.name == "submeter-api":
            provider.add_span_processor(Foreign())
        provider.add_span_processor(BatchSpanProcessor(NoSpans(), max_queue_size=100_000))
        trace.set_tracer_provider(provider)
        metrics.set_meter_provider(MeterProvider([READER]))
    variant.setup()
    bench = Bench()
    print("{}", file=answers, flush=True)
    for line in sys.stdin:
        wanted = json.loads(line)
        print(json.dumps(getattr(bench, wanted.pop("do"))(**wanted)), file=answers, flush=True)


if __name__ == "__main__":
    main()
