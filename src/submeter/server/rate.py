"""A token bucket: how many items a second the intake takes before it asks senders to wait."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Rate:
    """Allows `per_second` items on average and two seconds' worth at once.

    A request larger than the bucket passes when the bucket is full and is paid off afterwards, so that
    no request waits for ever.
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._capacity = 2 * per_second
        self._clock = clock
        self._level = self._capacity
        self._at = clock()

    def wait_s(self, items: int) -> float:
        """Takes `items` and returns 0, or takes nothing and returns the seconds until they would pass."""
        now = self._clock()
        self._level = min(self._capacity, self._level + (now - self._at) * self._per_second)
        self._at = now
        needed = min(float(items), self._capacity)
        if self._level >= needed:
            self._level -= items
            return 0.0
        return (needed - self._level) / self._per_second
