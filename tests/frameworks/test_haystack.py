"""Haystack: components of pipelines and tools of agents on the calls of the SDK beneath."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from frameworks.stage import (
    CONVERSATIONS,
    Case,
    cancelled,
    check,
    framework,
    imported,
    mentions,
    model_call,
    observed_by,
    traced_once,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from metering import Metering

os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "false"  # noqa: TID251  (Haystack reads it when it is imported)
haystack: Any = framework("haystack")

# Before 3.0, an agent runs its parts as components, and what a cancelled pipeline has begun runs to its end.
IS_OLD = hasattr(imported("haystack.components.agents.agent"), "ToolInvoker")
PART = "chat_generator" if IS_OLD else None


def messages(text: str) -> Any:
    return [imported("haystack.dataclasses").ChatMessage.from_user(text)]


def generator(**more: Any) -> Any:
    return imported("haystack.components.generators.chat").OpenAIChatGenerator(
        model="gpt-4o-mini", max_retries=0, **more
    )


def pipeline(**more: Any) -> Any:
    made = haystack.Pipeline()
    made.add_component("writer", generator(**more))
    return made


def run() -> Any:
    return pipeline().run({"writer": {"messages": messages("hello")}})["writer"]["replies"][0].text


def asynchronous() -> Any:
    made: Any = getattr(haystack, "AsyncPipeline", haystack.Pipeline)()
    made.add_component("writer", generator())
    return made.run_async({"writer": {"messages": messages("hello")}})


async def run_async() -> Any:
    return (await asynchronous())["writer"]["replies"][0].text


def stream() -> Any:
    seen: list[str] = []

    def see(chunk: Any) -> None:
        seen.append(chunk.content)

    pipeline(streaming_callback=see).run({"writer": {"messages": messages("hello")}})
    return seen


def embedded() -> Any:
    made = haystack.Pipeline()
    embedder = imported("haystack.components.embedders").OpenAITextEmbedder(model="text-embedding-3-small")
    made.add_component("embedder", embedder)
    return len(made.run({"embedder": {"text": "hello"}})["embedder"]["embedding"])


def weather(city: str) -> str:
    """The weather in a city."""
    return f"{model_call(f'the sky over {city}')} sunny"


def agent() -> Any:
    tool = imported("haystack.tools").create_tool_from_function(weather)
    return imported("haystack.components.agents").Agent(chat_generator=generator(), tools=[tool])


def tools() -> Any:
    return [str(message.role) for message in agent().run(messages=messages("weather?"))["messages"]]


async def tools_async() -> Any:
    return [str(message.role) for message in (await agent().run_async(messages=messages("weather?")))["messages"]]


def agent_in_a_pipeline() -> Any:
    made = haystack.Pipeline()
    made.add_component("desk", agent())
    return len(made.run({"desk": {"messages": messages("weather?")}})["desk"]["messages"])


def traced(made: Metering) -> Any:
    """With Haystack's own spans, which tell what components gave where their content is asked for."""
    tracing: Any = imported("haystack.tracing")
    # In a package of its own since 3.0, which is opentelemetry-haystack.
    bridge: Any = framework(
        "haystack.tracing.opentelemetry" if IS_OLD else "haystack_integrations.tracing.opentelemetry"
    )
    tracing.tracer.is_content_tracing_enabled = True
    tracing.enable_tracing(bridge.OpenTelemetryTracer(made.traces.get_tracer("haystack")))
    try:
        return agent_in_a_pipeline()
    finally:
        tracing.disable_tracing()
        tracing.tracer.is_content_tracing_enabled = False


def test_counted_once_beside_its_own_spans() -> None:
    traced_once(traced, tools=int(IS_OLD))  # which had no spans of tools


ALL = {"submeter.framework": "haystack", "session.id": None}
WRITER = {**ALL, "submeter.step": "writer"}
WEATHER = ("weather",)

CASES = {
    "a pipeline": Case(run=run, calls=1, said=WRITER),
    "a pipeline, async": Case(run=run_async, calls=1, said=WRITER),
    "a stream": Case(run=stream, calls=1, said=WRITER),
    "embeddings": Case(run=embedded, calls=1, said={**ALL, "submeter.step": "embedder"}),
    "an agent": Case(run=tools, tools=WEATHER, calls=3, said=ALL, parts={"submeter.step": [PART, "weather", PART]}),
    "an agent, async": Case(
        run=tools_async, tools=WEATHER, calls=3, said=ALL, parts={"submeter.step": [PART, "weather", PART]}
    ),
    "an agent in a pipeline": Case(
        run=agent_in_a_pipeline,
        tools=WEATHER,
        calls=3,
        said=ALL,
        parts={"submeter.step": [PART or "desk", "weather", PART or "desk"]},
    ),
    "an error of the provider": Case(run=run, calls=0, failed=1, said=WRITER, script="status=400"),
    "a cancellation": Case(
        run=lambda: cancelled(asynchronous()), calls=int(IS_OLD), failed=1 - IS_OLD, said=WRITER, script="delay_s=2"
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_matrix(name: str) -> None:
    check(CASES[name])


@pytest.mark.parametrize("run", [agent_in_a_pipeline, stream, run_async])
def test_counted_once_beside_the_spans_of_openinference(run: Callable[[], Any]) -> None:
    observed_by(["openinference.instrumentation.haystack:HaystackInstrumentor"], run)


def test_it_knows_no_conversations() -> None:
    assert mentions("haystack", *CONVERSATIONS) == []
