"""Watching: the evaluator over what was stored, in the intake's writer thread.

It runs after the senders have their answer. A warning goes into the outbox first, which knows it by its id and
survives every end, then into the store as a log record like any other; one that cannot be written at the moment
waits for the next batch.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from submeter.evaluator.otlp import points_of
from submeter.server import memory
from submeter.server.announcement import announced, announcement
from submeter.server.memory import Memory
from submeter.server.restoring import restore
from submeter.server.writing import token_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from submeter.evaluator import Evaluator, WarningEvent
    from submeter.server.couriers import Couriers
    from submeter.server.ruling import Ruling
    from submeter.server.writing import Stored
    from submeter.store.database import Store

_log = logging.getLogger("submeter.server")
_SAVE_EVERY_S: Final = 300.0


class Judging:
    """An evaluator, what it has not yet been able to say, and the file that holds its memory between two runs."""

    def __init__(self, evaluator: Evaluator, folder: Path, ruling: Ruling, couriers: Couriers) -> None:
        self.evaluator = evaluator
        self._folder = folder
        self._ruling = ruling
        self._couriers = couriers
        self._unsaid: list[WarningEvent] = []
        self._saved_at = time.monotonic()
        self._is_changed = False
        self.on_said: Callable[[Sequence[WarningEvent]], object] = len
        """Told of the warnings that were just stored, in the writer thread."""

    def judge(self, stored: Stored) -> list[str]:
        """Observes what was stored and says the warnings it gives rise to; the severities of those.

        Raises:
            StoreError, sqlite3.Error: the warnings wait for the next batch.
        """
        self._observe(stored, time.time_ns())
        if self._is_time_to_save():
            self.save()
        return self._say()

    def attend(self) -> list[str]:
        """What is due every few seconds: new rules, and warnings that could not be said; their severities."""
        if self._ruling.poll():
            self._couriers.replace(self._ruling.sinks)
        self.rule()
        return self._say()

    def rule(self) -> None:
        """Puts the rules in force that the ruling has."""
        if self.evaluator.rules != self._ruling.rules:
            self.evaluator.replace(self._ruling.rules)

    def save(self) -> None:
        """Writes the evaluator's memory down, if it has changed; a disk without room costs the file only."""
        if not self._is_changed:
            return
        self._saved_at = time.monotonic()
        self._is_changed = False
        try:
            self._write()
        except OSError as error:
            _log.warning("the evaluator's memory was not saved (%s); the next start reads the store instead", error)

    def _write(self) -> None:
        memory.write(self._folder, Memory(self.evaluator.snapshot(), time.time_ns()))

    def _is_time_to_save(self) -> bool:
        return time.monotonic() - self._saved_at > _SAVE_EVERY_S

    def _observe(self, stored: Stored, received_ns: int) -> None:
        self._is_changed = True
        if stored.logs is not None:
            said = announced(stored.logs)
            self.evaluator.remember(event.id for event in said)
            self._couriers.say(said)
        for record in stored.calls:
            self._unsaid += self.evaluator.observe(record, received_ns=received_ns)
        if stored.metrics is not None:
            self._unsaid += self.evaluator.observe_points(points_of(stored.metrics), received_ns=received_ns)

    def _say(self) -> list[str]:
        events = self._unsaid
        if not events:
            return []
        self._tell(events)
        self._unsaid = []
        self.on_said(events)
        for event in events:
            _log.info("%s: %s", event.severity, event.message)
        return [event.severity for event in events]

    def _tell(self, events: list[WarningEvent]) -> None:
        self._couriers.say(events)


class Watching(Judging):
    """Judging beside a store, which holds the calls and takes the warnings."""

    def __init__(self, store: Store, evaluator: Evaluator, folder: Path, ruling: Ruling, couriers: Couriers) -> None:
        super().__init__(evaluator, folder, ruling, couriers)
        self._store = store

    def restore(self) -> list[str]:
        """Has the evaluator learn the past, and says what was never said; the severities of that.

        Raises:
            StoreError: the past cannot be read.
        """
        self._unsaid += restore(self.evaluator, self._store, self._folder)
        return self._say()

    def _tell(self, events: list[WarningEvent]) -> None:
        super()._tell(events)
        self._store.insert_logs(announcement(events), token_of("warnings", [event.id for event in events]))
