"""Decorated functions of every kind run within their scope, and their consumers do not."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

import pytest

import submeter
from submeter import context

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator


def here() -> str:
    return context.current().session_id


def test_a_decorated_function_runs_within_and_keeps_its_name() -> None:
    @submeter.session("s")
    def work(number: int, *, more: int = 0) -> tuple[str, int]:
        """What it does."""
        return here(), number + more

    assert work(1, more=2) == ("s", 3)
    assert (work.__name__, work.__doc__) == ("work", "What it does.")


def test_a_decorated_function_that_calls_itself_nests() -> None:
    @submeter.session("s")
    def work(depth: int) -> int:
        return work(depth - 1) if depth else len(context.current().meters)

    assert work(3) == 4


async def test_a_decorated_coroutine_function_is_still_one() -> None:
    @submeter.session("s")
    async def work() -> str:
        await asyncio.sleep(0)
        return here()

    assert inspect.iscoroutinefunction(work)
    assert await asyncio.gather(work(), work()) == ["s", "s"]


def generating() -> Callable[[], Generator[str, str, str]]:
    @submeter.session("inside")
    def work() -> Generator[str, str, str]:
        heard: list[str] = []
        try:
            while True:
                try:
                    heard.append((yield here()))
                except KeyError as error:
                    heard.append(f"{here()} caught {error.args[0]}")
                if heard[-1] == "end":
                    return ",".join(heard)
        finally:
            closed.append(here())

    return work


closed: list[str] = []


def test_a_decorated_generator_is_within_at_its_steps_and_its_consumer_is_not() -> None:
    closed.clear()
    assert inspect.isgeneratorfunction(generating())
    steps = generating()()
    with submeter.session("outside"):
        assert next(steps) == "inside"
        assert here() == "outside"
        assert steps.send("one") == "inside"
        assert steps.throw(KeyError("two")) == "inside"
        with pytest.raises(StopIteration) as stop:
            steps.send("end")
        assert stop.value.value == "one,inside caught two,end"
        assert here() == "outside"
    assert closed == ["inside"]


def test_a_decorated_generator_lets_errors_through_as_they_are() -> None:
    closed.clear()
    steps, error = generating()(), ValueError("own")
    next(steps)
    with pytest.raises(ValueError, match="own") as caught:
        steps.throw(error)
    assert caught.value is error
    assert caught.value.__context__ is None
    assert closed == ["inside"]


def test_a_decorated_generator_is_closed_within() -> None:
    closed.clear()
    steps = generating()()
    next(steps)
    steps.close()
    assert closed == ["inside"]


async def test_a_decorated_async_generator_is_within_at_its_steps_and_its_consumer_is_not() -> None:
    left: list[str] = []

    @submeter.session("inside")
    async def work() -> AsyncGenerator[str, str]:
        try:
            while True:
                try:
                    await asyncio.sleep(0)
                    heard = yield here()
                except KeyError:
                    heard = "caught"
                left.append(f"{heard} {here()}")
        finally:
            await asyncio.sleep(0)
            left.append(here())

    assert inspect.isasyncgenfunction(work)
    steps = work()
    with submeter.session("outside"):
        assert await anext(steps) == "inside"
        assert here() == "outside"
        assert await steps.asend("one") == "inside"
        assert await steps.athrow(KeyError) == "inside"
        await steps.aclose()
        assert here() == "outside"
    assert left == ["one inside", "caught inside", "inside"]


async def test_a_decorated_async_generator_ends_and_fails_as_its_own() -> None:
    error = ValueError("own")

    @submeter.session("inside")
    async def work(*, fails: bool) -> AsyncGenerator[int]:
        yield 1
        if fails:
            raise error

    assert [item async for item in work(fails=False)] == [1]
    steps = work(fails=True)
    assert await anext(steps) == 1
    with pytest.raises(ValueError, match="own") as caught:
        await anext(steps)
    assert caught.value is error


def test_an_object_with_call_is_decorated_like_a_function() -> None:
    class Work:
        def __call__(self) -> str:
            return here()

    decorated: Any = submeter.session("s")(Work().__call__)
    assert decorated() == "s"
