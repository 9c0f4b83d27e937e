"""What can go wrong with a store; every message names the fix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_SAID: Final = 80
"""Letters of an id that an error tells."""


class StoreError(Exception):
    """The store cannot do what it was asked for; the message says what to do about it."""


class StoreUrlError(StoreError):
    """The store's URL has none of the two forms that are understood."""


class StoreMissing(StoreError):  # noqa: N818  (named after what is wrong)
    """A package that the store needs is not installed."""


class StoreInUse(StoreError):  # noqa: N818  (named after what is wrong)
    """Another process has the embedded store's folder open: the engine lets one process in at a time."""


class StoreUnreachable(StoreError):  # noqa: N818  (named after what is wrong)
    """The database server does not answer, or refuses the credentials."""


class SchemaError(StoreError):
    """The schema on disk is not one that this version of submeter knows."""


class StoreFull(StoreError):  # noqa: N818  (named after what is wrong)
    """The disk has no room left; nothing of the refused batch was stored."""


class WriteRefused(StoreError):  # noqa: N818  (named after what is wrong)
    """The engine refused a batch; nothing of it may be taken as stored until a retry succeeds."""


class QuestionRefused(StoreError):  # noqa: N818  (named after what is wrong)
    """A query is not one read-only statement, or it needs more time, rows or memory than a question may."""


class UnknownSession(StoreError):  # noqa: N818  (named after what is wrong)
    """No call bears the session id that was asked for; the message tells the ids that were perhaps meant.

    These are the most similar, or, where the id is that of a trace, the sessions of its calls.
    """

    def __init__(self, session: str, meant: Sequence[str], *, is_trace: bool = False) -> None:
        found = f"the most similar are {', '.join(map(_told, meant))}; `submeter sessions` lists all"
        if is_trace:
            of = ", ".join(_cut(one) if one else "none, whose id is empty" for one in meant)
            found = f"it is the id of a trace, whose calls are of session {of}"
        super().__init__(f"no session {_cut(session)!r}: {found if meant else 'no call with a session is stored yet'}")


def _cut(name: str) -> str:
    return name if len(name) <= _SAID else f"{name[:_SAID]}…"


def _told(name: str) -> str:
    """An id among others, which could not be seen if it were blank."""
    return _cut(name) if name.strip() else repr(name)
