"""Scope: what the work in hand is attributed to, by the application and by the framework it runs in.

What the application says always wins. A framework is believed where the application said nothing: the innermost
one for agent and step, the outermost one for the session, because that is whose work all of it is.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import field
from typing import TYPE_CHECKING

from submeter import semconv
from submeter.context import baggage
from submeter.value import replace, value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextvars import Token
    from types import TracebackType

    from submeter.context.meter import Meter


@value(kw_only=False)
class Scope:
    """What the work in hand is attributed to. Empty strings mean not said; `own` is what the application said."""

    session_id: str = ""
    user_id: str = ""
    operation: str = ""
    step: str = ""
    agent: str = ""
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    meters: tuple[Meter, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])
    agent_id: str = ""
    conversation_id: str = ""
    framework: str = ""
    own: frozenset[str] = frozenset()
    _unmetered: Scope | None = field(default=None, compare=False, repr=False)

    def unmetered(self) -> Scope:
        """The same without its meters, for what they hold: else only the collector would ever free them."""
        if self._unmetered is None:
            made = Scope(
                self.session_id, self.user_id, self.operation, self.step, self.agent, self.tags, (), self.attributes,
                self.agent_id, self.conversation_id, self.framework, self.own,
            )  # fmt: skip
            object.__setattr__(self, "_unmetered", made)
            return made
        return self._unmetered

    def named(self) -> dict[str, str]:
        """The span attributes of this scope, by their wire names."""
        named = {
            name: value
            for name, value in (
                (semconv.SESSION_ID, self.session_id),
                (semconv.CONVERSATION_ID, self.conversation_id),
                (semconv.USER_ID, self.user_id),
                (semconv.OPERATION, self.operation),
                (semconv.STEP, self.step),
                (semconv.AGENT_NAME, self.agent),
                (semconv.AGENT_ID, self.agent_id),
                (semconv.FRAMEWORK, self.framework),
            )
            if value
        }
        for tag, said in self.tags.items():
            named[semconv.TAG_PREFIX + tag] = said
        return named


@value
class Said:
    """What a framework says of the work in hand. Empty strings mean not said.

    Args:
        framework: its name.
        agent: the name of the agent at work.
        agent_id: that agent's own stable id.
        step: the named part of its work: a node, a task, a component, a tool.
        conversation: the id of the conversation or thread.
        user: whose conversation it is.
    """

    framework: str = ""
    agent: str = ""
    agent_id: str = ""
    step: str = ""
    conversation: str = ""
    user: str = ""


EMPTY = Scope()
current_scope: ContextVar[Scope] = ContextVar("submeter_scope", default=EMPTY)


def current() -> Scope:
    """The scope of the work in hand; outside of every scope, what a calling service sent along."""
    scope = current_scope.get()
    if scope is not EMPTY:
        return scope
    sent = baggage.received()
    return _received(sent) if sent else EMPTY


def inner(outer: Scope, given: Scope, meter: Meter) -> Scope:
    """The scope within `outer` for what the application has `given`, counted by `meter` too."""
    is_other_agent = bool(given.agent)
    return _settled(
        Scope(
            session_id=given.session_id or outer.session_id,
            user_id=given.user_id or outer.user_id,
            operation=given.operation or outer.operation,
            step=given.step or outer.step,
            agent=given.agent or outer.agent,
            tags={**outer.tags, **given.tags},
            meters=(*outer.meters, meter),
            agent_id="" if is_other_agent else outer.agent_id,
            conversation_id=outer.conversation_id,
            framework=outer.framework,
            own=outer.own | _stated(given),
        )
    )


def beneath(outer: Scope, said: Said, *, is_inner: bool = True) -> Scope:
    """The scope within `outer` for what a framework says.

    Args:
        outer: the scope around the framework's work.
        said: what it says.
        is_inner: whether its work is the innermost; else it only says what nobody has said yet.
    """
    own = outer.own if is_inner else outer.own | _stated(outer)
    is_agent_known = "agent" in own or not said.agent
    return _settled(
        replace(
            outer,
            session_id=outer.session_id or said.conversation,
            conversation_id=outer.conversation_id
            if "conversation_id" in own
            else said.conversation or outer.conversation_id,
            user_id=outer.user_id or said.user,
            step=outer.step if "step" in own else said.step or outer.step,
            agent=outer.agent if is_agent_known else said.agent,
            agent_id=outer.agent_id if is_agent_known else said.agent_id,
            framework=outer.framework if "framework" in own else said.framework or outer.framework,
            _unmetered=None,
        )
    )


class within:  # noqa: N801  (used as `with within(said)`)
    """Attributes the calls within to what a framework says of them; opens no meter and sends no baggage."""

    __slots__ = ("_said", "_token")

    def __init__(self, said: Said) -> None:
        self._said = said
        self._token: Token[Scope] | None = None

    def __enter__(self) -> None:
        self._token = current_scope.set(beneath(current(), self._said))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        token, self._token = self._token, None
        if token is None:
            return
        try:
            current_scope.reset(token)
        except ValueError:  # a coroutine that another task or thread closes: nothing of ours is attached there
            return


_STATED = ("session_id", "user_id", "operation", "step", "agent", "conversation_id", "framework")


def _stated(scope: Scope) -> frozenset[str]:
    return frozenset(name for name in _STATED if getattr(scope, name))


def _settled(scope: Scope, attributes: Mapping[str, str] | None = None) -> Scope:
    object.__setattr__(scope, "attributes", scope.named() if attributes is None else attributes)
    return scope


def _received(sent: Mapping[str, str]) -> Scope:
    scope = Scope(
        session_id=sent.get(semconv.SESSION_ID, ""),
        user_id=sent.get(semconv.USER_ID, ""),
        operation=sent.get(semconv.OPERATION, ""),
        step=sent.get(semconv.STEP, ""),
        agent=sent.get(semconv.AGENT_NAME, ""),
        tags={
            name.removeprefix(semconv.TAG_PREFIX): value
            for name, value in sent.items()
            if name.startswith(semconv.TAG_PREFIX)
        },
    )
    return _settled(replace(scope, own=_stated(scope)), sent)
