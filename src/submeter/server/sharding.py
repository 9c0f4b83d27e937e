"""Sharding: one of several evaluators, each of which gets the calls and points of its own subjects.

A router in front (a collector's load balancing exporter) sends everything of one user, or else session, to the
same shard. A request is acknowledged once it is in the shard's journal, judged then, and its warnings are in the
outbox before the next one: whatever ends the process, the next start reads memory and journal and says what was
owed, and the outbox knows what was said.

With a store, a shard learns at its start what it never saw, and compares its sums with the store's every minute.
What only the store brings up belongs to the shard that the subject's hash names, and is said a minute later, and
only if the store does not hold that warning by then: the shard that gets the subject's calls comes first.
"""

from __future__ import annotations

import logging
import time
import zlib
from typing import TYPE_CHECKING, Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from submeter.server import memory
from submeter.server.journal import Entry, Journal
from submeter.server.memory import Memory
from submeter.server.restoring import recall, reconciled, remembered
from submeter.server.signals import SIGNALS
from submeter.server.watching import Judging
from submeter.server.writing import Stored, Writing, merged
from submeter.store import StoreError, questions
from submeter.store.rows import span_batch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from submeter.evaluator import Evaluator, WarningEvent
    from submeter.evaluator.limit import LimitRule
    from submeter.server.couriers import Couriers
    from submeter.server.outbox import Outbox
    from submeter.server.ruling import Ruling
    from submeter.server.signals import Request, Signal
    from submeter.store.database import Store

_log = logging.getLogger("submeter.server")
RECONCILE_S: Final = 60.0
_LAG_NS: Final = 120 * 10**9
"""The store is compared as of two minutes ago: calls under way to the shard must not count twice."""

_LONG: Final = frozenset({"week", "month"})
_EVERY_LONG: Final = 15
"""Sums of weeks and months are compared every so many times: they take the store longer."""

_LARGEST_JOURNAL: Final = 256 * 2**20


class ShardWriting(Writing):
    """The intake's storage of a shard: the journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def insert(self, signal: Signal, parts: Sequence[tuple[str, Request]]) -> Stored:
        """Writes the requests of `parts` into the journal.

        Raises:
            OSError: nothing may be acknowledged.
        """
        request = merged(signal, parts)
        self._journal.append(Entry(SIGNALS.index(signal), time.time_ns(), request.SerializeToString()))
        return stored(request)

    def is_transient(self, error: BaseException) -> bool:
        """Whether the same batch may succeed when it is tried again at once."""
        return isinstance(error, OSError)


class ShardWatching(Judging):
    """Judging beside a journal; `number` of `shards`, counted from 1."""

    def __init__(
        self,
        evaluator: Evaluator,
        folder: Path,
        ruling: Ruling,
        couriers: Couriers,
        *,
        journal: Journal,
        outbox: Outbox,
        store: Store | None,
        shard: tuple[int, int],
    ) -> None:
        super().__init__(evaluator, folder, ruling, couriers)
        self._journal = journal
        self._outbox = outbox
        self._store = store
        self._number, self._shards = shard
        self._held: list[WarningEvent] = []
        self._compared_at = time.monotonic()
        self._turns = 0

    def restore(self) -> list[str]:
        """Reads memory and journal, then what the store has beyond; the severities of the warnings that were owed."""
        self.evaluator.remember(self._outbox.ids())
        found = remembered(self.evaluator, self._folder)
        count = 0
        for entry in self._journal.entries(0 if found is None else found.journal):
            signal = SIGNALS[entry.signal]
            self._observe(stored(signal.request.FromString(entry.body)), entry.received_ns)
            count += 1
        _log.info("read %d requests of the journal; %d warnings were owed", count, len(self._unsaid))
        said = self._say()
        self._learn(None if found is None else found.at_ns)
        self.save()
        return said

    def attend(self) -> list[str]:
        """What is due every few seconds, the comparison with the store among it; the severities of what was said."""
        if self._store is not None and time.monotonic() - self._compared_at >= RECONCILE_S:
            self._compared_at = time.monotonic()
            self._compare()
        return super().attend()

    def _learn(self, remembered_ns: int | None) -> None:
        if self._store is None:
            return
        try:
            found = recall(self.evaluator, self._store, remembered_ns, tells=self._is_mine)
        except StoreError as error:
            _log.warning("the store cannot be asked what this shard never saw: %s; the next minute tries again", error)
            return
        self.evaluator.settle(found.summed_before_ns)
        self._held = [event for event in found.events if self._is_mine(event.subject)]

    def _compare(self) -> None:
        assert self._store is not None  # noqa: S101  (its one caller has looked)
        self._turns += 1
        try:
            self._unsaid += self._unknown(self._store, self._held)
            self._held = reconciled(
                self.evaluator,
                self._store,
                time.time_ns() - _LAG_NS,
                tells=self._is_mine,
                is_meant=self._is_due,
            )
        except StoreError as error:
            _log.warning("the sums were not compared with the store: %s", error)

    def _unknown(self, store: Store, events: list[WarningEvent]) -> list[WarningEvent]:
        """Those that neither this outbox nor the store knows by now."""
        if not events:
            return []
        start = questions.moment(min(event.at_ns for event in events) - 40 * 86_400 * 10**9)
        known = {row.warning_id for row in questions.warnings(store, start=start, limit=250_000)}
        known.update(self._outbox.ids())
        return [event for event in events if event.id not in known]

    def _is_due(self, rule: LimitRule) -> bool:
        return getattr(rule.window, "unit", "") not in _LONG or self._turns % _EVERY_LONG == 1

    def _is_mine(self, subject: str) -> bool:
        return zlib.crc32(subject.encode("utf-8", "surrogatepass")) % self._shards == self._number - 1

    def _is_time_to_save(self) -> bool:
        return super()._is_time_to_save() or self._journal.size > _LARGEST_JOURNAL

    def _write(self) -> None:
        number = self._journal.turn()
        memory.write(self._folder, Memory(self.evaluator.snapshot(), time.time_ns(), number))
        self._journal.forget(number)


def stored(request: Request) -> Stored:
    """A request as the evaluator takes it."""
    if isinstance(request, ExportTraceServiceRequest):
        return Stored(calls=span_batch(request.SerializeToString()).records)
    return Stored(logs=request) if isinstance(request, ExportLogsServiceRequest) else Stored(metrics=request)
