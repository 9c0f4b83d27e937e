"""The wrappers of the methods shape: one for each kind of function that makes a request.

A plain or asynchronous function answers with the answer or a stream, a generator is the stream itself and makes its
request at the first pull, a context manager gives the stream to its block.
"""

from __future__ import annotations

import inspect
from contextlib import asynccontextmanager, contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

from submeter.core.follow import follow, follow_async
from submeter.core.guard import attempt

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator

    from submeter.core.call import Call
    from submeter.core.reported import Reported
    from submeter.shapes.methods import Opener


def wrapped(opener: Opener, original: Callable[..., Any]) -> Callable[..., Any]:
    """The function that takes the place of `original`, and meters its calls."""
    method = opener.method
    if method.wrap is not None:
        wrap = method.wrap
    elif method.is_manager:
        wrap = _managed_async if inspect.isasyncgenfunction(inspect.unwrap(original)) else _managed
    elif inspect.isgeneratorfunction(original):
        wrap = _pulled
    elif inspect.isasyncgenfunction(original):
        wrap = _pulled_async
    else:
        wrap = _called_async if inspect.iscoroutinefunction(original) else _called
    return wrap(opener, original)


def _called(opener: Opener, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def called(self: Any, *args: Any, **kwargs: Any) -> Any:
        if attempt(opener.defers, args, kwargs):
            given = original(self, *args, **kwargs)
            return attempt(opener.deferred, self, args, kwargs, given, default=given)
        call = attempt(opener.open, self, args, kwargs)
        if call is None:
            return original(self, *args, **kwargs)
        try:
            given = original(self, *args, **kwargs)
        except BaseException as error:
            attempt(opener.left)
            attempt(call.finish, error)
            raise
        return attempt(opener.answered, call, given, default=given)

    return called


def _called_async(opener: Opener, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    async def called(self: Any, *args: Any, **kwargs: Any) -> Any:
        if attempt(opener.defers, args, kwargs):
            given = await original(self, *args, **kwargs)
            return attempt(opener.deferred, self, args, kwargs, given, default=given)
        call = attempt(opener.open, self, args, kwargs)
        if call is None:
            return await original(self, *args, **kwargs)
        try:
            given = await original(self, *args, **kwargs)
        except BaseException as error:
            attempt(opener.left)
            attempt(call.finish, error)
            raise
        return attempt(opener.answered, call, given, default=given)

    return called


def _pulled(opener: Opener, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def pulled(self: Any, *args: Any, **kwargs: Any) -> Generator[Any, None, None]:
        return follow(lambda: opener.open(self, args, kwargs), original(self, *args, **kwargs))

    return pulled


def _pulled_async(opener: Opener, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def pulled(self: Any, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        return follow_async(lambda: opener.open(self, args, kwargs), original(self, *args, **kwargs))

    return pulled


def _managed(opener: Opener, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    @contextmanager
    def managed(self: Any, *args: Any, **kwargs: Any) -> Generator[Any, None, None]:
        call = attempt(opener.open, self, args, kwargs)
        is_given = False
        try:
            with original(self, *args, **kwargs) as given:
                held = given if call is None else attempt(opener.answered, call, given, default=given)
                is_given = True
                yield held
        except BaseException as error:
            attempt(_left, call, None if is_given else error)
            raise
        attempt(_left, call)

    return managed


def _managed_async(opener: Opener, original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    @asynccontextmanager
    async def managed(self: Any, *args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        call = attempt(opener.open, self, args, kwargs)
        is_given = False
        try:
            async with original(self, *args, **kwargs) as given:
                held = given if call is None else attempt(opener.answered, call, given, default=given)
                is_given = True
                yield held
        except BaseException as error:
            attempt(_left, call, None if is_given else error)
            raise
        attempt(_left, call)

    return managed


def _left(call: Call | Reported | None, error: BaseException | None = None) -> None:
    """Ends the call of a block that the host left: by now its stream has ended, unless it was not read out."""
    if call is None:
        return
    if error is None:
        call.finish_early()
    else:
        call.finish(error)
