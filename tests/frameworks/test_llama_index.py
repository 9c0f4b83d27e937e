"""LlamaIndex: agents of workflows, tools and query engines on the calls of the SDK beneath."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from frameworks.stage import Case, cancelled, check, framework, imported, model_call, observed_by
from metering import in_memory, metered
from submeter.store.rows import span_batch

if TYPE_CHECKING:
    from collections.abc import Callable

framework("llama_index.core", "llama_index.llms.openai", "llama_index.embeddings.openai")
workflow: Any = imported("llama_index.core.agent.workflow")
core: Any = imported("llama_index.core")


def model() -> Any:
    url = os.environ["OPENAI_BASE_URL"]  # noqa: TID251
    return imported("llama_index.llms.openai").OpenAI(model="gpt-4o-mini", api_base=url, max_retries=0)


def agent(name: str = "forecaster", **more: Any) -> Any:
    return workflow.FunctionAgent(name=name, description="Knows.", llm=model(), **{"streaming": False, **more})


def memory() -> Any:
    return imported("llama_index.core.memory").Memory.from_defaults(session_id="t-1")


async def run() -> Any:
    return str(await agent().run("hello", memory=memory()))


async def stream() -> Any:
    handler = agent(streaming=True).run("hello", memory=memory())
    return [type(event).__name__ async for event in handler.stream_events()], str(await handler)


def weather(city: str) -> str:
    """The weather in a city."""
    return f"{model_call(f'the sky over {city}')} sunny"


async def tools() -> Any:
    return str(await agent(tools=[weather]).run("weather?", memory=memory()))


async def many() -> Any:
    made = workflow.AgentWorkflow(agents=[agent("desk", tools=[weather])], root_agent="desk")
    return str(await made.run(user_msg="weather?", memory=memory()))


async def react() -> Any:
    made = workflow.ReActAgent(name="forecaster", description="Knows.", llm=model(), streaming=False)
    return str(await made.run("hello", memory=memory()))[:20]


def engine(**more: Any) -> Any:
    url = os.environ["OPENAI_BASE_URL"]  # noqa: TID251
    embedding = imported("llama_index.embeddings.openai").OpenAIEmbedding(api_base=url, model="text-embedding-3-small")
    index = core.VectorStoreIndex.from_documents([core.Document(text="Ulm")], embed_model=embedding)
    return index.as_query_engine(llm=model(), **more)


def query() -> Any:
    return str(engine().query("where?"))


async def query_async() -> Any:
    return str(await engine().aquery("where?"))


def query_streamed() -> Any:
    return list(engine(streaming=True).query("where?").response_gen)


async def query_streamed_async() -> Any:
    answer = await engine(streaming=True).aquery("where?")
    return [text async for text in answer.async_response_gen()]


async def aborted() -> Any:
    handler = agent().run("hello", memory=memory())
    try:
        return str(await handler)
    except asyncio.CancelledError:
        await handler.cancel_run()
        raise


ONE = {"submeter.framework": "llama-index", "session.id": "t-1", "gen_ai.conversation.id": "t-1"}
AGENT = {**ONE, "gen_ai.agent.name": "forecaster"}
PLAIN = {**AGENT, "submeter.step": None}
INDEX = {"gen_ai.agent.name": None, "session.id": None}
STEPS = {"submeter.step": [None, "retrieve", "synthesize"]}

# Since 0.14, a step that has begun runs to its end, and tools that are plain functions run in the program's context.
CUT = int(core.__version__.startswith("0.13."))

WEATHER = ("weather",)

CASES = {
    "an agent": Case(run=run, calls=1, said=PLAIN),
    "a stream": Case(run=stream, calls=1, said=PLAIN),
    "an agent that reasons and acts": Case(run=react, calls=1, said=PLAIN),
    "a tool that asks a model": Case(
        run=tools,
        tools=WEATHER,
        is_apart=bool(CUT),
        calls=3,
        said={"gen_ai.agent.name": "forecaster", "submeter.framework": "llama-index"},
        parts={"submeter.step": [None, "weather", None]},
    ),
    "a workflow of agents": Case(
        run=many,
        tools=WEATHER,
        is_apart=bool(CUT),
        calls=3,
        said={"submeter.framework": "llama-index"},
        parts={"submeter.step": [None, "weather", None]},
    ),
    "a query of an index": Case(run=query, calls=3, said=INDEX, parts=STEPS),
    "a query, async": Case(run=query_async, calls=3, said=INDEX, parts=STEPS),
    "an error of the provider": Case(run=run, calls=0, failed=1, said=PLAIN, script="status=400"),
    "a cancellation": Case(run=lambda: cancelled(aborted()), calls=1 - CUT, failed=CUT, said=PLAIN, script="delay_s=2"),
}


@pytest.mark.parametrize("name", CASES)
def test_matrix(name: str) -> None:
    check(CASES[name])


@pytest.mark.parametrize("run", [run, stream, react, tools, query, query_async, query_streamed, query_streamed_async])
def test_counted_once_beside_the_spans_of_openinference(run: Callable[[], Any]) -> None:
    observed_by(["openinference.instrumentation.llama_index:LlamaIndexInstrumentor"], run)


def test_a_call_that_nobody_else_sees_stays() -> None:
    """A model without an SDK that is metered: OpenInference alone tells of its call, which states no tokens."""
    chat: Any = imported("llama_index.core.llms")
    instrumentor: Any = framework("openinference.instrumentation.llama_index").LlamaIndexInstrumentor()
    with metered(in_memory()) as made:
        instrumentor.instrument(tracer_provider=made.traces, skip_dep_check=True)
        try:
            for _ in chat.MockLLM(max_tokens=2).stream_chat([chat.ChatMessage(content="hello")]):
                pass
        finally:
            instrumentor.uninstrument()
        [record] = span_batch(encode_spans(made.all_ended()).SerializeToString()).records
        assert (record.scope, record.usage.total_tokens) == ("openinference.instrumentation.llama_index", 0)
