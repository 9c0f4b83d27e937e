"""What submeter costs a program that starts: with its variable unset, set, and by `submeter.instrument()`.

    python bench/start.py [--starts 40]

Every figure is CPU time within a fresh interpreter, the median over many of them, the rows taken in turn so that the
machine's moods fall on all alike. Bytecode is compiled and files are cached, as at every start but the first.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_START_FILE = (_ROOT / "src" / "submeter.pth").read_text().strip()
_SDK = """
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry import _logs
trace.set_tracer_provider(TracerProvider())
metrics.set_meter_provider(MeterProvider())
_logs.set_logger_provider(LoggerProvider())
"""
_TIMED = """
import sys, time
{before}
known = len(sys.modules)
begun = time.process_time_ns()
{timed}
taken = time.process_time_ns() - begun
print(taken / 1e6, len(sys.modules) - known)
"""


@dataclass(frozen=True)
class Row:
    """One way to start: what is done before, unmeasured, and what is measured."""

    name: str
    timed: str
    before: str = ""
    is_on: bool = False
    most_ms: float | None = None


ROWS = (
    Row("nothing (the clock itself)", "pass"),
    Row("start file, SUBMETER unset", _START_FILE, most_ms=0.05),
    Row("start file, SUBMETER=1, no LLM library", _START_FILE, is_on=True, most_ms=1.0),
    Row("submeter.instrument(), no LLM library", "import submeter; submeter.instrument()", _SDK),
    Row(
        "submeter.instrument(), openai and anthropic imported",
        "import submeter; submeter.instrument()",
        _SDK + "import openai, anthropic",
        most_ms=15.0,
    ),
)


def started(row: Row) -> tuple[float, int]:
    """CPU milliseconds and modules that one start of `row` adds."""
    told = {name: value for name, value in os.environ.items() if not name.startswith(("SUBMETER", "OTEL_"))}  # noqa: TID251  (a bench, not the package)
    told["PYTHONPATH"] = str(_ROOT / "src")
    told.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its bytecode
    if row.is_on:
        told["SUBMETER"] = "1"
    program = _TIMED.format(before=row.before, timed=row.timed)
    output = subprocess.run([sys.executable, "-c", program], env=told, check=True, capture_output=True, text=True)
    milliseconds, modules = output.stdout.split()
    return float(milliseconds), int(modules)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=40, help="starts of every row (default 40)")
    options = parser.parse_args()
    taken: dict[str, list[tuple[float, int]]] = {row.name: [] for row in ROWS}
    for row in ROWS:
        started(row)
    for _ in range(options.starts):
        for row in ROWS:
            taken[row.name].append(started(row))
    print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} CPUs, ", end="")
    print(f"{options.starts} starts a row\n")
    print("| start | CPU ms, median | quartiles | least | modules added | target |")
    print("|---|---|---|---|---|---|")
    for row in ROWS:
        times = [milliseconds for milliseconds, _ in taken[row.name]]
        low, middle, high = statistics.quantiles(times, n=4)
        target = "" if row.most_ms is None else f"< {row.most_ms:g}"
        modules = max(count for _, count in taken[row.name])
        print(f"| {row.name} | {middle:.3f} | {low:.3f} to {high:.3f} | {min(times):.3f} | {modules} | {target} |")


if __name__ == "__main__":
    main()
