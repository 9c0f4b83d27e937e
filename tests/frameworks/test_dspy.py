"""DSPy: programs and their modules on the calls of the SDK beneath."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from frameworks.stage import CONVERSATIONS, Case, cancelled, check, framework, mentions, model_call, observed_by

if TYPE_CHECKING:
    from collections.abc import Callable

dspy: Any = framework("dspy")


def program() -> Any:
    class Rag(dspy.Module):
        def __init__(self) -> None:
            super().__init__()  # pyright: ignore[reportUnknownMemberType]
            self.answer = dspy.Predict("question -> answer")

        def forward(self, question: str) -> Any:
            return self.answer(question=question)

        async def aforward(self, question: str) -> Any:
            return await self.answer.acall(question=question)

    return Rag()


def model() -> Any:
    return dspy.context(lm=dspy.LM("openai/gpt-4o-mini", cache=False, num_retries=0), adapter=dspy.JSONAdapter())


def run() -> Any:
    with model():
        return program()(question="hello").answer


async def run_async() -> Any:
    with model():
        return (await program().acall(question="hello")).answer


def predict() -> Any:
    with model():
        return dspy.Predict("question -> answer")(question="hello").answer


def weather(city: str) -> str:
    """The weather in a city."""
    return f"{model_call(f'the sky over {city}')} sunny"


class Forecast(dspy.Module):
    """A program that has its tools executed by itself."""

    def __init__(self) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]
        self.tool = dspy.Tool(weather)

    def forward(self, question: str) -> Any:
        return dspy.Prediction(answer=self.tool(city=question))

    async def aforward(self, question: str) -> Any:
        with dspy.context(allow_tool_async_sync_conversion=True):
            return dspy.Prediction(answer=await dspy.Tool(weather_async).acall(city=question))


async def weather_async(city: str) -> str:
    """The weather in a city."""
    return weather(city)


def tools() -> Any:
    with model():
        return Forecast()(question="Ulm").answer


async def tools_async() -> Any:
    with model():
        return (await Forecast().acall(question="Ulm")).answer


def stream() -> Any:
    """A stream of a program, which gives what comes of one field and then the prediction."""
    with model(), dspy.context(track_usage=True):
        streamed = dspy.streamify(program(), async_streaming=False, include_final_prediction_in_output_stream=True)
        return [type(part).__name__ for part in streamed(question="hello")][-1]


ALL = {"submeter.framework": "dspy", "session.id": None}
RAG = {**ALL, "gen_ai.agent.name": "Rag", "submeter.step": "Predict"}
TOOL = {**ALL, "submeter.step": "Forecast"}
# The adapter of 3.0 asks again in plainer words after any error; that of 3.4 does not.
ASKS_AGAIN = int(dspy.__version__.startswith("3.0."))

CASES = {
    "a program": Case(run=run, calls=1, said=RAG),
    "a program, async": Case(run=run_async, calls=1, said=RAG),
    "a module alone": Case(run=predict, calls=1, said={**ALL, "gen_ai.agent.name": None, "submeter.step": "Predict"}),
    "a tool that asks a model": Case(run=tools, calls=1, tools=("weather",), said=TOOL),
    "the same, async": Case(run=tools_async, calls=1, tools=("weather_async",), said=TOOL),
    "a stream": Case(run=stream, calls=1, said=RAG),
    "an error of the provider": Case(run=predict, calls=ASKS_AGAIN, failed=1, said=ALL, script="status=400"),
    "a cancellation": Case(run=lambda: cancelled(run_async()), calls=0, failed=1, said=RAG, script="delay_s=3"),
}


@pytest.mark.parametrize("name", CASES)
def test_matrix(name: str) -> None:
    check(CASES[name])


@pytest.mark.parametrize("run", [run, run_async, stream, tools])
def test_counted_once_beside_the_spans_of_openinference(run: Callable[[], Any]) -> None:
    observed_by(["openinference.instrumentation.dspy:DSPyInstrumentor"], run)


def test_it_knows_no_conversations() -> None:
    assert mentions("dspy", *CONVERSATIONS) == []
