"""Pydantic AI: agents, tools and conversations on the calls of the SDKs beneath."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from frameworks.stage import Case, cancelled, check, finished, framework, imported, model_call, traced_once

if TYPE_CHECKING:
    from collections.abc import Callable

    from metering import Metering

pydantic_ai: Any = framework("pydantic_ai")


def agent(name: str = "forecaster", **more: Any) -> Any:
    chat: Any = imported("pydantic_ai.models.openai").OpenAIChatModel("gpt-4o-mini")
    return pydantic_ai.Agent(chat, name=name, retries=0, **more)


ASK: dict[str, Any] = {"conversation_id": "t-1"}


def run_sync() -> Any:
    return agent().run_sync("hello", **ASK).output


async def run() -> Any:
    claude: Any = imported("pydantic_ai.models.anthropic").AnthropicModel("claude-haiku-4-5")
    return (await pydantic_ai.Agent(claude, name="forecaster").run("hello", **ASK)).output


async def stream() -> Any:
    async with agent().run_stream("hello", **ASK) as result:
        return [text async for text in result.stream_text(delta=True, debounce_by=None)]


async def stream_left() -> Any:
    async with agent().run_stream("in 40 words", **ASK) as result:
        return await anext(result.stream_text(delta=True, debounce_by=None))


async def nodes() -> Any:
    async with agent().iter("hello", **ASK) as steps:
        return [type(node).__name__ async for node in steps]


def weather(city: str) -> str:
    """The weather in a city."""
    return f"{model_call(f'the sky over {city}')} sunny"


async def tools() -> Any:
    result = await agent(tools=[weather]).run("weather?", **ASK)
    return [type(message).__name__ for message in result.all_messages()]


async def tools_streamed() -> Any:
    async with agent(tools=[weather]).run_stream("weather?", **ASK) as result:
        return [text async for text in result.stream_text(delta=True, debounce_by=None)]


async def delegated() -> Any:
    expert = agent("expert")

    async def ask_expert(question: str) -> str:
        """Asks the expert."""
        return str((await expert.run(question, **ASK)).output)

    return (await agent(tools=[ask_expert]).run("weather?", **ASK)).output


async def aborted() -> str:
    return await cancelled(agent().run("hello", **ASK))


def traced(made: Metering, work: Callable[[], Any]) -> Any:
    """With its own spans, of which those of a run state the sum and those of a request the same as ours."""
    settings = imported("pydantic_ai.models.instrumented").InstrumentationSettings(tracer_provider=made.traces)
    pydantic_ai.Agent.instrument_all(settings)
    try:
        return finished(work())
    finally:
        pydantic_ai.Agent.instrument_all(False)


@pytest.mark.parametrize("work", [tools, tools_streamed, delegated])
def test_counted_once_beside_its_own_spans(work: Callable[[], Any]) -> None:
    traced_once(lambda made: traced(made, work), native=4)


ONE = {"gen_ai.conversation.id": "t-1", "session.id": "t-1", "submeter.framework": "pydantic-ai"}
AGENT = {**ONE, "gen_ai.agent.name": "forecaster"}
PLAIN = {**AGENT, "submeter.step": None}
STEPS = {"submeter.step": [None, "weather", None]}
# Before 2.0, a stream that is left is read to its end.
LEFT = int(not pydantic_ai.__version__.startswith("1."))

WEATHER = ("weather",)

CASES = {
    "a run, sync": Case(run=run_sync, calls=1, said=PLAIN),
    "a run of anthropic": Case(run=run, calls=1, said=PLAIN),
    "a stream": Case(run=stream, calls=1, said=PLAIN),
    "a stream that is left": Case(
        run=stream_left, calls=1 - LEFT, early=LEFT, said=PLAIN, script="delay_between_s=0.05"
    ),
    "the nodes of a run": Case(run=nodes, calls=1, said=PLAIN),
    "a tool that asks a model": Case(run=tools, tools=WEATHER, calls=3, said=AGENT, parts=STEPS),
    "the same, streamed": Case(run=tools_streamed, tools=WEATHER, calls=3, said=AGENT, parts=STEPS),
    "an agent in a tool": Case(
        run=delegated,
        tools=("ask_expert",),
        calls=3,
        said=ONE,
        parts={"gen_ai.agent.name": ["forecaster", "expert", "forecaster"]},
    ),
    "an error of the provider": Case(run=run_sync, calls=0, failed=1, said=PLAIN, script="status=400"),
    "a cancellation": Case(run=aborted, calls=0, failed=1, said=PLAIN, script="delay_s=2"),
}


@pytest.mark.parametrize("name", CASES)
def test_matrix(name: str) -> None:
    check(CASES[name])
