"""`submeter demo`: made-up telemetry of three programs, into a running server or the data folder."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from submeter.cli import source
from submeter.plural import several
from submeter.server.period import MOST_DAYS

if TYPE_CHECKING:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


_CLIENT = 3
"""The kind of span that a call of a model is; agents and tools have others."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter demo`."""
    parser.add_argument("--days", type=_days, default=14, metavar="N", help="days of data (default: %(default)s)")
    parser.add_argument("--times", type=_number, default=1, metavar="N", help="so many times as busy (default: 1)")
    source.add_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Sends the made-up calls, a request for each day."""
    from rich.console import Console  # noqa: PLC0415  (needed for the progress alone)
    from rich.progress import Progress  # noqa: PLC0415  (the same)

    from submeter.server.sample import sample  # noqa: PLC0415  (needed by this command alone)

    calls = 0
    with (
        source.receiving(arguments) as send,
        Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress,
    ):
        task = progress.add_task("sending made-up calls", total=arguments.days)
        for request in sample(time.time_ns(), days=arguments.days, busyness=float(arguments.times)):
            send(request)
            calls += _calls(request)
            progress.advance(task)
    sys.stdout.write(
        f"{several(calls, 'made-up call')} stored; look at them with `submeter sessions` or `submeter cost`\n"
    )
    return 0


def _calls(request: ExportTraceServiceRequest) -> int:
    scopes = (scope for resource in request.resource_spans for scope in resource.scope_spans)
    return sum(span.kind == _CLIENT for scope in scopes for span in scope.spans)


def _days(text: str) -> int:
    if (days := _number(text)) <= MOST_DAYS:
        return days
    raise argparse.ArgumentTypeError(f"{days:,} days are too many: use at most {MOST_DAYS:,}")


def _number(text: str) -> int:
    if text.isascii() and text.isdecimal() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")
