"""LangChain and LangGraph: nodes, agents and threads on the calls of real chat models, counted once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from frameworks.stage import Case, cancelled, check, framework, imported, observed_by

if TYPE_CHECKING:
    from collections.abc import Callable

framework("langchain_core", "langchain_openai", "langgraph")
openai: Any = imported("langchain_openai")
graphs: Any = imported("langgraph.graph")
tools: Any = imported("langchain_core.tools")
prompts: Any = imported("langchain_core.prompts")

THREAD: dict[str, Any] = {"configurable": {"thread_id": "t-1"}}


def model(**more: Any) -> Any:
    return openai.ChatOpenAI(model="gpt-4o-mini", max_retries=0, **more)


def said(message: Any) -> Any:
    return message.content, message.usage_metadata


def direct() -> Any:
    return said(model().invoke("hello", {"metadata": {"session_id": "t-1"}}))


async def direct_async() -> Any:
    return said(await model().ainvoke("hello", {"metadata": {"session_id": "t-1"}}))


def chain() -> Any:
    steps = prompts.ChatPromptTemplate.from_template("say {word}") | model()
    return said(steps.invoke({"word": "hello"}, THREAD))


def chain_stream() -> list[str]:
    steps = prompts.ChatPromptTemplate.from_template("say {word}") | model()
    return [chunk.content for chunk in steps.stream({"word": "hello"}, THREAD)]


async def chain_stream_async() -> list[str]:
    steps = prompts.ChatPromptTemplate.from_template("say {word}") | model()
    return [chunk.content async for chunk in steps.astream({"word": "hello"}, THREAD)]


def chain_stream_closed() -> list[str]:
    chunks = model().stream("say twenty things in 40 words", THREAD)
    seen = [next(chunks).content, next(chunks).content]
    chunks.close()
    return seen


def embedded() -> Any:
    lookup: Any = imported("langchain_core.runnables").RunnableLambda
    embeddings = openai.OpenAIEmbeddings(model="text-embedding-3-small", check_embedding_ctx_length=False)
    return len(lookup(embeddings.embed_query).invoke("hello", THREAD))


def graph(first: Any, second: Any) -> Any:
    builder = graphs.StateGraph(dict)
    builder.add_node("plan", first)
    builder.add_node("write", second)
    builder.add_edge(graphs.START, "plan")
    builder.add_edge("plan", "write")
    builder.add_edge("write", graphs.END)
    return builder.compile()


def nodes() -> Any:
    def plan(state: dict[str, Any]) -> dict[str, Any]:
        return {"plan": model().invoke(state["ask"]).content}

    def write(state: dict[str, Any], config: Any = None) -> dict[str, Any]:
        # The provider's own SDK within a node, with no model of LangChain's between.
        sdk: Any = imported("openai").OpenAI()
        answer = sdk.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "write"}])
        return {"text": answer.choices[0].message.content}

    return graph(plan, write).invoke({"ask": "hello"}, THREAD)


async def nodes_async() -> Any:
    async def plan(state: dict[str, Any]) -> dict[str, Any]:
        return {"plan": (await model().ainvoke(state["ask"])).content}

    async def write(state: dict[str, Any]) -> dict[str, Any]:
        chunks = [chunk.content async for chunk in model().astream("write")]
        return {"text": "".join(chunks)}

    return [part async for part in graph(plan, write).astream({"ask": "hello"}, THREAD)]


def forecaster() -> Any:
    agents: Any = imported("langchain.agents")
    if not hasattr(agents, "create_agent"):
        pytest.skip("agents with a name came with langchain 1.0")
    return agents.create_agent(model(), [tools.tool(weather)], name="forecaster")


def agent() -> Any:
    made = forecaster()
    messages = made.invoke({"messages": [("user", "weather?")]}, THREAD)["messages"]
    return [message.type for message in messages]


def weather(city: str) -> str:
    """The weather in a city."""
    return f"{model().invoke(f'the sky over {city}').content} sunny"


async def agent_async() -> Any:
    made = forecaster()
    kinds: list[str] = []
    async for part in made.astream({"messages": [("user", "weather?")]}, THREAD):
        kinds.extend(part)
    return kinds


async def aborted() -> str:
    return await cancelled(model().ainvoke("hello", THREAD))


ONE = {"gen_ai.conversation.id": "t-1", "session.id": "t-1"}
CHAIN = {**ONE, "submeter.framework": "langchain", "submeter.step": None, "gen_ai.agent.name": None}
GRAPH = {**ONE, "submeter.framework": "langgraph"}
PLAN = {"submeter.step": ["plan", "write"]}
AGENT = {**GRAPH, "gen_ai.agent.name": "forecaster"}
LOOP = {"submeter.step": ["model", "tools", "model"]}

WEATHER = ("weather",)

CASES = {
    "a model called with a configuration": Case(run=direct, calls=1, said=CHAIN),
    "the same model, async": Case(run=direct_async, calls=1, said=CHAIN),
    "a chain": Case(run=chain, calls=1, said=CHAIN),
    "a chain's stream": Case(run=chain_stream, calls=1, said=CHAIN),
    "a chain's stream, async": Case(run=chain_stream_async, calls=1, said=CHAIN),
    "a stream closed early": Case(run=chain_stream_closed, calls=0, early=1, said=CHAIN, script="delay_between_s=0.05"),
    "embeddings in a chain": Case(run=embedded, calls=1, said=CHAIN),
    "nodes of a graph": Case(run=nodes, calls=2, said=GRAPH, parts=PLAN),
    "nodes of a graph, async": Case(run=nodes_async, calls=2, said=GRAPH, parts=PLAN),
    "an agent with a tool that asks a model": Case(run=agent, tools=WEATHER, calls=3, said=AGENT, parts=LOOP),
    "the same, async": Case(run=agent_async, tools=WEATHER, calls=3, said=AGENT, parts=LOOP),
    "an error of the provider": Case(run=chain, calls=0, failed=1, said=CHAIN, script="status=400"),
    "a cancellation": Case(run=aborted, calls=0, failed=1, said=CHAIN, script="delay_s=2"),
}


@pytest.mark.parametrize("name", CASES)
def test_matrix(name: str) -> None:
    check(CASES[name])


OPENINFERENCE = "openinference.instrumentation.langchain:LangChainInstrumentor"
BENEATH = "openinference.instrumentation.openai:OpenAIInstrumentor"
RUNS = [chain, chain_stream, chain_stream_async, nodes, nodes_async, agent, agent_async]


@pytest.mark.parametrize("run", RUNS)
def test_counted_once_beside_the_spans_of_openinference(run: Callable[[], Any]) -> None:
    observed_by([OPENINFERENCE], run)


@pytest.mark.parametrize("around", [False, True])
@pytest.mark.parametrize("run", RUNS)
def test_counted_once_where_openinference_has_the_sdk_too(run: Callable[[], Any], around: bool) -> None:
    observed_by([OPENINFERENCE, BENEATH], run, around=around)
