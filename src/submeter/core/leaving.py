"""Leaving: at the end of the process, the calls that are still open end; their spans would be lost otherwise.

An application may keep a stream that it does not read to its end for as long as it lives, such as in a variable of
a module. Such a call is found when the process ends, by looking through the collector's objects: that costs some
milliseconds once, and nothing in the path of any call.
"""

from __future__ import annotations

import atexit
import gc

from submeter.core import abandoned
from submeter.core.call import Call
from submeter.core.guard import attempt

_is_planned = False


def plan() -> None:
    """Has the calls that are open at the end of the process end there, before those who export are shut down.

    What is registered last runs first, so this is called once the providers are there.
    """
    global _is_planned  # noqa: PLW0603  (once for the process)
    if not _is_planned:
        _is_planned = True
        atexit.register(attempt, end)


def end() -> None:
    """Ends every call that this process opened and left open."""
    # Not `isinstance`: it asks proxies of the application for their class, and may wake what they stand for.
    for call in [each for each in gc.get_objects() if issubclass(type(each), Call)]:
        attempt(call.drop)
    abandoned.settle()
