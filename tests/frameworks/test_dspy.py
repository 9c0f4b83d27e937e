"""DSPy: programs and their modules on the calls of the SDK beneath."""

from __future__ import annotations

from typing import Any

import pytest

from frameworks.stage import Case, cancelled, check, framework, observed_by

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


ALL = {"submeter.framework": "dspy", "session.id": None}
RAG = {**ALL, "gen_ai.agent.name": "Rag", "submeter.step": "Predict"}
CASES = {
    "a program": Case(run=run, calls=1, said=RAG),
    "a program, async": Case(run=run_async, calls=1, said=RAG),
    "a module alone": Case(run=predict, calls=1, said={**ALL, "gen_ai.agent.name": None, "submeter.step": "Predict"}),
    "a cancellation": Case(run=lambda: cancelled(run_async()), calls=0, failed=1, said=RAG, script="delay_s=3"),
}


@pytest.mark.parametrize("name", CASES)
def test_matrix(name: str) -> None:
    check(CASES[name])


def test_counted_once_beside_the_spans_of_openinference() -> None:
    observed_by("openinference.instrumentation.dspy:DSPyInstrumentor", run)
