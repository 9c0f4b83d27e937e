"""LangChain and LangGraph: the configuration of the runnable at work says which node, agent and thread it is.

Both keep it in one context variable, set around every step of a chain, node of a graph and tool. A model that is
called directly with a configuration of its own is the one case outside of it.
"""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from submeter.context import Said
from submeter.shapes.framework import Framework, Tell, Work, nothing, text
from submeter.shapes.tools import Tool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from opentelemetry.trace import Span

_CONVERSATION = ("thread_id", "session_id", "conversation_id")
"""The keys that LangGraph's checkpoints and LangSmith's threads go by, best first."""

_NODE = "langgraph_node"
_AGENT = "lc_agent_name"


def _first(names: tuple[str, ...], *places: Mapping[str, Any]) -> str:
    return next((found for name in names for place in places if (found := text(place.get(name)))), "")


def _said(config: Mapping[str, Any]) -> Said:
    metadata = cast("Mapping[str, Any]", config.get("metadata") or {})
    configurable = cast("Mapping[str, Any]", config.get("configurable") or {})
    return Said(
        framework="langgraph" if _NODE in metadata else "",
        agent=text(metadata.get(_AGENT)),
        step=text(metadata.get(_NODE)),
        conversation=_first(_CONVERSATION, configurable, metadata),
        user=_first(("user_id",), configurable, metadata),
    )


def _reads(variable: Any) -> Said | None:
    config = variable.get()
    return _said(config) if config else None


def _of_model(arguments: Mapping[str, Any]) -> Said | None:
    """What the configuration says that a model itself was called with."""
    config = arguments.get("config")
    return _said(cast("Mapping[str, Any]", config)) if isinstance(config, dict) else None


def _tool(arguments: Mapping[str, Any]) -> Tool:
    tool = arguments["self"]
    return Tool(
        name=text(tool.name),
        call_id=text(arguments.get("tool_call_id")),
        description=text(tool.description),
        arguments=arguments.get("tool_input"),
    )


def _spans(runs: Any) -> Iterator[Callable[[], Span | None]]:
    """What gives the span of each run, where a handler keeps one for each run's id (OpenInference)."""
    for run in runs:
        keepers = (keep for handler in run.handlers if (keep := getattr(handler, "get_span", None)) is not None)
        yield from (partial(keep, run.run_id) for keep in islice(keepers, 1))


FRAMEWORK = Framework(
    package="langchain_core",
    name="langchain",
    gives={
        "agent": "`create_agent(name=...)`",
        "step": "node of the graph",
        "conversation": "`thread_id`, else `session_id` or `conversation_id`, of the configuration",
        "user": "`user_id` of the configuration",
    },
    tell=Tell(source="langchain_core.runnables.config:var_child_runnable_config", reads=_reads, is_last=True),
    works=(
        *(
            Work(target=f"langchain_core.language_models.chat_models:BaseChatModel.{name}", says=_of_model)
            for name in ("invoke", "ainvoke", "stream", "astream")
        ),
        Work(target="langchain_core.tools.base:BaseTool.run", says=nothing, tool=_tool),
        Work(target="langchain_core.tools.base:BaseTool.arun", says=nothing, tool=_tool),
    ),
    runs=tuple(
        f"langchain_core.callbacks.manager:{kind}.{name}"
        for kind in ("CallbackManager", "AsyncCallbackManager")
        for name in ("on_chat_model_start", "on_llm_start")
    ),
    spans=_spans,
)
