"""Watching: the evaluator over what was stored, in the intake's writer thread.

It runs after the senders have their answer. A warning is a log record like any other; one that cannot be
stored at the moment waits for the next batch.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from submeter import semconv
from submeter.evaluator.otlp import points_of
from submeter.server import memory
from submeter.server.announcement import announcement
from submeter.server.restoring import restore
from submeter.server.writing import token_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    from submeter.evaluator import Evaluator, WarningEvent
    from submeter.server.writing import Stored
    from submeter.store.database import Store

_log = logging.getLogger("submeter.server")
_SAVE_EVERY_S: Final = 300.0


class Watching:
    """An evaluator, what it has not yet been able to say, and the file that holds its memory between two runs."""

    def __init__(self, store: Store, evaluator: Evaluator, folder: Path) -> None:
        self._store = store
        self._evaluator = evaluator
        self._folder = folder
        self._unsaid: list[WarningEvent] = []
        self._saved_at = time.monotonic()
        self._is_changed = False
        self.on_said: Callable[[Sequence[WarningEvent]], object] = len
        """Told of the warnings that were just stored, in the writer thread."""

    def restore(self) -> list[str]:
        """Has the evaluator learn the past, and says what was never said; the severities of that.

        Raises:
            StoreError: the past cannot be read.
        """
        self._unsaid += restore(self._evaluator, self._store, self._folder)
        return self._say()

    def judge(self, stored: Stored) -> list[str]:
        """Observes what was stored and stores the warnings it gives rise to; the severities of those.

        Raises:
            StoreError: the warnings wait for the next batch.
        """
        now_ns = time.time_ns()
        self._is_changed = True
        if stored.logs is not None:
            self._evaluator.remember(_said(stored.logs))
        for record in stored.calls:
            self._unsaid += self._evaluator.observe(record, received_ns=now_ns)
        if stored.metrics is not None:
            self._unsaid += self._evaluator.observe_points(points_of(stored.metrics), received_ns=now_ns)
        if time.monotonic() - self._saved_at > _SAVE_EVERY_S:
            self.save()
        return self._say()

    def save(self) -> None:
        """Writes the evaluator's memory down, if it has changed; a disk without room costs the file only."""
        if not self._is_changed:
            return
        self._saved_at = time.monotonic()
        self._is_changed = False
        try:
            memory.write(self._folder, self._evaluator.snapshot(), time.time_ns())
        except OSError as error:
            _log.warning("the evaluator's memory was not saved (%s); the next start reads the store instead", error)

    def _say(self) -> list[str]:
        events = self._unsaid
        if not events:
            return []
        self._store.insert_logs(announcement(events), token_of("warnings", [event.id for event in events]))
        self._unsaid = []
        self.on_said(events)
        for event in events:
            _log.info("%s: %s", event.severity, event.message)
        return [event.severity for event in events]


def _said(request: ExportLogsServiceRequest) -> Iterator[str]:
    """The ids of the warnings that apps have said themselves."""
    for resource in request.resource_logs:
        for scope in resource.scope_logs:
            for record in scope.log_records:
                if record.event_name == semconv.EVENT_WARNING:
                    for attribute in record.attributes:
                        if attribute.key == semconv.WARNING_ID:
                            yield attribute.value.string_value
