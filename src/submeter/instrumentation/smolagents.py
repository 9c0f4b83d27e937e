"""smolagents: an agent's run says its name, a tool call the tool's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter.context import Said
from submeter.shapes.framework import Framework, Work, text

if TYPE_CHECKING:
    from collections.abc import Mapping


def _of_run(arguments: Mapping[str, Any]) -> Said:
    return Said(agent=text(getattr(arguments["self"], "name", None)))


def _of_tool(arguments: Mapping[str, Any]) -> Said:
    return Said(step=text(arguments.get("tool_name")))


FRAMEWORK = Framework(
    package="smolagents",
    name="smolagents",
    gives={"agent": "`CodeAgent(name=...)` and its kin", "step": "tool of a `ToolCallingAgent`"},
    works=(
        Work(target="smolagents.agents:MultiStepAgent.run", says=_of_run),
        Work(target="smolagents.agents:ToolCallingAgent.execute_tool_call", says=_of_tool, is_optional=True),
    ),
)
