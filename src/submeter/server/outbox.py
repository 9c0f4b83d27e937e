"""The outbox: warnings on disk until every sink has taken them, so that no end of the process loses one.

One SQLite file in the data folder. A warning is known by its id: putting it in again changes nothing, also long
after it was delivered, which is what makes restarts and repeated evaluation harmless.
"""

from __future__ import annotations

import json
import re
import sqlite3
import threading
import time
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from submeter.evaluator import WarningEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

FILE_NAME: Final = "outbox.db"
KEPT_S: Final = 40 * 86_400.0
"""How long warnings are remembered: longer than the longest window, a month."""

GIVEN_UP_S: Final = 3 * 86_400.0
"""A warning that a sink could not take for so long is of no use any more."""


class Addressee(Protocol):
    """Somebody warnings are for, as far as the outbox cares."""

    @property
    def name(self) -> str:
        """Unique among the sinks of one process."""
        ...

    def wants(self, event: WarningEvent) -> bool:
        """Whether the warning is for this one."""
        ...


class Waiting(NamedTuple):
    """A warning that a sink has yet to take, and how often that was tried."""

    event: WarningEvent
    attempts: int


class Outbox:
    """Warnings and their deliveries. Safe to use from several threads; times are seconds since the epoch."""

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(folder / FILE_NAME, check_same_thread=False, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        for name in ("make_event", "make_delivery", "make_delivery_due"):
            self._database.execute(_statements()[name])

    def put(self, events: Iterable[WarningEvent], sinks: Sequence[Addressee]) -> None:
        """Takes warnings in for every sink that wants them; on disk when it returns. Known ones change nothing."""
        now = time.time()
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                for event in events:
                    self._put(event, now, sinks)
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def due(self, sink: str, most: int) -> list[Waiting]:
        """The warnings that the sink is to be given now, the oldest first."""
        rows = self._asked("due", sink, time.time(), most)
        return [Waiting(WarningEvent(**json.loads(body)), attempts) for body, attempts in rows]

    def delivered(self, sink: str, ids: Sequence[str]) -> None:
        """The sink has taken these."""
        self._done("settle", [("delivered", "", sink, event_id) for event_id in ids])

    def refused(self, sink: str, ids: Sequence[str], error: str) -> None:
        """The sink will never take these."""
        self._done("settle", [("refused", error, sink, event_id) for event_id in ids])

    def postponed(self, sink: str, ids: Sequence[str], due_at: float, error: str) -> None:
        """The sink did not take these; they are due again at `due_at`."""
        self._done("postpone", [(due_at, error, sink, event_id) for event_id in ids])

    def standing(self, sink: str, lasting_s: float) -> list[WarningEvent]:
        """The delivered warnings whose window has not ended, or that are younger than `lasting_s` without one."""
        now = time.time()
        rows = self._asked("standing", sink, now, now - lasting_s)
        return [WarningEvent(**json.loads(body)) for (body,) in rows]

    def ids(self) -> list[str]:
        """Every warning that was ever put in and is still remembered."""
        return [event_id for (event_id,) in self._asked("ids")]

    def counts(self) -> dict[tuple[str, str], int]:
        """How many deliveries there are, by sink and state."""
        return {(sink, state): count for sink, state, count in self._asked("counts")}

    def tidy(self) -> int:
        """Forgets what is long over, and gives up what could not be delivered for days; how many were given up."""
        now = time.time()
        with self._lock:
            given_up = self._database.execute(_statements()["give_up"], (now - GIVEN_UP_S,)).rowcount
            for name in ("forget_deliveries", "forget_events"):
                self._database.execute(_statements()[name], (now - KEPT_S,))
        return given_up

    def close(self) -> None:
        """Closes the file; what waits in it is due at the next start."""
        with self._lock:
            self._database.close()

    def _put(self, event: WarningEvent, now: float, sinks: Sequence[Addressee]) -> None:
        row = (event.id, event.at_ns / 1e9, now, event.until_ns / 1e9, json.dumps(asdict(event)))
        if self._database.execute(_statements()["put_event"], row).rowcount:
            wanted = [(sink.name, event.id) for sink in sinks if sink.wants(event)]
            self._database.executemany(_statements()["put_delivery"], wanted)

    def _asked(self, name: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._database.execute(_statements()[name], parameters).fetchall()

    def _done(self, name: str, rows: Sequence[tuple[object, ...]]) -> None:
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            self._database.executemany(_statements()[name], rows)
            self._database.execute("COMMIT")


@cache
def _statements() -> Mapping[str, str]:
    text = (files("submeter.server") / "statements" / "outbox.sql").read_text("utf-8")
    parts = re.split(r"^-- name: (\w+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))
