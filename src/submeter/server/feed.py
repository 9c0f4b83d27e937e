"""Feed: calls and warnings as they are stored, for whoever watches live.

A watcher that reads too slowly loses the oldest events and is told how many; nothing ever waits for it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from pydantic import BaseModel

from submeter.store.questions import moment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime

    from submeter.evaluator import WarningEvent
    from submeter.record import CallRecord

MOST_WATCHERS: Final = 100
_BACKLOG: Final = 1_000
HEARTBEAT_S: Final = 15.0


class LiveCall(BaseModel):
    """One call that was just stored."""

    ts: str
    trace_id: str
    span_id: str
    service: str
    session_id: str
    user_id: str
    provider: str
    model: str
    kind: str
    operation: str
    step: str
    input_tokens: int | None
    output_tokens: int | None
    cache_read_tokens: int | None
    cost_usd: float | None
    duration_s: float
    error_type: str


class LiveWarning(BaseModel):
    """One warning that this server has just raised."""

    ts: str
    warning_id: str
    type: str
    severity: str
    message: str
    service: str
    session_id: str
    user_id: str


class Event(NamedTuple):
    """One event of the feed: its name, whose service it is about, and its JSON."""

    name: Literal["call", "warning", "missed", "alive"]
    service: str
    data: str


ALIVE: Final = Event("alive", "", "{}")


class Watcher:
    """One who watches; iterating ends when the feed does."""

    def __init__(self, services: tuple[str, ...] | None) -> None:
        self._services = services
        self._events = deque[Event]()
        self._missed = 0
        self._arrived = asyncio.Event()
        self.is_over = False

    def offer(self, event: Event) -> None:
        """Gives the event if the watcher may see its service."""
        if self._services is not None and event.service not in self._services:
            return
        if len(self._events) >= _BACKLOG:
            self._events.popleft()
            self._missed += 1
        self._events.append(event)
        self._arrived.set()

    def end(self) -> None:
        """Ends the iteration."""
        self.is_over = True
        self._arrived.set()

    async def events(self, heartbeat_s: float = HEARTBEAT_S) -> AsyncIterator[Event]:
        """The events as they come, and a sign of life where none does for a while."""
        while not self.is_over:
            try:
                await asyncio.wait_for(self._arrived.wait(), heartbeat_s)
            except TimeoutError:
                yield ALIVE
                continue
            self._arrived.clear()
            if self._missed:
                missed, self._missed = self._missed, 0
                yield Event("missed", "", f'{{"events":{missed}}}')
            while self._events:
                yield self._events.popleft()


class Feed:
    """The feed of one server. Lives on its event loop."""

    def __init__(self) -> None:
        self._watchers: set[Watcher] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_over = False

    def watch(self, services: tuple[str, ...] | None) -> Watcher | None:
        """A new watcher, or nothing if there are too many."""
        if len(self._watchers) >= MOST_WATCHERS or self._is_over:
            return None
        watcher = Watcher(services)
        self._watchers.add(watcher)
        self._loop = asyncio.get_running_loop()
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """Forgets a watcher."""
        self._watchers.discard(watcher)

    def end(self) -> None:
        """Ends every watcher's iteration, so that the server can stop."""
        self._is_over = True
        for watcher in self._watchers:
            watcher.end()

    def stored(self, calls: Sequence[CallRecord]) -> None:
        """Tells of calls; on the event loop."""
        if self._watchers:
            for call in calls:
                self._tell(Event("call", call.service, _call(call).model_dump_json()))

    def said(self, events: Sequence[WarningEvent]) -> None:
        """Tells of warnings; from any thread."""
        if self._watchers and self._loop is not None:
            for event in events:
                told = Event("warning", event.service, _warning(event).model_dump_json())
                self._loop.call_soon_threadsafe(self._tell, told)

    def _tell(self, event: Event) -> None:
        for watcher in self._watchers:
            watcher.offer(event)


def _iso(nanoseconds: int) -> str:
    found: datetime = moment(nanoseconds)
    return found.isoformat().replace("+00:00", "Z")


def _call(call: CallRecord) -> LiveCall:
    return LiveCall(
        ts=_iso(call.started_ns),
        trace_id=call.trace_id,
        span_id=call.span_id,
        service=call.service,
        session_id=call.session_id,
        user_id=call.user_id,
        provider=call.provider,
        model=call.response_model or call.request_model,
        kind=call.kind,
        operation=call.operation,
        step=call.step,
        input_tokens=call.usage.input_tokens,
        output_tokens=call.usage.output_tokens,
        cache_read_tokens=call.usage.cache_read_tokens,
        cost_usd=call.cost_usd,
        duration_s=(call.ended_ns - call.started_ns) / 1e9,
        error_type=call.error_type,
    )


def _warning(event: WarningEvent) -> LiveWarning:
    return LiveWarning(
        ts=_iso(event.at_ns),
        warning_id=event.id,
        type=event.type,
        severity=event.severity,
        message=event.message,
        service=event.service,
        session_id=event.session_id,
        user_id=event.user_id,
    )
