"""Writing: what one batch does to the store, in the intake's writer thread.

The token of a batch is made of its requests' digests, so that the same batch tried again is stored once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from submeter.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

    from submeter.record import CallRecord
    from submeter.server.signals import Request, Signal
    from submeter.store.database import Store


@dataclass(frozen=True, slots=True)
class Stored:
    """A batch that is on disk: the model calls in it, and the request itself where the evaluator reads on."""

    calls: tuple[CallRecord, ...] = ()
    logs: ExportLogsServiceRequest | None = None
    metrics: ExportMetricsServiceRequest | None = None


class Writing:
    """The store as the intake uses it; overridden where tests put faults in."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def insert(self, signal: Signal, parts: Sequence[tuple[str, Request]]) -> Stored:
        """Stores the requests of `parts` (digest, request), all of `signal`.

        Raises:
            StoreError: nothing may be acknowledged.
        """
        request = merged(signal, parts)
        token = token_of(signal.name, [digest for digest, _ in parts])
        if isinstance(request, ExportTraceServiceRequest):
            return Stored(calls=self._store.insert_traces(request, token))
        if isinstance(request, ExportLogsServiceRequest):
            self._store.insert_logs(request, token)
            return Stored(logs=request)
        self._store.insert_metrics(request, token)
        return Stored(metrics=request)

    def is_transient(self, error: BaseException) -> bool:
        """Whether the same batch may succeed when it is tried again at once."""
        return isinstance(error, StoreError)


def merged(signal: Signal, parts: Sequence[tuple[str, Request]]) -> Request:
    """The requests of `parts`, all of `signal`, as one."""
    if len(parts) == 1:
        return parts[0][1]
    whole: Any = signal.request()
    for _, request in parts:
        whole.MergeFrom(request)
    return whole


def token_of(kind: str, parts: Sequence[str]) -> str:
    """A deduplication token for a batch of these parts in this order."""
    return f"{kind}-{hashlib.blake2b(chr(10).join(parts).encode(), digest_size=16).hexdigest()}"
