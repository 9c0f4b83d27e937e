"""LlamaIndex: agents of workflows say their name and memory; retrieval and synthesis are steps of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter import semconv
from submeter.context import Said
from submeter.core import exceptions
from submeter.shapes.framework import Framework, Work, text
from submeter.shapes.reports import Announced
from submeter.shapes.tools import Tool

if TYPE_CHECKING:
    from collections.abc import Mapping

_CORE = "llama_index.core"
_AGENTS = f"{_CORE}.agent.workflow"


def _of_agent(arguments: Mapping[str, Any]) -> Said:
    return Said(
        agent=text(getattr(arguments["self"], "name", None)),
        # Older kinds of memory have no id of their own.
        conversation=text(getattr(arguments.get("memory"), "session_id", None)),
    )


def _of_tool(arguments: Mapping[str, Any]) -> Said:
    """The tool's name; one agent alone runs its own tools, among several nobody says whose they are."""
    name = text(getattr(getattr(arguments.get("tool"), "metadata", None), "name", None))
    return Said(agent=text(getattr(arguments["self"], "name", None)), step=name)


def _fault(output: Any) -> str:
    if not output.is_error:
        return ""
    return exceptions.type_of(getattr(output, "exception", None)) or semconv.ERROR_OTHER


def _tool(arguments: Mapping[str, Any]) -> Tool:
    told = arguments["tool"].metadata
    return Tool(
        name=text(told.name), description=text(told.description), arguments=arguments.get("tool_input"), fault=_fault
    )


def _step(name: str) -> Said:
    return Said(step=name)


FRAMEWORK = Framework(
    package="llama_index",
    name="llama-index",
    gives={
        "agent": "`FunctionAgent(name=...)` and its kin",
        "step": "tool, `retrieve`, `synthesize`",
        "conversation": "`Memory(session_id=...)`",
    },
    works=(
        Work(target=f"{_AGENTS}.function_agent:FunctionAgent.take_step", says=_of_agent),
        Work(target=f"{_AGENTS}.react_agent:ReActAgent.take_step", says=_of_agent),
        Work(target=f"{_AGENTS}.codeact_agent:CodeActAgent.take_step", says=_of_agent),
        Work(target=f"{_AGENTS}.base_agent:BaseWorkflowAgent._call_tool", says=_of_tool, tool=_tool, is_optional=True),
        Work(
            target=f"{_AGENTS}.multi_agent_workflow:AgentWorkflow._call_tool",
            says=_of_tool,
            tool=_tool,
            is_optional=True,
        ),
        *(
            Work(target=f"{_CORE}.{owner}.{prefix}{name}", says=lambda _, step=name: _step(step))
            for owner, name in (
                ("base.base_retriever:BaseRetriever", "retrieve"),
                ("response_synthesizers.base:BaseSynthesizer", "synthesize"),
            )
            for prefix in ("", "a")
        ),
    ),
    # OpenInference leaves its span of a stream as soon as there is one to be read; the request is made when it is.
    reports=Announced(
        event="llama_index_instrumentation.dispatcher:Dispatcher.event",
        begins=frozenset({"LLMChatStartEvent", "LLMCompletionStartEvent"}),
        ends=frozenset({"LLMChatEndEvent", "LLMCompletionEndEvent", "ExceptionEvent"}),
    ),
)
