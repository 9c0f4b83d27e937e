"""Decorated: a function run within a scope, whatever kind of function it is.

A generator is entered anew around each of its steps and never across a `yield`, because what its consumer does
between two items is not the scope's work.
"""

from __future__ import annotations

import inspect
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

P = ParamSpec("P")
R = TypeVar("R")


def decorated(enter: Callable[[], AbstractContextManager[object]], function: Callable[P, R]) -> Callable[P, R]:
    """`function`, run within what a fresh `enter()` gives every time it is called."""
    if inspect.isasyncgenfunction(function):
        return cast("Callable[P, R]", _async_steps(enter, function))
    if inspect.isgeneratorfunction(function):
        return cast("Callable[P, R]", _steps(enter, function))
    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            with enter():
                return await function(*args, **kwargs)

        return cast("Callable[P, R]", coroutine)

    @wraps(function)
    def plain(*args: P.args, **kwargs: P.kwargs) -> R:
        with enter():
            return function(*args, **kwargs)

    return plain


def _steps(enter: Callable[[], AbstractContextManager[object]], function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def generator(*args: Any, **kwargs: Any) -> Any:
        chunks = function(*args, **kwargs)
        resume: Any = chunks.send
        value: Any = None
        while True:
            try:
                with enter():
                    item = resume(value)
            except StopIteration as stop:
                return stop.value
            try:
                value = cast("Any", (yield item))
                resume = chunks.send
            except GeneratorExit:
                with enter():
                    chunks.close()
                raise
            except BaseException as error:  # noqa: BLE001  (handed on to the wrapped generator at once)
                resume, value = chunks.throw, error

    return generator


def _async_steps(
    enter: Callable[[], AbstractContextManager[object]], function: Callable[..., Any]
) -> Callable[..., Any]:
    @wraps(function)
    async def generator(*args: Any, **kwargs: Any) -> Any:
        chunks = function(*args, **kwargs)
        resume: Any = chunks.asend
        value: Any = None
        while True:
            try:
                with enter():
                    item = await resume(value)
            except StopAsyncIteration:
                return
            try:
                value = cast("Any", (yield item))
                resume = chunks.asend
            except GeneratorExit:
                with enter():
                    await chunks.aclose()
                raise
            except BaseException as error:  # noqa: BLE001  (handed on to the wrapped generator at once)
                resume, value = chunks.athrow, error

    return generator
