"""Meter: what a scope has counted so far, live in the application and without any server."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import field
from typing import TYPE_CHECKING, Any

from submeter.usage import Usage, added
from submeter.value import state

if TYPE_CHECKING:
    from submeter.record import CallRecord

KEPT_CALLS = 100
"""How many of the last calls a meter keeps."""


@state
class Tally:
    """A running sum of calls: tokens, number of calls, and cost in USD of those with a known price."""

    usage: Usage = field(default_factory=Usage)
    calls: int = 0
    errors: int = 0
    cost_usd: float = 0.0
    unpriced_calls: int = 0
    calls_without_usage: int = 0

    @property
    def input_tokens(self) -> int:
        """Input tokens, cached ones included."""
        return self.usage.input_tokens or 0

    @property
    def output_tokens(self) -> int:
        """Output tokens, reasoning included."""
        return self.usage.output_tokens or 0

    @property
    def total_tokens(self) -> int:
        """Input plus output tokens."""
        return self.usage.total_tokens

    @property
    def average_tokens_per_call(self) -> float:
        """Total tokens over the number of calls, 0.0 before the first."""
        return self.total_tokens / self.calls if self.calls else 0.0

    def add(self, record: CallRecord) -> None:
        """Counts one finished call."""
        self.calls += 1
        self.errors += bool(record.error_type)
        if not record.usage.is_known:
            self.calls_without_usage += not record.error_type
            return
        self.usage = added(self.usage, record.usage)
        if record.cost_usd is None:
            self.unpriced_calls += 1
        else:
            self.cost_usd += record.cost_usd


@state
class MeterUsage(Tally):
    """What a meter has counted, as a whole and by operation, model and step."""

    by_operation: dict[str, Tally] = field(default_factory=dict[str, Tally])
    by_model: dict[str, Tally] = field(default_factory=dict[str, Tally])
    by_step: dict[str, Tally] = field(default_factory=dict[str, Tally])

    def add(self, record: CallRecord) -> None:
        """Counts one finished call, in the whole and in its parts."""
        Tally.add(self, record)
        for parts, name in (
            (self.by_operation, record.operation),
            (self.by_model, record.model),
            (self.by_step, record.step),
        ):
            if name:
                part = parts.get(name)
                if part is None:
                    part = parts[name] = Tally()
                part.add(record)


class Meter:
    """The live count of one scope: `usage`, the last `calls`, and the `warnings` raised so far."""

    def __init__(self) -> None:
        self.usage = MeterUsage()
        self.calls: deque[CallRecord] = deque(maxlen=KEPT_CALLS)
        self.warnings: list[Any] = []
        # Reentrant: a stream that the collector drops can finish inside another call's `add`.
        self._lock = threading.RLock()

    def add(self, record: CallRecord) -> None:
        """Counts a finished call."""
        with self._lock:
            self.usage.add(record)
            self.calls.append(record)

    def warn(self, warning: Any) -> None:
        """Keeps a warning event."""
        with self._lock:
            self.warnings.append(warning)
