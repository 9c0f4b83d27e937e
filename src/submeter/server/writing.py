"""Writing: what one batch does to the store, in the intake's writer thread.

Rows first, under a token made of the requests' digests, so that the same batch tried again is stored once.
Then, after the senders have their answer, the evaluator judges the calls and its warnings are stored too.
"""

from __future__ import annotations

import hashlib
import logging
import time
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from submeter.server.announcement import announcement
from submeter.server.restoring import restore
from submeter.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from submeter.evaluator import Evaluator, WarningEvent
    from submeter.record import CallRecord
    from submeter.server.signals import Request, Signal
    from submeter.store.database import Store

_log = logging.getLogger("submeter.server")


class Writing:
    """The store and the evaluator, used by one thread at a time."""

    def __init__(self, store: Store, evaluator: Evaluator) -> None:
        self._store = store
        self._evaluator = evaluator
        self._unsaid: list[WarningEvent] = []

    def restore(self) -> list[str]:
        """Has the evaluator learn the past, and says what was never said; the severities of that.

        Raises:
            StoreError: the past cannot be read.
        """
        self._unsaid += restore(self._evaluator, self._store)
        return self._say()

    def insert(self, signal: Signal, parts: Sequence[tuple[str, Request]]) -> tuple[CallRecord, ...]:
        """Stores the requests of `parts` (digest, request), all of `signal`; the model calls among them.

        Raises:
            StoreError: nothing may be acknowledged.
        """
        merged: Any = parts[0][1]
        if len(parts) > 1:
            merged = signal.request()
            for _, request in parts:
                merged.MergeFrom(request)
        token = _token(signal.name, [digest for digest, _ in parts])
        if isinstance(merged, ExportTraceServiceRequest):
            return self._store.insert_traces(merged, token)
        if isinstance(merged, ExportLogsServiceRequest):
            self._store.insert_logs(merged, token)
        else:
            assert isinstance(merged, ExportMetricsServiceRequest)  # noqa: S101  (narrows the union)
            self._store.insert_metrics(merged, token)
        return ()

    def judge(self, records: Sequence[CallRecord]) -> list[str]:
        """Observes stored calls and stores the warnings they give rise to; the severities of those.

        A warning that could not be stored is kept and stored with the next batch's.

        Raises:
            StoreError: the warnings wait for the next batch.
        """
        for record in records:
            self._unsaid += self._evaluator.observe(record, received_ns=time.time_ns())
        return self._say()

    def is_transient(self, error: BaseException) -> bool:
        """Whether the same batch may succeed when it is tried again at once."""
        return isinstance(error, StoreError)

    def _say(self) -> list[str]:
        events = self._unsaid
        if not events:
            return []
        self._store.insert_logs(announcement(events), _token("warnings", [event.id for event in events]))
        self._unsaid = []
        for event in events:
            _log.info("%s: %s", event.severity, event.message)
        return [event.severity for event in events]


def _token(kind: str, parts: Sequence[str]) -> str:
    return f"{kind}-{hashlib.blake2b(chr(10).join(parts).encode(), digest_size=16).hexdigest()}"
