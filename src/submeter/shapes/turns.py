"""Turns: sessions whose messages reach the application as objects, through one method; each turn is a call.

A turn begins with the first message that shows the model at work and ends with the one that says so. The messages
between, most of them pieces of sound, are looked at and not read.
"""

from __future__ import annotations

import weakref
from contextlib import asynccontextmanager
from dataclasses import field
from functools import wraps
from typing import TYPE_CHECKING, Any

from submeter.core import instruments, patch
from submeter.core.abandoned import settle
from submeter.core.endpoint import dig, fields_of
from submeter.core.guard import attempt
from submeter.core.loading import is_loaded
from submeter.core.reported import Made
from submeter.shapes.arguments import Arguments
from submeter.shapes.sockets import received_async
from submeter.value import state, value

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping

    from submeter.core.call import Call
    from submeter.core.endpoint import Endpoint

Path = tuple[str, ...]

_ORDERLY = (1000, 1001)
"""Codes of a websocket that was closed because all was said, or because one side goes away."""


@state
class Session:
    """One session: what was asked for when it began, and the turn under way."""

    asked: Mapping[str, Any] = field(default_factory=dict[str, Any])
    call: Call | None = None


@value
class Turns:
    """The sessions of an SDK, which is asynchronous.

    Args:
        package: the SDK's import name.
        connect: "module:Class.function" that opens a session for a block.
        receive: "module:Class.function" that every message comes through.
        endpoint: what a turn is.
        begins: paths in a message; one that holds something begins a turn, as usage does that comes alone.
        ends: path in a message that is true when the turn is over.
        tells: path in a message that is true where it says more of why the turn will end.
        seat: the provider's name and address, from the session.
        request: the fields of the request, from what `connect` is called on and its arguments.
        elsewhere: finds in these the address that the session is opened at, if they name another one.
    """

    package: str
    connect: str
    receive: str
    endpoint: Endpoint
    begins: tuple[Path, ...]
    ends: Path
    tells: Path
    seat: Callable[[Any], tuple[str, tuple[str, int | None]]]
    request: Callable[[Any, Mapping[str, Any]], Mapping[str, Any]]
    elsewhere: Callable[[Mapping[str, Any]], tuple[str, int | None] | None]

    def install(self) -> None:
        """Patches the SDK, where its module is imported. Where that lacks a function, the rest is metered without."""
        if is_loaded(self.receive):
            sessions = Sessions(self)
            try:
                # Messages without what their session was opened for would be turns of no model.
                patch.patch(self.package, self.connect, lambda original: _connected(sessions, original))
                patch.patch(self.package, self.receive, lambda original: received_async(sessions, original))
            except patch.MissingError as missing:
                module = self.receive.partition(":")[0]
                instruments.lament(module, f"this version has no {missing}", self.package)


class Sessions:
    """What is open on the sessions of one SDK."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._open: weakref.WeakKeyDictionary[Any, Session] = weakref.WeakKeyDictionary()

    def begin(self, connected: Any, owner: Any, arguments: Mapping[str, Any]) -> None:
        """A session was opened."""
        self._open[connected] = Session(self._turns.request(owner, arguments))

    def take(self, connected: Any, message: Any) -> None:
        """Takes the next message of a session."""
        turns = self._turns
        session = self._open.get(connected)
        if session is None:
            session = self._open[connected] = Session()
        is_usage = dig(message, (turns.endpoint.usage_at,)) is not None
        is_over = bool(dig(message, turns.ends))
        if session.call is None:
            is_work = any(dig(message, path) for path in turns.begins)
            if not is_work and not is_usage:
                return
            # Usage that comes when no turn is under way is of one that is over; the next turn has its own.
            is_over = is_over or not is_work
            settle()
            provider, server = turns.seat(connected)
            server = turns.elsewhere(session.asked) or server
            session.call = Made(turns.endpoint, provider, server, session.asked, is_stream=True)
        call = session.call
        if is_over or is_usage or dig(message, turns.tells):
            call.answer(message)
        if is_over:
            session.call = None
            call.finish()

    def left(self, connected: Any, error: BaseException | None = None) -> None:
        """The session broke off or was left; to be cancelled is no end, since the application may ask again."""
        session = self._open.get(connected)
        if session is None or session.call is None or not isinstance(error, Exception | None):
            return
        call, session.call = session.call, None
        call.finish(None if fields_of(error).get("code") in _ORDERLY else error, is_early=True)


def _connected(sessions: Sessions, original: Callable[..., Any]) -> Callable[..., Any]:
    named = Arguments(original, skipped=1).named

    @wraps(original)
    @asynccontextmanager
    async def connect(self: Any, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        async with original(self, *args, **kwargs) as connected:
            attempt(lambda: sessions.begin(connected, self, named(args, kwargs)))
            try:
                yield connected
            finally:
                attempt(sessions.left, connected)

    return connect
