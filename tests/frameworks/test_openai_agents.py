"""OpenAI Agents: agents, tools and sessions on the calls of the SDK beneath, with and without its own tracing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from frameworks.stage import Case, cancelled, check, framework, imported, model_call, observed_by

if TYPE_CHECKING:
    from collections.abc import Callable

agents: Any = framework("agents")


def setting(**more: Any) -> Any:
    # Its own tracing would send what it records to OpenAI.
    return agents.RunConfig(tracing_disabled=True, **more)


def chat(*, is_responses: bool = False) -> Any:
    sdk: Any = imported("openai").AsyncOpenAI(max_retries=0)
    if is_responses:
        return agents.OpenAIResponsesModel("gpt-4o-mini", sdk)
    return agents.OpenAIChatCompletionsModel("gpt-4o-mini", sdk)


def agent(name: str = "forecaster", **more: Any) -> Any:
    return agents.Agent(name=name, instructions="Be brief.", **{"model": chat(), **more})


def session() -> Any:
    return agents.SQLiteSession("t-1")


def run_sync() -> Any:
    return agents.Runner.run_sync(agent(), "hello", session=session(), run_config=setting()).final_output


async def run() -> Any:
    made = agent(model=chat(is_responses=True))
    return (await agents.Runner.run(made, "hello", run_config=setting(group_id="t-1"))).final_output


async def traced() -> Any:
    agents.set_trace_processors([])
    config = agents.RunConfig(group_id="t-1")
    return (await agents.Runner.run(agent(), "hello", run_config=config)).final_output


async def traced_tools(*, is_responses: bool = False) -> Any:
    made = agent(model=chat(is_responses=is_responses), tools=[agents.function_tool(weather)])
    return (await agents.Runner.run(made, "weather?", run_config=agents.RunConfig(group_id="t-1"))).final_output


async def traced_stream(*, is_responses: bool = False) -> Any:
    made = agent(model=chat(is_responses=is_responses), tools=[agents.function_tool(weather)])
    result = agents.Runner.run_streamed(made, "weather?", run_config=agents.RunConfig(group_id="t-1"))
    return [event.type async for event in result.stream_events()]


async def stream() -> Any:
    result = agents.Runner.run_streamed(agent(), "hello", session=session(), run_config=setting())
    kinds = [event.type async for event in result.stream_events()]
    return kinds, result.final_output


async def stream_left() -> Any:
    result = agents.Runner.run_streamed(agent(), "in 40 words", session=session(), run_config=setting())
    async for event in result.stream_events():
        if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
            break
    result.cancel()
    async for _ in result.stream_events():
        pass
    return "left"


def weather(city: str) -> str:
    """The weather in a city."""
    return f"{model_call(f'the sky over {city}')} sunny"


async def tools() -> Any:
    made = agent(tools=[agents.function_tool(weather)])
    result = await agents.Runner.run(made, "weather?", session=session(), run_config=setting())
    return [type(item).__name__ for item in result.new_items]


async def nested() -> Any:
    inner = agent("expert", tools=[])
    outer = agent(tools=[inner.as_tool("ask_expert", "asks")])
    result = await agents.Runner.run(outer, "weather?", session=session(), run_config=setting())
    return result.final_output


async def handoff() -> Any:
    expert = agent("expert")
    made = agent("desk", handoffs=[expert])
    result = await agents.Runner.run(made, "hello", session=session(), run_config=setting())
    return result.last_agent.name


async def aborted() -> str:
    return await cancelled(agents.Runner.run(agent(), "hello", session=session(), run_config=setting()))


ONE = {"gen_ai.conversation.id": "t-1", "session.id": "t-1", "submeter.framework": "openai-agents"}
AGENT = {**ONE, "gen_ai.agent.name": "forecaster"}
PLAIN = {**AGENT, "submeter.step": None}

CASES = {
    "a run, sync": Case(run=run_sync, calls=1, said=PLAIN),
    "a run of responses in a group": Case(run=run, calls=1, said=PLAIN),
    "a run with its own tracing on": Case(run=traced, calls=1, said=PLAIN),
    "a stream": Case(run=stream, calls=1, said=PLAIN),
    "a stream that is cancelled": Case(run=stream_left, calls=0, failed=1, said=PLAIN, script="delay_between_s=0.05"),
    "a tool that asks a model": Case(run=tools, calls=3, said=AGENT, parts={"submeter.step": [None, "weather", None]}),
    "an agent as a tool": Case(
        run=nested, calls=3, said=ONE, parts={"gen_ai.agent.name": ["forecaster", "expert", "forecaster"]}
    ),
    "a handoff": Case(run=handoff, calls=2, said=ONE, parts={"gen_ai.agent.name": ["desk", "expert"]}),
    "an error of the provider": Case(run=run_sync, calls=0, failed=1, said=PLAIN, script="status=400"),
    "a cancellation": Case(run=aborted, calls=0, failed=1, said=PLAIN, script="delay_s=2"),
}


@pytest.mark.parametrize("name", CASES)
def test_matrix(name: str) -> None:
    check(CASES[name])


@pytest.mark.parametrize("run", [traced_tools, traced_stream])
@pytest.mark.parametrize("is_responses", [False, True])
def test_counted_once_beside_the_spans_of_openinference(run: Callable[..., Any], *, is_responses: bool) -> None:
    instrumentor = "openinference.instrumentation.openai_agents:OpenAIAgentsInstrumentor"
    try:
        observed_by([instrumentor], lambda: run(is_responses=is_responses))
    finally:
        agents.set_trace_processors([])
