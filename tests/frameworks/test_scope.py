"""What frameworks say and what the application says: who wins, how deep it goes, and that nothing stays."""

from __future__ import annotations

import asyncio
import contextvars
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

import submeter
from submeter import context, instrumentation
from submeter.context import Said
from submeter.core import guard, instruments, patch, tellers
from submeter.shapes.framework import Framework, Tell, Work

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Iterator, Mapping


def here() -> tuple[str, str, str, str]:
    scope = tellers.attributed()
    return scope.agent, scope.step, scope.session_id, scope.framework


class Crew:
    """A framework's class with a function of every kind."""

    def __init__(self, name: str, task: str = "") -> None:
        self.name, self.task = name, task

    def plain(self, work: Any = here) -> Any:
        return work()

    async def awaited(self) -> Any:
        await asyncio.sleep(0)
        return here()

    def steps(self) -> Generator[Any, None, str]:
        yield here()
        yield here()
        return "end"

    async def async_steps(self) -> AsyncGenerator[Any]:
        yield here()
        await asyncio.sleep(0)
        yield here()

    def given(self, kind: str) -> Any:
        return {"steps": self.steps_inside, "async": self.async_inside, "awaited": self.awaited_inside}[kind]()

    def steps_inside(self) -> Generator[Any]:
        yield here()

    async def async_inside(self) -> AsyncGenerator[Any]:
        yield here()

    async def awaited_inside(self) -> Any:
        return here()

    @staticmethod
    def static(name: str) -> Any:
        del name
        return here()


def says(arguments: Mapping[str, Any]) -> Said | None:
    crew = arguments.get("self")
    if crew is None:
        return Said(agent=arguments["name"])
    return Said(agent=crew.name, step=crew.task, conversation="t-1")


NAMES = ("plain", "awaited", "steps", "async_steps", "given", "static")
KEPT: contextvars.ContextVar[Said | None] = contextvars.ContextVar("kept", default=None)


WORKS = tuple(Work(target=f"crews:Crew.{name}", says=says) for name in NAMES)


def framework(works: tuple[Work, ...] = WORKS, tell: Tell | None = None) -> Framework:
    return Framework(package="crews", name="crews", gives={}, works=works, tell=tell)


@pytest.fixture(autouse=True)
def crews() -> Iterator[None]:
    module: Any = ModuleType("crews")
    module.Crew, module.KEPT = Crew, KEPT
    sys.modules["crews"] = module
    framework().install()
    yield
    patch.undo("crews")
    tellers.tellers.clear()
    del sys.modules["crews"]
    assert context.current() is context.EMPTY


INSIDE = ("planner", "plan", "t-1", "crews")
OUTSIDE = ("", "", "", "")


def test_a_plain_function_runs_within() -> None:
    assert Crew("planner", "plan").plain() == INSIDE
    assert here() == OUTSIDE


async def test_a_coroutine_runs_within_and_those_beside_it_do_not() -> None:
    both = await asyncio.gather(Crew("planner", "plan").awaited(), Crew("writer").awaited())
    assert both == [INSIDE, ("writer", "", "t-1", "crews")]
    assert here() == OUTSIDE


def test_a_generator_is_within_and_its_host_is_not() -> None:
    steps = Crew("planner", "plan").steps()
    assert next(steps) == INSIDE
    assert here() == OUTSIDE
    assert next(steps) == INSIDE
    with pytest.raises(StopIteration, match="end"):
        next(steps)


async def test_an_asynchronous_generator_is_within_and_its_host_is_not() -> None:
    async for inside in Crew("planner", "plan").async_steps():
        assert inside == INSIDE
        assert here() == OUTSIDE


async def test_what_a_plain_function_gives_back_works_within() -> None:
    crew = Crew("planner", "plan")
    assert list(crew.given("steps")) == [INSIDE]
    assert [inside async for inside in crew.given("async")] == [INSIDE]
    assert await crew.given("awaited") == INSIDE


async def test_a_coroutine_that_another_context_closes_leaves_nothing_and_raises_nothing() -> None:
    work = Crew("planner").awaited()
    contextvars.copy_context().run(work.send, None)
    work.close()
    assert here() == OUTSIDE


def test_a_static_method_stays_one() -> None:
    assert Crew.static("planner") == ("planner", "", "", "crews")
    assert Crew("x").static("planner") == ("planner", "", "", "crews")


def test_the_innermost_agent_and_the_outermost_conversation_count() -> None:
    def inside() -> Any:
        with context.within(Said(agent="expert", conversation="t-2", framework="others")):
            scope = context.current()
            return scope.agent, scope.agent_id, scope.step, scope.session_id, scope.conversation_id, scope.framework

    assert Crew("planner", "plan").plain(inside) == ("expert", "", "plan", "t-1", "t-2", "others")


def test_what_the_application_says_wins_around_and_inside() -> None:
    crew = Crew("planner", "plan")
    with submeter.session("s", agent="mine") as meter:
        assert crew.plain() == ("mine", "plan", "s", "crews")
        assert crew.plain(lambda: context.current().meters) == (meter,)

    def inside() -> Any:
        with submeter.session("s", step="mine"):
            return crew.plain()

    assert crew.plain(inside) == ("planner", "mine", "s", "crews")


def test_a_session_without_an_id_leaves_that_to_the_framework() -> None:
    with submeter.session(user="u"):
        assert Crew("planner", "plan").plain() == INSIDE
        assert context.current().session_id == ""


def test_a_framework_that_keeps_its_context_is_asked() -> None:
    framework(works=(), tell=Tell(source="crews:KEPT", reads=lambda kept: kept.get())).install()
    assert here() == OUTSIDE
    token = KEPT.set(Said(agent="planner", conversation="t-9"))
    assert here() == ("planner", "", "t-9", "crews")
    with submeter.session("s"):
        assert here() == ("planner", "", "s", "crews")
    # The same framework's context is newer than what it said around a tool; another's only fills in.
    assert Crew("outer", "tool").plain() == ("planner", "tool", "t-1", "crews")
    KEPT.set(Said(agent="planner", step="node", conversation="t-9", framework="others"))
    assert Crew("outer").plain() == ("outer", "node", "t-1", "crews")
    KEPT.reset(token)


def test_one_in_whose_steps_others_run_is_asked_last() -> None:
    for name in "abc":
        tellers.listen(name, lambda: None, is_last=name == "a")
    tellers.listen("a", lambda: None, is_last=True)
    assert list(tellers.tellers)[-1] == "a"


def fail(_: object) -> Said | None:
    raise RuntimeError("ours")


def test_a_failure_of_ours_never_reaches_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "is_strict", False)
    patch.undo("crews")
    broken = tuple(Work(target=f"crews:Crew.{name}", says=fail) for name in NAMES)
    framework(works=broken, tell=Tell(source="crews:KEPT", reads=fail)).install()
    assert Crew("planner").plain() == OUTSIDE
    assert list(Crew("planner").steps()) == [OUTSIDE, OUTSIDE]


def test_a_framework_that_changed_under_us_costs_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    module: Any = ModuleType("submeter.instrumentation.crews")
    module.FRAMEWORK = framework(works=(Work(target="crews:Crew.gone", says=says),))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    row = instrumentation.Row("crews", "crews", "1", table="FRAMEWORK")
    monkeypatch.setitem(instrumentation.FRAMEWORKS, "crews", row)
    monkeypatch.setitem(instrumentation.ROWS, "crews", row)
    assert not instrumentation.start("crews")
    assert "submeter does not listen to crews: this version has no crews:Crew.gone" in caplog.text
    assert instruments.inactive.pop("crews") == "this version has no crews:Crew.gone"
