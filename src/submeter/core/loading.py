"""Loading: modules that are waited for and run just now, and parts of ours that the first call loads."""

from __future__ import annotations

import os
import sys
from _thread import RLock

executing: set[str] = set()
"""Names of modules whose code has begun and not ended; what is not in them yet is not missing."""

lock = RLock()
"""Held while a call loads parts of ours. A process that another thread forks off meanwhile would find them half loaded,
and wait for the rest for ever; so the fork waits, some milliseconds once in a process."""

if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)


def is_loaded(target: str) -> bool:
    """Whether the module of `target` ("module:name", or a module alone) is imported and its code has run."""
    module = target.partition(":")[0]
    return module in sys.modules and module not in executing
