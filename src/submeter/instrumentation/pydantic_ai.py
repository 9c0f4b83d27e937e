"""Pydantic AI: the context of the run at work says which agent, tool and conversation it is.

The framework sets it around requests to a model; a tool gets it as an argument instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter.context import Said
from submeter.shapes.framework import Framework, Tell, Work, text
from submeter.shapes.tools import Tool

if TYPE_CHECKING:
    from collections.abc import Mapping


def _said(run: Any) -> Said:
    return Said(
        agent=text(getattr(getattr(run, "agent", None), "name", None)),
        step=text(getattr(run, "tool_name", None)),
        conversation=text(getattr(run, "conversation_id", None)),
    )


def _reads(current: Any) -> Said | None:
    run = current()
    return None if run is None else _said(run)


def _of_tool(arguments: Mapping[str, Any]) -> Said:
    return _said(arguments.get("ctx"))


def _tool(arguments: Mapping[str, Any]) -> Tool:
    run = arguments["ctx"]
    return Tool(
        name=text(run.tool_name),
        call_id=text(run.tool_call_id),
        description=text(getattr(arguments["self"], "description", None)),
        arguments=arguments.get("args_dict"),
    )


FRAMEWORK = Framework(
    package="pydantic_ai",
    name="pydantic-ai",
    gives={
        "agent": "`Agent(name=...)`",
        "step": "tool",
        "conversation": "`conversation_id`, which the framework makes up if you give none",
    },
    tell=Tell(source="pydantic_ai._run_context:get_current_run_context", reads=_reads),
    works=(Work(target="pydantic_ai._function_schema:FunctionSchema.call", says=_of_tool, tool=_tool),),
)
