"""Resends: how often an SDK sent the request again that is under way in this thread or task.

Told by the function with which an SDK works out how long to wait, the one step that every retry takes, so that a
call without one costs a look. Whoever ends a request takes the count, so that the next one begins at zero.
"""

from __future__ import annotations

from contextvars import ContextVar

are_known = False
"""Whether any request of this process was sent again; looked at where a call of `take` would be one too many."""

count: ContextVar[int] = ContextVar("submeter_resends", default=0)
"""Of the request under way."""


def note() -> None:
    """The request is about to be sent again."""
    global are_known  # noqa: PLW0603  (one for the process)
    are_known = True
    count.set(count.get() + 1)


def take() -> int:
    """How often it was, from where the count begins anew."""
    taken = count.get()
    if taken:
        count.set(0)
    return taken
