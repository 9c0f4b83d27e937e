"""Libraries above the SDKs, which ask some providers through an SDK that is metered and others by themselves.

A call of theirs counts only if no metered SDK made it. That is known once it is made, so its span is opened then,
with the time at which it began.
"""

from __future__ import annotations

import inspect
import time
from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING, Any

from submeter.core import patch
from submeter.core.abandoned import settle
from submeter.core.beneath import Beneath
from submeter.core.endpoint import fields_of
from submeter.core.guard import attempt
from submeter.core.reported import Made
from submeter.value import value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from submeter.core.call import Call
    from submeter.core.endpoint import Endpoint

_CARRIED = "_submeter_call"


@value
class Asked:
    """What was asked of whom: provider name, host and port, and the fields of the request."""

    provider: str
    server: tuple[str, int | None]
    body: Mapping[str, Any]


@value
class Provider:
    """A library of this shape.

    Args:
        package: its import name.
        functions: function of the package -> what a call of it means.
        streams: the class of its streams, "module:Class".
        asked: who was asked for what, from the arguments by name and the answer or the error; `None` when nobody was.
        chunks: the attribute of a stream that keeps the chunks as the provider sent them, usage included.
    """

    package: str
    functions: Mapping[str, Endpoint]
    streams: str
    asked: Callable[[Mapping[str, Any], Any], Asked | None]
    chunks: str

    def install(self) -> None:
        """Patches the library, which must be imported already.

        Raises:
            patch.MissingError: it lacks one of the functions.
        """
        for name, endpoint in self.functions.items():
            wrap = _Function(self, endpoint)
            patch.patch(self.package, f"{self.package}:{name}", wrap.wrapped)
        patch.patch(self.package, f"{self.streams}.__next__", lambda original: _next(self, original))
        patch.patch(self.package, f"{self.streams}.__anext__", lambda original: _next_async(self, original))
        for name, wrap in (("close", _closed), ("aclose", _closed_async)):
            # A stream that cannot be closed is left.
            with suppress(patch.MissingError):
                patch.patch(self.package, f"{self.streams}.{name}", lambda original, wrap=wrap: wrap(self, original))


class Making:
    """One call of the library, being made."""

    def __init__(self, function: _Function, arguments: Mapping[str, Any]) -> None:
        settle()
        self._function = function
        self._arguments = arguments
        self._since = (time.time_ns(), time.perf_counter_ns())
        self._beneath = Beneath()

    def ended(self) -> None:
        """The library is back."""
        self._beneath.end()

    def _call(self, answer: Any, *, is_stream: bool) -> Call | None:
        if self._beneath.is_met:
            return None
        asked = self._function.provider.asked(self._arguments, answer)
        if asked is None:
            return None
        endpoint = self._function.endpoint
        return Made(endpoint, asked.provider, asked.server, asked.body, is_stream=is_stream, since=self._since)

    def answered(self, answer: Any) -> None:
        """Counts the answer, or has its stream carry the call."""
        kind: type[Any] = answer.__class__
        is_stream = hasattr(kind, "__next__") or hasattr(kind, "__anext__")
        call = self._call(answer, is_stream=is_stream)
        if call is None:
            return
        if is_stream:
            answer.__dict__[_CARRIED] = call
        else:
            call.answer(answer)
            call.finish()

    def failed(self, error: BaseException) -> None:
        """Counts a call that raised."""
        call = self._call(error, is_stream=self._arguments.get("stream") is True)
        if call is not None:
            call.finish(error)


class _Function:
    """One function of the library."""

    def __init__(self, provider: Provider, endpoint: Endpoint) -> None:
        self.provider = provider
        self.endpoint = endpoint
        self._names: tuple[str, ...] = ()

    def wrapped(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """The function that takes the place of `original`."""
        parameters = inspect.signature(original).parameters.values()
        self._names = tuple(one.name for one in parameters if one.kind is one.POSITIONAL_OR_KEYWORD)
        return _called_async(self, original) if inspect.iscoroutinefunction(original) else _called(self, original)

    def made(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Making:
        """Begins a call."""
        return Making(self, {**dict(zip(self._names, args, strict=False)), **kwargs})


def _called(function: _Function, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def called(*args: Any, **kwargs: Any) -> Any:
        made = attempt(function.made, args, kwargs)
        if made is None:
            return original(*args, **kwargs)
        try:
            answer = original(*args, **kwargs)
        except BaseException as error:
            attempt(made.ended)
            attempt(made.failed, error)
            raise
        attempt(made.ended)
        attempt(made.answered, answer)
        return answer

    return called


def _called_async(function: _Function, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def called(*args: Any, **kwargs: Any) -> Any:
        made = attempt(function.made, args, kwargs)
        if made is None:
            return await original(*args, **kwargs)
        try:
            answer = await original(*args, **kwargs)
        except BaseException as error:
            attempt(made.ended)
            attempt(made.failed, error)
            raise
        attempt(made.ended)
        attempt(made.answered, answer)
        return answer

    return called


def _asks(stream: Any) -> None:
    call = fields_of(stream).get(_CARRIED)
    if call is not None:
        call.is_reading = True


def _taken(stream: Any, chunk: Any) -> None:
    call = fields_of(stream).get(_CARRIED)
    if call is not None:
        call.is_reading = False
        call.observe(chunk)


def _left(provider: Provider, stream: Any) -> None:
    """A stream was closed. A close in the midst of reading is the library's own, and an error follows."""
    call = fields_of(stream).get(_CARRIED)
    if call is not None and not call.is_reading:
        _over(provider, stream, None)


def _over(provider: Provider, stream: Any, error: BaseException | None) -> None:
    """A stream ended, by this error, or was closed."""
    call = stream.__dict__.pop(_CARRIED, None)
    if call is None:
        return
    for chunk in fields_of(stream).get(provider.chunks) or ():
        call.read(chunk)
    is_ended = isinstance(error, StopIteration | StopAsyncIteration)
    call.finish(None if is_ended else error, is_early=error is None)


def _next(provider: Provider, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def following(self: Any) -> Any:
        attempt(_asks, self)
        try:
            chunk = original(self)
        except BaseException as error:
            attempt(_over, provider, self, error)
            raise
        attempt(_taken, self, chunk)
        return chunk

    return following


def _next_async(provider: Provider, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def following(self: Any) -> Any:
        attempt(_asks, self)
        try:
            chunk = await original(self)
        except BaseException as error:
            attempt(_over, provider, self, error)
            raise
        attempt(_taken, self, chunk)
        return chunk

    return following


def _closed(provider: Provider, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def close(self: Any) -> Any:
        try:
            return original(self)
        finally:
            attempt(_left, provider, self)

    return close


def _closed_async(provider: Provider, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def aclose(self: Any) -> Any:
        try:
            return await original(self)
        finally:
            attempt(_left, provider, self)

    return aclose
