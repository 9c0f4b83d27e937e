"""Tools: one span an execution, where nobody else makes one; the host sees none of it and nothing stays."""

from __future__ import annotations

import asyncio
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry.instrumentation.instrumentor import (  # pyright: ignore[reportMissingTypeStubs]
    BaseInstrumentor,
)
from opentelemetry.trace import SpanKind, StatusCode

import submeter
from metering import Metering, metered
from submeter.context import Said
from submeter.core import guard, patch
from submeter.shapes.framework import Framework, Work, nothing
from submeter.shapes.tools import Tool

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping


class Hammer:
    """A tool of a framework, which does what it is told."""

    name = "hammer"

    def __init__(self, work: Any = None) -> None:
        self.work = work

    def use(self, nail: str) -> Any:
        return self.work() if self.work else f"hit {nail}"

    async def use_async(self, nail: str) -> Any:
        await asyncio.sleep(0)
        return await self.work() if self.work else f"hit {nail}"


class Box(Hammer):
    """A tool within which another is used."""

    name = "box"

    def use(self, nail: str) -> Any:
        return super().use(nail)


class BreakageError(Exception):
    """What tools raise here."""


def tool(arguments: Mapping[str, Any]) -> Tool:
    return Tool(
        name=arguments["self"].name,
        call_id="call_1",
        description="Hits nails.",
        arguments={"nail": arguments["nail"]},
        fault=lambda result: "Missed" if result == "missed" else "",
    )


def works(tool_of: Any = tool) -> Framework:
    names = ("Hammer.use", "Hammer.use_async")
    said = tuple(Work(target=f"hammers:{name}", says=nothing, tool=tool_of) for name in names)
    return Framework(package="hammers", name="hammers", gives={}, works=said)


@pytest.fixture(autouse=True)
def hammers() -> Iterator[None]:
    module: Any = ModuleType("hammers")
    module.Hammer = Hammer
    sys.modules["hammers"] = module
    works().install()
    yield
    patch.undo("hammers")
    del sys.modules["hammers"]


@pytest.fixture
def made() -> Iterator[Metering]:
    with metered() as made:
        yield made
        assert len(otel_context.get_current()) == 0


def test_an_execution_is_one_span_of_whose_work_it_is(made: Metering) -> None:
    with submeter.session("s-1", user="u-1", step="build"):
        assert Hammer().use("n") == "hit n"
    [span] = made.tools()
    assert (span.name, span.kind, span.status.status_code) == (
        "execute_tool hammer",
        SpanKind.INTERNAL,
        StatusCode.UNSET,
    )
    assert dict(span.attributes or {}) == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "hammer",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": "call_1",
        "gen_ai.tool.description": "Hits nails.",
        "session.id": "s-1",
        "user.id": "u-1",
        "submeter.step": "build",
    }
    assert made.ended() == []
    assert made.points("gen_ai.client.inference.duration") == []


@pytest.mark.parametrize(("mode", "is_told"), [("span_only", True), ("span_and_event", True), ("event_only", False)])
def test_what_goes_in_and_out_is_told_only_where_content_may_be(
    made: Metering, monkeypatch: pytest.MonkeyPatch, mode: str, *, is_told: bool
) -> None:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", mode)
    Hammer().use(nail="n")
    [span] = made.tools()
    told = dict(span.attributes or {})
    found = told.get("gen_ai.tool.call.arguments"), told.get("gen_ai.tool.call.result")
    assert found == (('{"nail": "n"}', "hit n") if is_told else (None, None))


async def test_a_coroutine_is_timed_to_its_end(made: Metering) -> None:
    assert await asyncio.gather(Hammer().use_async("a"), Hammer().use_async("b")) == ["hit a", "hit b"]
    first, second = made.tools()
    assert first.parent is second.parent is None


def test_what_a_tool_raises_is_the_same_and_its_span_an_error(made: Metering) -> None:
    error = BreakageError("secret")

    def broken() -> None:
        raise error

    with pytest.raises(BreakageError) as raised:
        Hammer(broken).use("n")
    assert raised.value is error
    [span] = made.tools()
    assert (span.attributes or {})["error.type"] == "BreakageError"
    assert span.status.status_code is StatusCode.ERROR
    assert "secret" not in span.to_json()


def test_a_failure_that_comes_back_is_an_error_too(made: Metering) -> None:
    assert Hammer(lambda: "missed").use("n") == "missed"
    [span] = made.tools()
    assert (span.attributes or {})["error.type"] == "Missed"


async def test_a_cancelled_tool_ends_its_span(made: Metering) -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    task = asyncio.ensure_future(Hammer(forever).use_async("n"))
    for _ in range(3):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    [span] = made.tools()
    assert (span.attributes or {})["error.type"] == "CancelledError"


def test_tools_within_tools_stand_beneath_and_the_same_one_counts_once(made: Metering) -> None:
    inner = Hammer()
    Box(lambda: inner.use("n")).use("n")
    hammer, box = made.tools()
    assert hammer.parent is not None
    assert hammer.parent == box.context
    Hammer(lambda: inner.use("n")).use("n")
    assert len(made.tools()) == 3


def test_the_span_of_another_is_enough(made: Metering) -> None:
    tracer = made.traces.get_tracer("another")
    with tracer.start_as_current_span("running tool", attributes={"gen_ai.tool.name": "hammer"}):
        Hammer().use("n")
    assert made.tools() == []


class Instrumentor(BaseInstrumentor):
    """Another's instrumentation of the same framework."""

    def instrumentation_dependencies(self) -> Collection[str]:
        return ("hammers-core >= 1.0",)

    def _instrument(self, **kwargs: Any) -> None:
        """Nothing."""

    def _uninstrument(self, **kwargs: Any) -> None:
        """Nothing."""


def test_none_is_made_while_another_instruments_the_framework(made: Metering) -> None:
    other = Instrumentor()
    other.instrument(skip_dep_check=True)
    try:
        Hammer().use("n")
        assert made.tools() == []
    finally:
        other.uninstrument()
    Hammer().use("n")
    assert len(made.tools()) == 1


def test_none_is_made_where_nobody_wants_any(made: Metering, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBMETER_TOOL_SPANS", "off")
    assert Hammer().use("n") == "hit n"
    assert made.tools() == []


def test_a_bug_of_ours_costs_the_span_alone(made: Metering, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_arguments: Mapping[str, Any]) -> Tool:
        raise BreakageError

    monkeypatch.setattr(guard, "is_strict", False)
    patch.undo("hammers")
    works(broken).install()
    assert Hammer().use("n") == "hit n"
    assert made.tools() == []
    assert guard.failures == 1


async def test_a_coroutine_closed_elsewhere_leaves_that_place_alone(made: Metering) -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    running = Hammer(forever).use_async("n")
    await asyncio.create_task(_begun(running))
    running.close()
    assert len(made.tools()) == 1


async def _begun(running: Any) -> None:
    running.send(None)
    running.send(None)


def test_the_tool_says_its_step(made: Metering) -> None:
    patch.undo("hammers")
    said = Work(target="hammers:Hammer.use", says=lambda arguments: Said(step=arguments["self"].name), tool=tool)
    Framework(package="hammers", name="hammers", gives={}, works=(said,)).install()
    Hammer().use("n")
    [span] = made.tools()
    assert ((span.attributes or {})["submeter.step"], (span.attributes or {})["submeter.framework"]) == (
        "hammer",
        "hammers",
    )
