"""Agno: agents, teams and workflows say their name, session and user; tools are steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter import semconv
from submeter.context import Said
from submeter.shapes.framework import Framework, Work, text
from submeter.shapes.tools import Tool

if TYPE_CHECKING:
    from collections.abc import Mapping


def _of_run(arguments: Mapping[str, Any]) -> Said:
    owner = arguments["self"]
    return Said(
        agent=text(getattr(owner, "name", None)),
        conversation=text(arguments.get("session_id")) or text(getattr(owner, "session_id", None)),
        user=text(arguments.get("user_id")) or text(getattr(owner, "user_id", None)),
    )


def _of_workflow(arguments: Mapping[str, Any]) -> Said:
    said = _of_run(arguments)
    return Said(conversation=said.conversation, user=said.user)


def _of_tool(arguments: Mapping[str, Any]) -> Said:
    return Said(step=text(getattr(getattr(arguments["self"], "function", None), "name", None)))


def _fault(outcome: Any) -> str:
    return semconv.ERROR_OTHER if outcome.status == "failure" else ""


def _tool(arguments: Mapping[str, Any]) -> Tool:
    call = arguments["self"]
    return Tool(
        name=text(call.function.name),
        call_id=text(call.call_id),
        description=text(call.function.description),
        arguments=call.arguments,
        fault=_fault,
    )


FRAMEWORK = Framework(
    package="agno",
    name="agno",
    gives={
        "agent": "`Agent(name=...)`, `Team(name=...)`",
        "step": "tool",
        "conversation": "`session_id` of the run, else of the agent",
        "user": "`user_id` of the run, else of the agent",
    },
    works=(
        *(
            Work(target=f"agno.{owner}.{name}", says=says)
            for owner, says in (
                ("agent.agent:Agent", _of_run),
                ("team.team:Team", _of_run),
                ("workflow.workflow:Workflow", _of_workflow),
            )
            for name in ("run", "arun")
        ),
        Work(target="agno.tools.function:FunctionCall.execute", says=_of_tool, tool=_tool),
        Work(target="agno.tools.function:FunctionCall.aexecute", says=_of_tool, tool=_tool),
    ),
)
