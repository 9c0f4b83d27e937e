"""Sockets: connections over which a provider sends events of many responses, each of them a call.

Every message passes through the connection's `recv_bytes`, whether the application takes bytes, events or loops. A
message is looked into only when it names an event that says something of usage, or is the first piece of a response,
since most are pieces of sound.
"""

from __future__ import annotations

import sys
import weakref
from functools import wraps
from typing import TYPE_CHECKING, Any

from submeter.core import instruments, patch
from submeter.core.abandoned import settle
from submeter.core.body import parsed
from submeter.core.endpoint import dig, fields_of
from submeter.core.guard import attempt
from submeter.core.reported import Made
from submeter.value import value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from submeter.core.endpoint import Endpoint
    from submeter.shapes import turns

_PIECE = ".delta"
"""What the names of events end with that are a piece of a response; they begin as that of the event that opens one."""

_PIECE_MARK = f'{_PIECE}"'.encode()

Seat = tuple[str, tuple[str, int | None]]
"""The provider's name, and the host and port that the connection leads to."""


@value(kw_only=False)
class Events:
    """What the events of a kind of connection mean.

    Args:
        endpoint: what a response is.
        opens: the event with which a response begins.
        ends: the events with which one ends; they hold it in `response`.
        further: event -> what it reports, of a call that has no beginning.
        model: paths to the name of the model in events that tell it, and to that of `further` ones.
        inside: the field in which events stand, where they are handed on from elsewhere.
        fails: the event that says that what is under way in its lane has failed; other errors leave it under way.
        lane: the field of an event that tells apart what is under way at once.
    """

    endpoint: Endpoint
    opens: str
    ends: frozenset[str]
    further: Mapping[str, Endpoint] = {}
    model: Mapping[str, tuple[tuple[str, ...], ...]] = {}
    inside: str = ""
    fails: str = ""
    lane: str = ""


class EventError(Exception):
    """A provider said over a connection that a response failed."""


@value
class Sockets:
    """The connections of an SDK.

    Args:
        package: the SDK's import name.
        classes: "module:Class" of a connection -> what its events mean. A module that is not imported is waited for.
        seat: the provider's name and address, from the host's name, the port and whether it is encrypted.
    """

    package: str
    classes: Mapping[str, Events]
    seat: Callable[[str, int | None], Seat]

    def install(self) -> None:
        """Patches what is imported of the SDK."""
        for target, events in self.classes.items():
            module, _, name = target.partition(":")
            kind = getattr(sys.modules.get(module), name, None)
            if kind is None:  # an older release has the module and no connections in it
                continue
            is_async = name.startswith("Async")
            self._install(received_async if is_async else _received, target, Sessions(events, self.seat))
            # Most releases have it in a class of all connections.
            owner = next((each for each in kind.__mro__ if "close" in vars(each)), None)
            if owner is not None:
                close = _closed_async if is_async else _closed
                patch.replace(self.package, owner, "close", close)

    def _install(self, wrap: Callable[..., Any], target: str, sessions: Sessions) -> None:
        try:
            patch.patch(self.package, f"{target}.recv_bytes", lambda original: wrap(sessions, original))
        except patch.MissingError as missing:
            # Not the whole SDK's loss.
            instruments.lament(target.partition(":")[0], f"this version has no {missing}", self.package)


class Sessions:
    """What the messages on the connections of one class mean."""

    def __init__(self, events: Events, seat: Callable[[str, int | None], Seat]) -> None:
        self._events = events
        self._seat = seat
        named = (events.opens, *events.ends, *events.further, *events.model, events.fails)
        self._marks = tuple(f'"{name}"'.encode() for name in named if name)

    def take(self, connection: Any, message: Any) -> None:
        """Takes the next message of a connection."""
        data = message.encode() if isinstance(message, str) else message
        is_marked = any(mark in data for mark in self._marks)
        if not is_marked and _PIECE_MARK not in data:
            return
        session = _open.get(connection)
        if not is_marked and (session is None or not session.is_awaiting):
            return
        if session is None:
            uri = dig(connection, ("_connection", "protocol", "uri"))
            session = _open[connection] = Session(self._events, self._seat(*_address(uri)), uri)
        session.take(parsed(data))

    def left(self, connection: Any, error: BaseException) -> None:
        """The connection broke, or was closed, while the application waited for a message.

        To be cancelled or to time out there is no end: the application may ask again.
        """
        names = {ancestor.__name__ for ancestor in type(error).__mro__}
        session = _open.pop(connection, None) if "ConnectionClosed" in names else None
        if session is not None:
            session.left(None if "ConnectionClosedOK" in names else error)


