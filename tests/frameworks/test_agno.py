"""Agno: agents, teams and tools on the calls of the SDK beneath."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from frameworks.stage import Case, cancelled, check, framework, imported, model_call, observed_by

if TYPE_CHECKING:
    from collections.abc import Callable

framework("agno")

ASK: dict[str, Any] = {"session_id": "t-1", "user_id": "u-1"}


def model(name: str = "gpt-4o-mini") -> Any:
    return imported("agno.models.openai").OpenAIChat(id=name)


def agent(name: str = "forecaster", **more: Any) -> Any:
    return imported("agno.agent").Agent(model=model(), name=name, telemetry=False, **more)


def run() -> Any:
    return agent().run("hello", **ASK).content


async def run_async() -> Any:
    return (await agent().arun("hello", **ASK)).content


def stream() -> Any:
    return [event.content for event in agent().run("hello", stream=True, **ASK)]


async def stream_async() -> Any:
    return [event.content async for event in agent().arun("hello", stream=True, **ASK)]


def stream_closed() -> Any:
    events = agent().run("in 40 words", stream=True, **ASK)
    seen = next(event.content for event in events if event.content)
    events.close()
    return seen


def weather(city: str) -> str:
    """The weather in a city."""
    return f"{model_call(f'the sky over {city}')} sunny"


def tools() -> Any:
    return [message.role for message in agent(tools=[weather]).run("weather?", **ASK).messages]


async def tools_streamed() -> Any:
    events = agent(tools=[weather]).arun("weather?", stream=True, **ASK)
    # Some say how long a tool took.
    return [event.content async for event in events if "completed in" not in str(event.content)]


def team() -> Any:
    # The stand-in answers with the first city that it knows, and so delegates to the member of this id.
    expert = agent("expert", id="Lisbon")
    if imported("agno.utils.team").get_member_id(expert) != "Lisbon":
        pytest.skip("this release writes the ids of members in its own way")
    made = imported("agno.team").Team(members=[expert], model=model(), name="desk", telemetry=False)
    return made.run("hello", **ASK).content


def own_session() -> Any:
    return agent(session_id="t-1", user_id="u-1").run("hello").content


ONE = {
    "gen_ai.conversation.id": "t-1",
    "session.id": "t-1",
    "user.id": "u-1",
    "submeter.framework": "agno",
}
AGENT = {**ONE, "gen_ai.agent.name": "forecaster"}
PLAIN = {**AGENT, "submeter.step": None}
STEPS = {"submeter.step": [None, "weather", None]}

WEATHER = ("weather",)

CASES = {
    "a run": Case(run=run, calls=1, said=PLAIN),
    "a run, async": Case(run=run_async, calls=1, said=PLAIN),
    "a session of the agent": Case(run=own_session, calls=1, said=PLAIN),
    "a stream": Case(run=stream, calls=1, said=PLAIN),
    "a stream, async": Case(run=stream_async, calls=1, said=PLAIN),
    "a stream that is closed": Case(run=stream_closed, calls=0, early=1, said=PLAIN, script="delay_between_s=0.05"),
    "a tool that asks a model": Case(run=tools, tools=WEATHER, calls=3, said=AGENT, parts=STEPS),
    "the same, streamed": Case(run=tools_streamed, tools=WEATHER, calls=3, said=AGENT, parts=STEPS),
    "a team": Case(
        run=team,
        tools=("delegate_task_to_member",),
        calls=3,
        said=ONE,
        parts={"gen_ai.agent.name": ["desk", "expert", "desk"]},
    ),
    "an error of the provider": Case(run=run, calls=0, failed=1, said=PLAIN, script="status=400"),
    "a cancellation": Case(
        run=lambda: cancelled(agent().arun("hello", **ASK)), calls=0, failed=1, said=PLAIN, script="delay_s=2"
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_matrix(name: str) -> None:
    check(CASES[name])


@pytest.mark.parametrize("run", [tools, run_async, stream, stream_async, tools_streamed, team])
def test_counted_once_beside_the_spans_of_openinference(run: Callable[[], Any]) -> None:
    observed_by(["openinference.instrumentation.agno:AgnoInstrumentor"], run)
