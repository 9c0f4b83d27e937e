"""OpenAI Agents: its spans, recorded or not, say which agent and tool is at work; a run says the conversation.

Its Codex tool is a program of its own, whose events are all there is to know of its requests. A turn that is completed
states its usage as the sum since the thread began, also across a resumption (Codex CLI 0.171; `agents` adds those sums
up, 0.24). What a turn took is how far the sum has grown. A turn that fails or is broken off states nothing; what it
took is in the next sum of its thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter import semconv
from submeter.context import Said
from submeter.core.endpoint import fields_of
from submeter.shapes.framework import Framework, Tell, Work, text
from submeter.shapes.responses import RESPONSE
from submeter.shapes.witness import Sums, Told, Witness
from submeter.value import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAME = "openai-agents"

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


_TURN = replace(
    RESPONSE,
    envelopes=frozenset(),
    request={},
    is_reported=True,
    is_sum=True,
    is_fetchable=False,
    attributes={semconv.USAGE_WITNESS: _NAME},
)

_COUNTS = ("input_tokens", "cached_input_tokens", "output_tokens")

Total = tuple[int, ...]
"""`_COUNTS` of a thread since it began."""

threads: Sums[Total] = Sums()
"""What was seen of the threads of Codex."""


class TurnFailedError(Exception):
    """Codex gave up a turn."""


class Turns:
    """What the events of one thread have told.

    Args:
        thread: the object that runs its turns; it has an id from its first event on, or before if it is resumed.
    """

    def __init__(self, thread: Any) -> None:
        self._model = text(getattr(getattr(thread, "_thread_options", None), "model", None))
        self._id = text(getattr(thread, "_id", None))
        self._is_resumed = bool(self._id)

    def see(self, message: Any) -> Iterator[Told]:
        """What the end of a turn tells; the other events tell nothing of usage."""
        kind = getattr(message, "type", "")
        if kind == "thread.started":
            self._id = text(message.thread_id)
        elif kind == "turn.completed":
            yield self._told(self._usage(message.usage))
        elif kind == "turn.failed":
            yield self._told(None)._replace(error=TurnFailedError())

    def rest(self) -> Iterator[Told]:
        """Nothing: a turn that is broken off tells no usage."""
        return iter(())

    def _told(self, usage: Mapping[str, Any] | None) -> Told:
        fields = {"model": self._model or None, "usage": usage}
        return Told(_TURN, "openai", fields, Said(conversation=self._id))

    def _usage(self, stated: Any) -> Mapping[str, Any] | None:
        """What the turn took, in the words of responses; nothing where that is not known."""
        if stated is None:
            return None
        total = tuple(getattr(stated, name) for name in _COUNTS)
        before = threads.replaced(self._id, total)
        if before is None and self._is_resumed:
            return None  # it began elsewhere, and how far it had come nobody knows here
        grown = tuple(now - then for now, then in zip(total, before or (0, 0, 0), strict=True))
        taken, cached, given = grown if min(grown) >= 0 else total
        return {"input_tokens": taken, "input_tokens_details": {"cached_tokens": cached}, "output_tokens": given}


_CODEX = Witness(
    package="agents",
    name=_NAME,
    gives={"conversation": "id of the thread"},
    messages="agents.extensions.experimental.codex.thread:Thread._run_streamed_internal",
    account=Turns,
)

FRAMEWORK = Framework(
    package="agents",
    name=_NAME,
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
    witness=_CODEX,
)
