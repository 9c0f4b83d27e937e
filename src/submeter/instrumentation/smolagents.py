"""smolagents: an agent's run says its name, a tool call the tool's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter.context import Said
from submeter.shapes.framework import Framework, Work, text
from submeter.shapes.tools import Tool, passed

if TYPE_CHECKING:
    from collections.abc import Mapping


def _of_run(arguments: Mapping[str, Any]) -> Said:
    return Said(agent=text(getattr(arguments["self"], "name", None)))


def _of_member(arguments: Mapping[str, Any]) -> Said:
    return Said(step=text(arguments.get("tool_name")))


def _of_tool(arguments: Mapping[str, Any]) -> Said:
    return Said(step=text(arguments["self"].name))


def _tool(arguments: Mapping[str, Any]) -> Tool:
    tool = arguments["self"]
    given = passed(arguments, "sanitize_inputs_outputs")
    return Tool(name=text(tool.name), description=text(tool.description), arguments=given)


FRAMEWORK = Framework(
    package="smolagents",
    name="smolagents",
    gives={"agent": "`CodeAgent(name=...)` and its kin", "step": "tool, managed agent"},
    works=(
        Work(target="smolagents.agents:MultiStepAgent.run", says=_of_run),
        Work(target="smolagents.agents:ToolCallingAgent.execute_tool_call", says=_of_member, is_optional=True),
        Work(target="smolagents.tools:Tool.__call__", says=_of_tool, tool=_tool),
    ),
)
