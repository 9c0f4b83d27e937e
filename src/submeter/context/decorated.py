"""Decorated: a function run within a scope, whatever kind of function it is.

A generator is entered anew around each of its steps and never across a `yield`, because what its consumer does
between two items is not the scope's work. A plain function may give back a generator or a coroutine: the work is
in there, so it is followed in there.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine, Generator

P = ParamSpec("P")
R = TypeVar("R")

Enter = Callable[[], AbstractContextManager[object]]
"""Gives a fresh scope to enter, as often as it is called."""

Opening = Callable[[tuple[Any, ...], dict[str, Any]], Enter]
"""Gives the `Enter` of one call of a function, from the call's arguments."""


def decorated(opening: Opening, function: Callable[P, R]) -> Callable[P, R]:
    """`function`, run within what `opening` gives each time it is called."""
    original = cast("Callable[..., Any]", function)
    if inspect.isasyncgenfunction(function):
        return cast("Callable[P, R]", wraps(function)(_async_steps(opening, original)))
    if inspect.isgeneratorfunction(function):

        @wraps(function)
        def generator(*args: Any, **kwargs: Any) -> Any:
            return (yield from _steps(opening(args, kwargs), original(*args, **kwargs)))

        return cast("Callable[P, R]", generator)
    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            with opening(args, kwargs)():
                return await original(*args, **kwargs)

        return cast("Callable[P, R]", coroutine)

    @wraps(function)
    def plain(*args: Any, **kwargs: Any) -> Any:
        enter = opening(args, kwargs)
        with enter():
            given = original(*args, **kwargs)
        return followed(enter, given)

    return cast("Callable[P, R]", plain)


def followed(enter: Enter, given: Any) -> Any:
    """What a function gave back, with the work that is still to be done in it within the scope."""
    if isinstance(given, GeneratorType):
        return _steps(enter, cast("Generator[Any, Any, Any]", given))
    if isinstance(given, AsyncGeneratorType):
        return _async_steps(lambda _args, _kwargs: enter, lambda: cast("AsyncGenerator[Any, Any]", given))()
    if isinstance(given, CoroutineType):
        return _awaited(enter, cast("Coroutine[Any, Any, Any]", given))
    return given


async def _awaited(enter: Enter, coroutine: Coroutine[Any, Any, Any]) -> Any:
    with enter():
        return await coroutine


def _steps(enter: Enter, chunks: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    resume: Any = chunks.send
    value: Any = None
    while True:
        try:
            with enter():
                item = resume(value)
        except StopIteration as stop:
            return stop.value
        try:
            value = yield item
            resume = chunks.send
        except GeneratorExit:
            with enter():
                chunks.close()
            raise
        except BaseException as error:  # noqa: BLE001  (handed on to the wrapped generator at once)
            resume, value = chunks.throw, error


def _async_steps(
    opening: Opening, start: Callable[..., AsyncGenerator[Any, Any]]
) -> Callable[..., AsyncGenerator[Any, Any]]:
    async def generator(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        enter, chunks = opening(args, kwargs), start(*args, **kwargs)
        resume: Any = chunks.asend
        value: Any = None
        while True:
            try:
                with enter():
                    item = await resume(value)
            except StopAsyncIteration:
                return
            try:
                value = yield item
                resume = chunks.asend
            except GeneratorExit:
                with enter():
                    await chunks.aclose()
                raise
            except BaseException as error:  # noqa: BLE001  (handed on to the wrapped generator at once)
                resume, value = chunks.athrow, error

    return generator
