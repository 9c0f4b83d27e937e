"""smolagents: agents, managed agents and tools on the calls of the SDK beneath."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from frameworks.stage import CONVERSATIONS, Case, check, framework, mentions, model_call, observed_by

if TYPE_CHECKING:
    from collections.abc import Callable

smolagents: Any = framework("smolagents")


def weather(city: str) -> str:
    """The weather in a city.

    Args:
        city: its name.
    """
    return f"{model_call(f'the sky over {city}')} sunny"


def agent(name: str = "forecaster", **more: Any) -> Any:
    model = smolagents.OpenAIServerModel("gpt-4o-mini", client_kwargs={"max_retries": 0})
    return smolagents.ToolCallingAgent(
        **{"tools": [], "model": model, "name": name, "description": "Knows.", "verbosity_level": -1, **more}
    )


def answer() -> Any:
    """An agent whose model gives the only tool there is, the final answer."""
    return agent().run("hello")


def stream() -> Any:
    return [type(step).__name__ for step in agent().run("hello", stream=True)]


def deltas() -> Any:
    return [type(step).__name__ for step in agent(stream_outputs=True).run("hello", stream=True)]


def tools() -> Any:
    made = agent(tools=[smolagents.tool(weather)], max_steps=1)
    return type(made.run("weather?")).__name__


def managed() -> Any:
    desk = agent("desk", managed_agents=[agent("expert")])
    return type(desk.execute_tool_call("expert", {"task": "hello", "additional_args": {}})).__name__


AGENT = {"submeter.framework": "smolagents", "gen_ai.agent.name": "forecaster", "session.id": None}
PLAIN = {**AGENT, "submeter.step": None}

WEATHER = ("weather",)
ANSWER = ("final_answer",)

CASES = {
    "a run": Case(run=answer, tools=ANSWER, calls=1, said=PLAIN),
    "a stream of steps": Case(run=stream, tools=ANSWER, calls=1, said=PLAIN),
    "a stream of deltas": Case(run=deltas, tools=ANSWER, calls=1, said=PLAIN),
    "a tool that asks a model": Case(
        run=tools, tools=WEATHER, calls=3, said=AGENT, parts={"submeter.step": [None, "weather", None]}
    ),
    "a managed agent": Case(
        run=managed, tools=ANSWER, calls=1, said={**AGENT, "gen_ai.agent.name": "expert", "submeter.step": "expert"}
    ),
    "an error of the provider": Case(run=answer, calls=0, failed=1, said=PLAIN, script="status=400"),
}


@pytest.mark.parametrize("name", CASES)
def test_matrix(name: str) -> None:
    check(CASES[name])


@pytest.mark.parametrize("run", [tools, stream, deltas, managed])
def test_counted_once_beside_the_spans_of_openinference(run: Callable[[], Any]) -> None:
    observed_by(["openinference.instrumentation.smolagents:SmolagentsInstrumentor"], run)


def test_it_knows_no_conversations() -> None:
    assert mentions("smolagents", *CONVERSATIONS) == []
