"""The gate: asked before a call leaves, whether it may, where the application has opted in.

What the gate raises is meant for the host and passes the guard; everything else about a call still does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from submeter.core.call import Call


class LimitExceeded(Exception):  # noqa: N818  (the name it has in the host's `except`)
    """A call was refused before it left, because a limit is reached; the message says which, and until when.

    `rule`, `subject_kind`, `subject`, `unit`, `current` and `limit` are the limit's; `until_ns` is when it
    opens again, in nanoseconds since the epoch (0: unknown). `rule` is empty where the limits are not known.
    """

    passes_guard = True

    def __init__(
        self,
        message: str,
        *,
        rule: str = "",
        subject_kind: str = "",
        subject: str = "",
        unit: str = "",
        current: float = 0,
        limit: float = 0,
        until_ns: int = 0,
    ) -> None:
        super().__init__(message)
        self.rule = rule
        self.subject_kind = subject_kind
        self.subject = subject
        self.unit = unit
        self.current = current
        self.limit = limit
        self.until_ns = until_ns


ask: Callable[[Call], None] | None = None
"""Raises what the host is to get in the call's place; `None` where nothing is enforced."""
