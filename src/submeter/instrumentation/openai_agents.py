"""OpenAI Agents: its spans, recorded or not, say which agent and tool is at work; a run says the conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter.context import Said
from submeter.core.endpoint import fields_of
from submeter.shapes.framework import Framework, Tell, Work, text

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEEPEST = 32
"""How many spans are looked at on the way out to the agent's; a run has a handful."""


def _reads(scope: Any) -> Said | None:
    span, step = scope.get_current_span(), ""
    for _ in range(_DEEPEST):
        if span is None:
            break
        data = span.span_data
        if data.type == "agent":
            return Said(agent=text(data.name), step=step)
        if data.type == "function" and not step:
            step = text(data.name)
        # The span around this one; its token has it, whether spans are recorded or not (0.2 to 0.24).
        outer = getattr(getattr(span, "_prev_span_token", None), "old_value", None)
        span = outer if hasattr(outer, "span_data") else None
    return Said(step=step) if step else None


def _of_run(arguments: Mapping[str, Any]) -> Said:
    """The same order as the framework's own: the server's conversation, its session, then the group of traces."""
    return Said(
        conversation=text(arguments.get("conversation_id"))
        or text(getattr(arguments.get("session"), "session_id", None))
        or text(fields_of(arguments.get("run_config")).get("group_id"))
    )


FRAMEWORK = Framework(
    package="agents",
    name="openai-agents",
    gives={
        "agent": "`Agent(name=...)`",
        "step": "function tool",
        "conversation": "`conversation_id`, else the session's id, else `RunConfig(group_id=...)`",
    },
    tell=Tell(source="agents.tracing.scope:Scope", reads=_reads),
    works=(
        Work(target="agents.run:AgentRunner.run", says=_of_run),
        Work(target="agents.run:AgentRunner.run_streamed", says=_of_run),
    ),
)
