"""Counted: remembers whose usage was counted, for answers that can be fetched again.

A background response, a batch or a run states its usage each time it is fetched; it counts once per process.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

KEPT = 10_000
"""How many ids are remembered; the oldest are forgotten first."""

_ids: OrderedDict[str, None] = OrderedDict()
_lock = threading.Lock()


def is_first(response_id: str) -> bool:
    """Whether `response_id` is seen for the first time; from now on it is not."""
    if not response_id:
        return False
    with _lock:
        if response_id in _ids:
            _ids.move_to_end(response_id)
            return False
        _ids[response_id] = None
        if len(_ids) > KEPT:
            _ids.popitem(last=False)
        return True
