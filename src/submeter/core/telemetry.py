"""Telemetry: the tracer, meter and logger that calls write to.

Chosen at the first call, not at start, so that an application that sets its own providers in `main()` keeps
them. `distro` says how to choose; without it the OpenTelemetry API's global providers are used.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opentelemetry import _logs, metrics, trace

from submeter import semconv
from submeter.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry._logs import Logger, LoggerProvider
    from opentelemetry.metrics import Meter, MeterProvider
    from opentelemetry.trace import Tracer, TracerProvider


@dataclass(frozen=True, slots=True)
class Providers:
    """The three OpenTelemetry providers to write to."""

    traces: TracerProvider
    metrics: MeterProvider
    logs: LoggerProvider
    service: str = ""


@dataclass(frozen=True, slots=True)
class Telemetry:
    """The instruments of the chosen providers, under submeter's scope."""

    tracer: Tracer
    meter: Meter
    logger: Logger
    service: str


def global_providers() -> Providers:
    """The application's own providers, or the API's silent ones."""
    return Providers(trace.get_tracer_provider(), metrics.get_meter_provider(), _logs.get_logger_provider())


choose: Callable[[], Providers] = global_providers
_current: Telemetry | None = None
_lock = threading.RLock()


def telemetry() -> Telemetry:
    """The telemetry in use; the first call decides which providers that means."""
    global _current  # noqa: PLW0603  (chosen once for the process)
    if _current is None:
        with _lock:
            if _current is None:
                _current = _of(choose())
    return _current


def use(chooser: Callable[[], Providers]) -> None:
    """Has the next call choose its providers by `chooser`."""
    global choose, _current  # noqa: PLW0603  (chosen once for the process)
    with _lock:
        choose = chooser
        _current = None


def _of(providers: Providers) -> Telemetry:
    return Telemetry(
        providers.traces.get_tracer(semconv.SCOPE, VERSION),
        providers.metrics.get_meter(semconv.SCOPE, VERSION),
        providers.logs.get_logger(semconv.SCOPE, VERSION),
        providers.service,
    )