class Session:
    """One connection: the model behind it, and the responses under way."""

    def __init__(self, events: Events, seat: Seat, uri: Any) -> None:
        self._events = events
        self._seat = seat
        self._calls: dict[str, tuple[Any, Made]] = {}
        asked = str(fields_of(uri).get("query") or "").split("&")
        self._models = {"": next((part[6:] for part in asked if part.startswith("model=")), "")}

    @property
    def is_awaiting(self) -> bool:
        """Whether there is a response under way of which no piece has come yet."""
        return any(not call.chunks for _, call in self._calls.values())

    def take(self, event: Any) -> None:
        """Takes an event of the provider's."""
        settle()
        events = self._events
        told = fields_of(event)
        fields = fields_of(told.get(events.inside)) or told if events.inside else told
        kind = str(fields.get("type"))
        if kind in events.model:
            self._name(kind, fields)
        response = fields_of(fields.get("response"))
        name = str(response.get("id"))
        lane = told.get(events.lane)
        if kind == events.opens:
            self._calls[name] = lane, self._call(events.endpoint, response)
        elif kind in events.ends:
            _, call = self._calls.pop(name, None) or (lane, self._call(events.endpoint, response))
            call.answer(response)
            call.finish()
        elif kind == events.fails:
            self._fail(lane, str(fields_of(fields.get("error")).get("message") or fields.get("message")))
        elif kind in events.further:
            call = self._call(events.further[kind], {"model": self._models.get(kind, "")})
            call.answer(fields)
            call.finish()
        elif kind.endswith(_PIECE) and kind.startswith(f"{events.opens.partition('.')[0]}."):
            self._hear(fields.get("response_id"), lane)

    def left(self, error: BaseException | None) -> None:
        """Ends what nobody will hear the end of; `None` when the close was orderly."""
        while self._calls:
            self._calls.popitem()[1][1].finish(error, is_early=True)

    def _hear(self, response_id: Any, lane: Any) -> None:
        """A piece came of a response, which it names, or else of the one in its lane."""
        for name, (its, call) in self._calls.items():
            if not call.chunks and (name == response_id or (response_id is None and its == lane)):
                call.heard()

    def _fail(self, lane: Any, message: str) -> None:
        for name in [name for name, (its, _) in self._calls.items() if its == lane]:
            self._calls.pop(name)[1].finish(EventError(message), is_early=True)

    def _call(self, endpoint: Endpoint, response: Mapping[str, Any]) -> Made:
        model = response.get("model") or self._models[""]
        return Made(endpoint, *self._seat, {**response, "model": model}, is_stream=endpoint is self._events.endpoint)

    def _name(self, kind: str, fields: Mapping[str, Any]) -> None:
        for name, path in zip(("", *self._events.further), self._events.model[kind], strict=False):
            found = dig(fields, path)
            if isinstance(found, str):
                self._models[name] = found


_open: weakref.WeakKeyDictionary[Any, Session] = weakref.WeakKeyDictionary()
"""The connections over which something was said, of any class: their modules come one by one, and share a `close`."""


def _address(uri: Any) -> tuple[str, int | None]:
    fields = fields_of(uri)
    return str(fields.get("host") or ""), fields.get("port")


def _received(sessions: Sessions, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def recv_bytes(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            message = original(self, *args, **kwargs)
        except BaseException as error:
            attempt(sessions.left, self, error)
            raise
        attempt(sessions.take, self, message)
        return message

    return recv_bytes


def _end(connection: Any) -> None:
    """The application closed the connection: nobody will hear the end of what is under way."""
    session = _open.pop(connection, None)
    if session is not None:
        session.left(None)


def _closed(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def close(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return original(self, *args, **kwargs)
        finally:
            attempt(_end, self)

    return close


def _closed_async(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def close(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await original(self, *args, **kwargs)
        finally:
            attempt(_end, self)

    return close


def received_async(sessions: Sessions | turns.Sessions, original: Callable[..., Any]) -> Callable[..., Any]:
    """`original`, an asynchronous method that gives the next message, with `sessions` told of it or of its failure."""

    @wraps(original)
    async def receive(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            message = await original(self, *args, **kwargs)
        except BaseException as error:
            attempt(sessions.left, self, error)
            raise
        attempt(sessions.take, self, message)
        return message

    return receive
