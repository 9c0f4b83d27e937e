"""Couriers: one thread per sink that carries warnings from the outbox to it, so that a dead sink delays no other.

A sink that fails is left alone for longer and longer, up to five minutes; a warning that it refuses for good is
set aside and logged, and those behind it go on.
"""

from __future__ import annotations

import logging
import random
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, Final

from submeter.server.posting import SinkError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from submeter.evaluator.events import WarningEvent
    from submeter.server.outbox import Outbox
    from submeter.server.sinks import Sink

_log = logging.getLogger("submeter.server")
FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 300.0
_IDLE_S: Final = 30.0
_FAREWELL_S: Final = 2.0
_DISK_PAUSE_S: Final = 5.0


class Courier:
    """The carrier of one sink."""

    def __init__(self, sink: Sink, outbox: Outbox) -> None:
        self.sink = sink
        self._outbox = outbox
        self._is_called = threading.Event()
        self._is_over = False
        self._failures = 0
        self._repeated_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=f"submeter-sink-{sink.name}", daemon=True)
        self._thread.start()

    def call(self) -> None:
        """There may be something to carry."""
        self._is_called.set()

    def stop(self) -> None:
        """Carries nothing more; a delivery under way may end or be made again at the next start."""
        self._is_over = True
        self._is_called.set()

    def join(self, timeout_s: float) -> None:
        """Waits for the delivery under way."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._is_over:
            self._is_called.clear()
            try:
                pause_s = self._carry()
            except sqlite3.Error as error:  # a full disk, most of all
                _log.error("the outbox cannot be used: %s; trying again", error)
                pause_s = _DISK_PAUSE_S
            if pause_s:
                self._is_called.wait(pause_s) if not self._failures else self._rest(pause_s)

    def _rest(self, pause_s: float) -> None:
        """Waits out a failure: new warnings do not wake a courier whose sink is dead."""
        end = time.monotonic() + pause_s
        while not self._is_over and (left := end - time.monotonic()) > 0:
            self._is_called.clear()
            self._is_called.wait(min(left, 1.0))

    def _carry(self) -> float:
        """Hands over what is due; how long to wait then, in seconds."""
        found = self._outbox.due(self.sink.name, self.sink.most)
        if found:
            error = self._given([waiting.event for waiting in found])
            return 0.0 if error is None else self._failed(error, max(waiting.attempts for waiting in found))
        return self._repeat() if self.sink.repeat_s else _IDLE_S

    def _given(self, events: Sequence[WarningEvent]) -> SinkError | None:
        ids = [event.id for event in events]
        try:
            self.sink.deliver(events)
        except SinkError as error:
            if not error.is_final:
                pause_s = self._pause(error)
                self._outbox.postponed(self.sink.name, ids, time.time() + pause_s, str(error))
                return error
            if len(events) > 1:  # which of them is at fault? each is tried alone
                failures = [failure for event in events if (failure := self._given([event]))]
                return failures[0] if failures else None
            self._outbox.refused(self.sink.name, ids, str(error))
            _log.error("sink %s refused warning %s for good: %s", self.sink.name, ids[0], error)
            return None
        if self._failures:
            _log.info("sink %s takes warnings again", self.sink.name)
        self._failures = 0
        self._outbox.delivered(self.sink.name, ids)
        return None

    def _failed(self, error: SinkError, attempts: int) -> float:
        pause_s = self._pause(error)
        if not self._failures:
            _log.warning(
                "sink %s took no warning (attempt %d): %s; they are kept and tried again",
                self.sink.name,
                attempts + 1,
                error,
            )
        self._failures += 1
        return pause_s

    def _pause(self, error: SinkError) -> float:
        longer = min(FIRST_PAUSE_S * 2 ** min(self._failures, 16), LONGEST_PAUSE_S)
        return max(longer * random.uniform(0.8, 1.2), min(error.after_s, LONGEST_PAUSE_S))  # noqa: S311  (a jitter)

    def _repeat(self) -> float:
        """Says again what still stands, for sinks that forget; how long to wait then."""
        left_s = self._repeated_at + self.sink.repeat_s - time.monotonic()
        if left_s > 0:
            return min(left_s, _IDLE_S)
        self._repeated_at = time.monotonic()
        standing = self._outbox.standing(self.sink.name, self.sink.lasting_s)
        try:
            for begin in range(0, len(standing), self.sink.most):
                self.sink.deliver(standing[begin : begin + self.sink.most])
        except SinkError as error:
            _log.warning("sink %s did not take its standing warnings again: %s", self.sink.name, error)
        return _IDLE_S


class Couriers:
    """The couriers of a process; the sinks may change while it runs."""

    def __init__(self, outbox: Outbox, sinks: Sequence[Sink] = ()) -> None:
        self._outbox = outbox
        self._couriers: list[Courier] = []
        self.replace(sinks)

    def say(self, events: Sequence[WarningEvent]) -> None:
        """Puts warnings into the outbox, on disk when it returns, and has them carried."""
        self._outbox.put(events, [courier.sink for courier in self._couriers])
        for courier in self._couriers:
            courier.call()

    def replace(self, sinks: Sequence[Sink]) -> None:
        """Carries to these sinks from now on; what waits for one of the same name goes to the new one."""
        for courier in self._couriers:
            courier.stop()
        for courier in self._couriers:
            courier.join(_FAREWELL_S)
        self._couriers = [Courier(sink, self._outbox) for sink in sinks]

    def stop(self) -> None:
        """Ends the threads; what is left is due at the next start."""
        self.replace(())
