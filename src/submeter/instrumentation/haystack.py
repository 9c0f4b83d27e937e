"""Haystack: the components of a pipeline are its steps, and so are an agent's tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter.context import Said
from submeter.shapes.framework import Framework, Work, text
from submeter.shapes.tools import Tool, passed

if TYPE_CHECKING:
    from collections.abc import Mapping


def _of_component(arguments: Mapping[str, Any]) -> Said:
    return Said(step=text(arguments.get("component_name")))


def _of_agent(_arguments: Mapping[str, Any]) -> Said:
    return Said()


def _of_tool(arguments: Mapping[str, Any]) -> Said:
    return Said(step=text(getattr(arguments["self"], "name", None)))


def _tool(arguments: Mapping[str, Any]) -> Tool:
    tool = arguments["self"]
    return Tool(name=text(tool.name), description=text(tool.description), arguments=passed(arguments))


FRAMEWORK = Framework(
    package="haystack",
    name="haystack",
    gives={"step": "component of the pipeline, tool"},
    works=(
        Work(target="haystack.core.pipeline.pipeline:Pipeline._run_component", says=_of_component),
        # In a pipeline of their own until 3.0.
        Work(
            target="haystack.core.pipeline.pipeline:Pipeline._run_component_async", says=_of_component, is_optional=True
        ),
        Work(
            target="haystack.core.pipeline.async_pipeline:AsyncPipeline._run_component_async",
            says=_of_component,
            is_optional=True,
        ),
        Work(target="haystack.components.agents.agent:Agent.run", says=_of_agent),
        Work(target="haystack.components.agents.agent:Agent.run_async", says=_of_agent),
        Work(target="haystack.tools.tool:Tool.invoke", says=_of_tool, tool=_tool),
        Work(target="haystack.tools.tool:Tool.invoke_async", says=_of_tool, tool=_tool, is_optional=True),
    ),
)
