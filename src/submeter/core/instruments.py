"""Instruments: token counters and histograms, fed from finished calls off the host's path.

A histogram record costs 30 us in the SDK, so a call only queues its record; the queue is emptied into the real
instruments at the start of each collection, from an observable's callback, which the SDK runs before it reads
the instruments (opentelemetry-sdk 1.45, `MeasurementConsumer.collect`). Where nobody collects in time, the thread that
batches spans tells what came first, and a call that finds the queue full the first few of it, so that nothing is lost,
memory is bounded, and no call waits for all.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from dataclasses import field
from typing import TYPE_CHECKING, Any

from opentelemetry.metrics import CallbackOptions, NoOpMeter, Observation, get_meter_provider

from submeter import semconv, settings
from submeter.core import abandoned
from submeter.core.guard import attempt
from submeter.core.telemetry import telemetry
from submeter.value import state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from opentelemetry.metrics import Counter, Histogram, Meter

    from submeter.record import CallRecord

FULL = 1024
"""How many finished calls may wait for a collection."""

EASED = 256
"""How many the thread that batches spans leaves waiting: with as many as it takes before it exports, there is room."""

PIECE = 16
"""How many of them a call tells that finds no room: two milliseconds of its thread, where all would be a tenth of a
second; fewer would spare it little, since each set of attributes costs an addition."""

TURN = 128
"""How many of them are summed before their counters are told: what is summed is in no collection of another thread."""

inactive: dict[str, str] = {}
"""SDK package or module -> why it is installed but not metered; reported by `submeter.instrumentation.inactive`."""

UNMETERED = ("does not meter", "Its calls work and are not counted")
UNHEARD = ("does not listen to", "The calls beneath it are counted, without its agents and steps")
"""What submeter does not, and what the application does without."""

GRACE_S = 30
"""How long after its import an SDK that is not metered is reported, if no call was made till then: the program has
had time to set its providers."""

_waiting: deque[CallRecord | Callable[[], CallRecord | None]] = deque()


@state
class Instruments:
    """The instruments of one meter, each made once."""

    meter: Meter
    counters: dict[str, Counter] = field(default_factory=dict[str, Any])
    histograms: dict[str, Histogram] = field(default_factory=dict[str, Any])

    def add(self, name: str, value: float, attributes: dict[str, Any], unit: str = "{token}") -> None:
        """Adds to a counter."""
        counter = self.counters.get(name)
        if counter is None:
            counter = self.counters[name] = self.meter.create_counter(name, unit)
        counter.add(value, attributes)

    def record(
        self, name: str, value: float, attributes: dict[str, Any], unit: str, boundaries: Iterable[float]
    ) -> None:
        """Records into a histogram."""
        histogram = self.histograms.get(name)
        if histogram is None:
            histogram = self.histograms[name] = self.meter.create_histogram(
                name, unit, explicit_bucket_boundaries_advisory=list(boundaries)
            )
        histogram.record(value, attributes)


_instruments: Instruments | None = None


def count(record: CallRecord | Callable[[], CallRecord | None]) -> None:
    """Queues a finished call for the metrics: its record, or what gives that when it is its turn."""
    if _instruments is None:
        _make()
    _waiting.append(record)
    if len(_waiting) >= FULL:
        _turn(_instruments or _make(), PIECE)


def lament(name: str, reason: str, distribution: str, *, lack: tuple[str, str] = UNMETERED, since: str = "") -> None:
    """Notes and warns, once, that an SDK or a module of it is there and not metered.

    The metric must not wait for a call that nobody sees.

    Args:
        name: the import name of the SDK or module.
        reason: why it is not metered.
        distribution: what it is installed as; the SDK's import name will do where it is the same but for its signs.
        lack: what submeter does not, and what the application does without.
        since: the oldest release that is supported.
    """
    if inactive.get(name) == reason:  # said before, when another module of the SDK was imported
        return
    from submeter.core.release import named, remedy  # noqa: PLC0415  (not at every start: the unhappy path alone)

    inactive[name] = reason
    logging.getLogger("submeter").warning(
        "submeter %s %s: %s. %s. %s; `submeter doctor` tells more.",
        *(lack[0], named(name, distribution), reason, lack[1], remedy(distribution, since)),
    )
    if _instruments is None:
        timer = threading.Timer(GRACE_S, attempt, (announce,))
        timer.daemon = True
        timer.start()


def announce() -> None:
    """Reports the SDKs that are not metered, where no call has had the instruments made."""
    if inactive and _instruments is None:
        _make()


def flush() -> None:
    """Empties the queue into the instruments."""
    made = _instruments or _make()
    while _waiting:
        _turn(made, TURN)


def ease() -> None:
    """Tells a turn of what waits where that is much; for a thread that no host waits for."""
    if _instruments is not None and len(_waiting) > EASED:
        _turn(_instruments, TURN)


def _is_mute(meter: Meter) -> bool:
    """Whether what it is told reaches nobody: there are no metrics, or none yet in the application."""
    if type(meter).__name__ == "_ProxyMeter":  # private to the API (1.45), like the provider that it came from
        return type(get_meter_provider()).__name__ == "_ProxyMeterProvider"
    return isinstance(meter, NoOpMeter)


def _turn(made: Instruments, most: int) -> None:
    from submeter.core.measures import measure  # noqa: PLC0415  (off the host's path, and not at its start)
    from submeter.core.sums import Sums  # noqa: PLC0415

    sums, is_mute = Sums(made), _is_mute(made.meter)
    labels, dialect = settings.metric_labels(), settings.dialect()
    try:
        for _ in range(most):
            try:
                waiting = _waiting.popleft()
            except IndexError:  # that was all, or another collection took the last one
                return
            if is_mute:
                continue
            record = attempt(waiting) if callable(waiting) else waiting
            if record is not None:
                attempt(measure, sums, record, labels, dialect)
    finally:  # also where the host is interrupted
        attempt(sums.tell)


def renew() -> None:
    """Gives what waits to the instruments in use, and has the next call make new ones, of another provider."""
    if _instruments is not None:
        flush()
    forget()


def forget() -> None:
    """Drops what waits and the instruments themselves; the next call makes new ones."""
    global _instruments  # noqa: PLW0603  (one set for the process)
    _waiting.clear()
    _instruments = None


def _make() -> Instruments:
    global _instruments  # noqa: PLW0603  (one set for the process)
    meter = telemetry().meter
    _instruments = Instruments(meter)
    meter.create_observable_gauge(semconv.METRIC_INSTRUMENTATION_INACTIVE, [_collect], "{instrumentation}")
    return _instruments


def _collect(_options: CallbackOptions) -> Iterable[Observation]:
    attempt(abandoned.settle)
    attempt(flush)
    return [Observation(1, {semconv.PROVIDER: package}) for package in inactive]


if hasattr(os, "register_at_fork"):  # not on Windows
    # The parent reports what waits. The instruments stay: the SDK's readers go on in the child.
    os.register_at_fork(after_in_child=_waiting.clear)
