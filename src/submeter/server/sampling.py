"""Sampling: sends the sample data to this very server, through the same intake as everybody's telemetry."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from submeter.server.intake import BusyError, RefusedError
from submeter.server.sample import sample
from submeter.server.signals import TRACES
from submeter.store import StoreError

if TYPE_CHECKING:
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    from submeter.server.intake import Intake


class Sampling:
    """Sends sample data, one load at a time."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._turn = asyncio.Lock()

    async def send(self) -> int:
        """Makes two weeks of calls up to now and stores them; how many spans.

        Raises:
            StoreError: the intake does not take them at the moment.
        """
        async with self._turn:
            request = await asyncio.to_thread(_merged)
            screened = TRACES.screen(request)
            try:
                await self._intake.take(TRACES, request, request.SerializeToString(), screened)
            except (BusyError, RefusedError) as error:
                raise StoreError(f"the sample data was not taken: {error}") from error
            return screened.accepted


def _merged() -> ExportTraceServiceRequest:
    parts = sample(time.time_ns())
    merged = next(parts)
    for part in parts:
        merged.MergeFrom(part)
    return merged
