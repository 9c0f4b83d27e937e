"""CrewAI: agents on tasks on the calls of the SDK beneath."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from frameworks.stage import Case, cancelled, check, framework, imported, model_call, observed_by, traced_once

if TYPE_CHECKING:
    from collections.abc import Callable

    from metering import Metering

os.environ.update(CREWAI_DISABLE_TELEMETRY="true", CREWAI_TRACING_ENABLED="false")  # noqa: TID251  (CrewAI reads them)
crewai: Any = framework("crewai")


def agent(role: str = "Forecaster", *, is_streamed: bool = False, **more: Any) -> Any:
    url = os.environ["OPENAI_BASE_URL"]  # noqa: TID251
    model = crewai.LLM(model="gpt-4o-mini", base_url=url, max_retries=0, stream=is_streamed)
    return crewai.Agent(
        role=role, goal="Tell the weather.", backstory="Knows.", llm=model, max_iter=3, max_retry_limit=0, **more
    )


def crew(**more: Any) -> Any:
    worker = agent(**more)
    task = crewai.Task(name="tell", description="Say hello.", expected_output="A word.", agent=worker)
    return crewai.Crew(agents=[worker], tasks=[task], verbose=False)


def run() -> Any:
    return crew().kickoff().raw


def stream() -> Any:
    return crew(is_streamed=True).kickoff().raw


async def run_async() -> Any:
    return (await crew().kickoff_async()).raw


def native() -> Any:
    if not hasattr(crewai.Crew, "akickoff"):
        pytest.skip("this release runs asynchronous crews in threads alone")
    return crew().akickoff()


async def run_native() -> Any:
    return (await native()).raw


async def aborted() -> Any:
    return await cancelled(native())


def weather(city: str) -> str:
    """The weather in a city."""
    return f"{model_call(f'the sky over {city}')} sunny"


def tools() -> Any:
    if not hasattr(imported("crewai.utilities.agent_utils"), "convert_tools_to_openai_schema"):
        pytest.skip("this release asks for tools in its own words, which the stand-in does not speak")
    return crew(tools=[imported("crewai.tools").tool(weather)]).kickoff().raw


def alone() -> Any:
    return agent().kickoff("hello").raw


def flow(**inputs: Any) -> Any:
    flows: Any = imported("crewai.flow.flow")

    class Weather(flows.Flow):
        @flows.start()
        def look(self) -> str:
            return model_call("the sky")

    return Weather().kickoff(inputs=inputs)


def conversation() -> Any:
    return flow(id="t-1")


ONE = {"submeter.framework": "crewai", "session.id": None, "gen_ai.agent.name": "Forecaster"}
TASK = {**ONE, "submeter.step": "tell"}
FLOW = {"submeter.framework": "crewai", "submeter.step": "look"}
WEATHER = ("weather",)

CASES = {
    "a crew": Case(run=run, calls=1, said=TASK),
    "a crew that streams": Case(run=stream, calls=1, said=TASK),
    "a crew in a thread": Case(run=run_async, calls=1, said=TASK),
    "a crew, async": Case(run=run_native, calls=1, said=TASK),
    "a tool that asks a model": Case(run=tools, tools=WEATHER, calls=3, said=TASK),
    "an agent alone": Case(run=alone, calls=1, said={**ONE, "submeter.step": None}),
    "a flow": Case(run=flow, calls=1, said={**FLOW, "session.id": None}),
    "a flow that goes on": Case(
        run=conversation, calls=1, said={**FLOW, "session.id": "t-1", "gen_ai.conversation.id": "t-1"}
    ),
    "an error of the provider": Case(run=run, calls=0, failed=1, said=TASK, script="status=400"),
    # Whose request runs on in a thread, and is answered.
    "a cancellation": Case(run=aborted, calls=1, said=TASK, script="delay_s=2"),
}


@pytest.mark.parametrize("name", CASES)
def test_matrix(name: str) -> None:
    check(CASES[name])


@pytest.mark.parametrize("run", [run, stream, run_async, tools, alone])
def test_counted_once_beside_the_spans_of_openinference(run: Callable[[], Any]) -> None:
    observed_by(["openinference.instrumentation.crewai:CrewAIInstrumentor"], run)


@pytest.mark.parametrize("is_streamed", [False, True])
def test_counted_once_beside_its_own_spans(*, is_streamed: bool) -> None:
    tracing: Any = framework("crewai.telemetry.tracing")

    def traced(made: Metering) -> Any:
        with tracing.telemetry_session("k-1", "weather", processors=[SimpleSpanProcessor(made.spans)]):
            return crew(is_streamed=is_streamed, tools=[imported("crewai.tools").tool(weather)]).kickoff().raw

    traced_once(traced, native=4, tools=1)
