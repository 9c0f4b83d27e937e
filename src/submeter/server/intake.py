"""Intake: what senders delivered waits here for the next batch, and is acknowledged once the store has it.

One batch is written at a time, by one thread; requests that arrive meanwhile form the next. A request is
told by the digest of its body, so a sender that repeats an unanswered request joins the first one instead of
being counted twice. A batch that the store refuses is halved until the request at fault stands alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import shutil
import time
from collections import OrderedDict, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from submeter.server.poison import Poison
from submeter.server.rate import Rate
from submeter.server.signals import SIGNALS
from submeter.server.writing import Stored

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from submeter.record import CallRecord
    from submeter.server.counters import Counters
    from submeter.server.options import Limits
    from submeter.server.signals import Request, Screened, Signal
    from submeter.server.writing import Writing

_log = logging.getLogger("submeter.server")
_REMEMBERED: Final = 20_000
_RETRIES: Final = 2
_ATTEND_S: Final = 2.0
_RETRY_PAUSE_S: Final = 0.05


class BusyError(Exception):
    """Not now: the sender keeps the request and comes again after `retry_after_s` seconds. `kind` is counted."""

    def __init__(self, kind: str, message: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry_after_s = retry_after_s


class RefusedError(Exception):
    """Never: the store takes its neighbours but not this request, and repeating it would not help."""


@dataclass(slots=True, eq=False)
class Delivery:
    """One request that waits: its size in bytes, its number of items, and its answer (an error or nothing)."""

    signal: Signal
    request: Request
    size: int
    items: int
    digest: str
    answer: asyncio.Future[BusyError | RefusedError | None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Watched(Protocol):
    """The evaluator as the intake uses it, in its own thread; each gives the severities of the warnings it said."""

    def restore(self) -> Sequence[str]:
        """Before the first batch."""
        ...

    def judge(self, stored: Stored) -> Sequence[str]:
        """After each batch."""
        ...

    def attend(self) -> Sequence[str]:
        """Every few seconds."""
        ...

    def save(self) -> None:
        """At the end."""
        ...


class Intake:
    """The queue between the receivers and the store. Lives on one event loop."""

    def __init__(
        self, writing: Writing, watching: Watched, limits: Limits, counters: Counters, folder: Path | None
    ) -> None:
        self._writing = writing
        self._watching = watching
        self._limits = limits
        self._counters = counters
        self._folder = folder
        self._attended_at = time.monotonic()
        self._rate = Rate(limits.items_per_second)
        self._poison = Poison()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="submeter-writer")
        self._queue = deque[Delivery]()
        self._queued_bytes = 0
        self._waiting: dict[str, Delivery] = {}
        self._stored = OrderedDict[str, None]()
        self._arrived = asyncio.Event()
        self._is_closing = False
        self._disk_checked_at = 0.0
        self._task: asyncio.Task[None] | None = None
        self.on_stored: Callable[[Sequence[CallRecord]], object] = len
        """Told of the calls of each batch when they are stored."""

    @property
    def depth(self) -> tuple[int, int]:
        """How many requests wait, and their bytes."""
        return len(self._waiting), self._queued_bytes

    def start(self) -> None:
        """Begins to write batches."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="submeter-intake")

    async def close(self) -> None:
        """Takes nothing more, writes what waits, and stops the writing thread."""
        self._is_closing = True
        self._arrived.set()
        if self._task is not None:
            await self._task
        self._thread.shutdown()

    async def take(self, signal: Signal, request: Request, body: bytes, screened: Screened) -> None:
        """Returns when the store has committed `request`; `body` is what it was decoded from.

        Raises:
            BusyError: a limit is reached, or the store cannot write at the moment.
            RefusedError: the store will not take this request.
        """
        if not screened.accepted:
            return
        digest = hashlib.blake2b(body, digest_size=16, person=signal.name.encode()).hexdigest()
        if digest in self._stored:
            self._counters.add("submeter_intake_repeated_requests_total")
            return
        delivery = self._waiting.get(digest)
        if delivery is None:
            self._admit(screened.accepted, len(body))
            delivery = Delivery(signal, request, len(body), screened.accepted, digest)
            self._enqueue(delivery)
        await asyncio.wait({delivery.answer}, timeout=self._limits.commit_seconds)
        if not delivery.answer.done():
            raise self._busy("slow_store", "the store is slow: the request still waits to be written")
        if error := delivery.answer.result():
            raise error

    def _enqueue(self, delivery: Delivery) -> None:
        self._waiting[delivery.digest] = delivery
        self._queue.append(delivery)
        self._queued_bytes += delivery.size
        self._arrived.set()

    def _busy(self, kind: str, message: str, after_s: float = 0.0) -> BusyError:
        return BusyError(kind, message, max(self._limits.retry_after_seconds, int(after_s) + 1))

    def _admit(self, items: int, size: int) -> None:
        if self._is_closing:
            raise self._busy("closing", "the server is shutting down: send again in a moment")
        full = self._queued_bytes + size > self._limits.queue_bytes and self._queued_bytes
        if full or len(self._waiting) >= self._limits.queue_requests:
            raise self._busy("queue_full", "the queue to the store is full: send again in a moment")
        self._check_disk()
        if wait_s := self._rate.wait_s(items):
            message = f"more than {self._limits.items_per_second:g} items a second: send again in a moment"
            raise self._busy("rate", message, wait_s)

    def _check_disk(self) -> None:
        if self._folder is None or time.monotonic() - self._disk_checked_at < 1:
            return
        free = shutil.disk_usage(self._folder).free
        if free < self._limits.free_disk_bytes:
            raise self._busy("disk_full", f"only {free >> 20} MiB are free on the disk of the data folder")
        self._disk_checked_at = time.monotonic()

    async def _run(self) -> None:
        await self._say(self._watching.restore)
        while self._queue or not self._is_closing:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._arrived.wait(), _ATTEND_S)
            await self._attend()
            if not self._is_closing and self._queue:
                await asyncio.sleep(self._limits.linger_seconds)
            self._arrived.clear()
            while self._queue:
                batch = self._next_batch()
                for signal in SIGNALS:
                    if part := [delivery for delivery in batch if delivery.signal is signal]:
                        await self._commit(signal, part)
        await self._say(self._saved)

    async def _attend(self) -> None:
        if time.monotonic() - self._attended_at >= _ATTEND_S:
            self._attended_at = time.monotonic()
            await self._say(self._watching.attend)

    def _next_batch(self) -> list[Delivery]:
        batch = [self._queue.popleft()]
        items, size = batch[0].items, batch[0].size
        while self._queue:
            items, size = items + self._queue[0].items, size + self._queue[0].size
            if items > self._limits.batch_items or size > self._limits.batch_bytes:
                break
            batch.append(self._queue.popleft())
        return batch

    async def _commit(self, signal: Signal, batch: list[Delivery]) -> None:
        stored, error = await self._written(signal, batch)
        if error is None:
            self._poison.stored()
            self._settle(signal, batch, None)
            self._counters.add("submeter_calls_total", len(stored.calls))
            self.on_stored(stored.calls)
            await self._say(partial(self._watching.judge, stored))
        elif len(batch) == 1:
            self._fail(signal, batch[0], error)
        else:
            _log.warning("the store refused a batch of %d requests, halving it: %s", len(batch), error)
            self._counters.add("submeter_intake_batches_total", signal=signal.name, outcome="halved")
            middle = len(batch) // 2
            await self._commit(signal, batch[:middle])
            await self._commit(signal, batch[middle:])

    async def _written(self, signal: Signal, batch: list[Delivery]) -> tuple[Stored, BaseException | None]:
        """What was committed, or the error after retries under the same deduplication token."""
        parts = [(delivery.digest, delivery.request) for delivery in batch]
        pauses = [_RETRY_PAUSE_S * 2**attempt for attempt in range(_RETRIES)]
        while True:
            future = asyncio.get_running_loop().run_in_executor(self._thread, self._writing.insert, signal, parts)
            await asyncio.wait({future})
            error = future.exception()
            if error is None:
                return future.result(), None
            if not pauses or not self._writing.is_transient(error):
                return Stored(), error
            await asyncio.sleep(pauses.pop(0))

    def _saved(self) -> tuple[str, ...]:
        self._watching.save()
        return ()

    async def _say(self, speak: Callable[[], Sequence[str]]) -> None:
        """Counts the warnings that `speak` stores; a failure costs warnings, never data."""
        future = asyncio.get_running_loop().run_in_executor(self._thread, speak)
        await asyncio.wait({future})
        if error := future.exception():
            self._counters.add("submeter_evaluator_failures_total")
            _log.error("the evaluator failed, its warnings wait or are lost: %s", error, exc_info=error)
            return
        for severity in future.result():
            self._counters.add("submeter_warnings_total", severity=severity)

    def _fail(self, signal: Signal, delivery: Delivery, error: BaseException) -> None:
        answer: BusyError | RefusedError
        if self._poison.is_poison(delivery.digest, error):
            answer = RefusedError(f"the store cannot take this request: {error}")
        else:
            answer = self._busy("store_error", f"the store cannot write: {error}")
        _log.error("the store did not take a %s request of %d items: %s", signal.name, delivery.items, error)
        self._settle(signal, [delivery], answer)

    def _settle(self, signal: Signal, batch: list[Delivery], answer: BusyError | RefusedError | None) -> None:
        outcome = "stored" if answer is None else "failed"
        self._counters.add("submeter_intake_batches_total", signal=signal.name, outcome=outcome)
        for delivery in batch:
            del self._waiting[delivery.digest]
            self._queued_bytes -= delivery.size
            if answer is None:
                self._stored[delivery.digest] = None
                self._counters.add("submeter_intake_bytes_total", delivery.size)
            if not delivery.answer.done():
                delivery.answer.set_result(answer)
            items = "submeter_intake_items_total"
            self._counters.add(items, delivery.items, signal=signal.name, outcome=outcome)
        while len(self._stored) > _REMEMBERED:
            self._stored.popitem(last=False)
