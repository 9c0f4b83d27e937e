"""CrewAI: an agent works on a task. Its role is its name, as CrewAI has no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from submeter.context import Said
from submeter.shapes.framework import Framework, Work, nothing, text
from submeter.shapes.reports import Reports
from submeter.shapes.tools import Tool, passed

if TYPE_CHECKING:
    from collections.abc import Mapping


def _of_agent(arguments: Mapping[str, Any]) -> Said:
    task = arguments.get("task")
    return Said(agent=text(getattr(arguments["self"], "role", None)), step=text(getattr(task, "name", None)))


def _of_flow(arguments: Mapping[str, Any]) -> Said | None:
    # An agent's own executor is a flow too (1.15), of steps that nobody outside of CrewAI knows.
    is_inside = type(arguments["self"]).__module__.startswith("crewai.")
    return None if is_inside else Said(step=text(arguments.get("method_name")))


def _of_kickoff(arguments: Mapping[str, Any]) -> Said:
    """The id that a flow's state is kept under; a flow that is given none makes one up, which nobody goes by."""
    inputs = arguments.get("inputs")
    return Said(conversation=text(cast("Mapping[str, Any]", inputs).get("id")) if isinstance(inputs, dict) else "")


def _tool(arguments: Mapping[str, Any]) -> Tool:
    tool = arguments["self"]
    given = arguments.get("input") or passed(arguments)
    return Tool(name=text(tool.name), description=text(tool.description), arguments=given)


FRAMEWORK = Framework(
    package="crewai",
    name="crewai",
    gives={
        "agent": "`Agent(role=...)`",
        "step": "`Task(name=...)`, method of a flow",
        "conversation": '`kickoff(inputs={"id": ...})` of a flow',
    },
    works=(
        Work(target="crewai.agent:Agent.execute_task", says=_of_agent),
        Work(target="crewai.agent:Agent.aexecute_task", says=_of_agent, is_optional=True),
        Work(target="crewai.agent:Agent.kickoff", says=_of_agent, is_optional=True),
        Work(target="crewai.agent:Agent.kickoff_async", says=_of_agent, is_optional=True),
        Work(target="crewai.agent:Agent.akickoff", says=_of_agent, is_optional=True),
        # Of the first before the second came to inherit from it (1.15).
        Work(target="crewai.flow.runtime:Flow._execute_method", says=_of_flow, is_optional=True),
        Work(target="crewai.flow.flow:Flow._execute_method", says=_of_flow, is_optional=True),
        Work(target="crewai.flow.runtime:Flow.kickoff_async", says=_of_kickoff, is_optional=True),
        Work(target="crewai.flow.flow:Flow.kickoff_async", says=_of_kickoff, is_optional=True),
        *(
            Work(target=f"crewai.tools.{owner}", says=nothing, tool=_tool, is_optional=True)
            for owner in (
                "base_tool:BaseTool.run",
                "base_tool:BaseTool.arun",
                "base_tool:Tool.run",
                "base_tool:Tool.arun",
                "structured_tool:CrewStructuredTool.invoke",
                "structured_tool:CrewStructuredTool.ainvoke",
            )
        ),
    ),
    reports=Reports(
        call="crewai.llms.base_llm:_current_call_id",
        ends="crewai.telemetry.tracing.handlers:_end_span",
    ),
)
