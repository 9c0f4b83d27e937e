"""Ledger: what was asked and answered, request by request; the truth a meter's counts are compared with."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .faults import Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .wire import Json


@dataclass
class Entry:
    """One HTTP request and its answer.

    `usage` is what was really sent: the usage object of a plain answer, or the last value of each field over
    a stream's events so far; `None` when none was sent. `billed` is what the provider counted, sent or not.
    `is_complete` turns true with the last byte; a caller that left early leaves it false.
    """

    provider: str
    path: str
    kind: str = ""
    request_model: str = ""
    model: str = ""
    is_stream: bool = False
    status: int = 200
    usage: Json | None = None
    billed: Json | None = None
    events_sent: int = 0
    is_complete: bool = False
    response_id: str = ""
    request_id: str = ""
    attempt: int = 0
    fault: Fault = field(default_factory=Fault)
    at: float = field(default_factory=time.time)
    request_headers: Mapping[str, str] = field(default_factory=dict[str, str])
    request_body: Json = field(default_factory=dict[str, Any])

    def sent(self, usage: Json) -> None:
        """Notes a usage object that goes out now: the last non-null value of each field counts."""
        self.usage = {**(self.usage or {}), **{k: v for k, v in usage.items() if v is not None}}

    @property
    def input_tokens(self) -> int | None:
        """Input as sent, cached and cache-written tokens included; `None` when no usage was sent."""
        return _input_tokens(self.usage)

    @property
    def output_tokens(self) -> int | None:
        """Output as sent, reasoning included; `None` when no usage was sent or it has no output."""
        return None if self.usage is None else self.usage.get("output_tokens", self.usage.get("completion_tokens"))


def _input_tokens(usage: Json | None) -> int | None:
    if usage is None:
        return None
    if "prompt_tokens" in usage:
        return usage["prompt_tokens"]
    cached = usage.get("cache_creation_input_tokens", 0) + usage.get("cache_read_input_tokens", 0)
    return usage["input_tokens"] + cached


@dataclass(frozen=True)
class Totals:
    """Sums over answers that carried usage, in tokens; `calls` counts those answers."""

    calls: int
    input_tokens: int
    output_tokens: int

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens


class Ledger:
    """The entries of one run, oldest first; the oldest beyond `keep` are forgotten. Safe from many threads."""

    def __init__(self, keep: int) -> None:
        self._entries: deque[Entry] = deque(maxlen=keep)
        self._lock = threading.Lock()

    def append(self, entry: Entry) -> None:
        """Adds an entry."""
        with self._lock:
            self._entries.append(entry)

    def entries(self) -> list[Entry]:
        """A copy of the list; the entries themselves are live while their answer is being sent."""
        with self._lock:
            return list(self._entries)

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._entries.clear()

    def totals(self) -> Totals:
        """What was sent altogether; fetching a stored answer again adds nothing."""
        paid = [e for e in self.entries() if e.usage is not None and e.kind != "fetch_response"]
        return Totals(len(paid), sum(e.input_tokens or 0 for e in paid), sum(e.output_tokens or 0 for e in paid))
