"""Claude Agent SDK: the agent is a program of its own, and its messages are all there is to know of its requests.

Each turn ends with a result. Its `usage` is that of the turn without the requests of sub-agents and helpers; its
`modelUsage` has all of them by model, but summed up since the session began, also across a resumption (CLI 2.1).
A turn that is broken off has no result: then the messages tell what went in, and nobody what came out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter import semconv, settings
from submeter.context import Said
from submeter.core.endpoint import fields_of
from submeter.shapes.framework import text
from submeter.shapes.messages import MESSAGES
from submeter.shapes.witness import Sums, Told, Witness
from submeter.value import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAME = "claude-agent-sdk"

REQUEST = replace(
    MESSAGES,
    envelopes=frozenset(),
    parts=(),
    request={},
    is_reported=True,
    attributes={semconv.USAGE_WITNESS: _NAME},
)
REQUESTS = replace(REQUEST, is_sum=True)

_ASKED_BY = "parent_tool_use_id"
"""What a sub-agent's message has: the block of the message that set it to work."""

_VERSION = "claude_code_version"
_TELLS_USAGE = (2, 1, 331)
"""Since which agent its own spans have the usage of each request under the names of the conventions."""

_COUNTS = {
    "inputTokens": "input_tokens",
    "outputTokens": "output_tokens",
    "cacheReadInputTokens": "cache_read_input_tokens",
    "cacheCreationInputTokens": "cache_creation_input_tokens",
}
_CACHED = {
    "cacheCreationEphemeral5mInputTokens": "ephemeral_5m_input_tokens",
    "cacheCreationEphemeral1hInputTokens": "ephemeral_1h_input_tokens",
}
_THINKING = "thinkingTokens"
_COUNTED = frozenset({*_COUNTS, *_CACHED, _THINKING})
_PROVIDERS = {
    "bedrock": "aws.bedrock",
    "mantle": "aws.bedrock",
    "vertex": "gcp.vertex_ai",
    "foundry": "azure.ai.inference",
}
"""The agent's name of who served a model -> `gen_ai.provider.name`, where it is not Anthropic."""

ByModel = dict[str, dict[str, int]]
"""Model -> count of `modelUsage` -> its sum."""


class TurnError(Exception):
    """The agent gave up a turn; `status_code` is that of the HTTP answer, where there was one."""

    def __init__(self, reason: str, status_code: int | None) -> None:
        super().__init__(reason)
        self.status_code = status_code


sessions: Sums[ByModel] = Sums()
"""What was seen of the agents' sessions."""


class Turns:
    """What the messages of one agent have told.

    Args:
        is_resumed: whether it goes on with a session of which others may have made requests.
        agent: the name of the agent whose turns they are, where it was given one.
        is_traced: whether it was asked to send spans of its own to where ours go.
    """

    def __init__(self, *, is_resumed: bool, agent: str = "", is_traced: bool = False) -> None:
        self._is_resumed = is_resumed
        self._agent = agent
        self._is_traced = is_traced
        self._is_told = False
        self._helpers: dict[str, str] = {}
        self._messages: dict[str, Mapping[str, Any]] = {}
        self._session = ""

    def see(self, message: Mapping[str, Any]) -> Iterator[Told]:
        """What the result of a turn tells; the other messages are kept until then."""
        self._session = str(message.get("session_id") or self._session)
        if _VERSION in message:
            self._is_told = self._is_traced and _version(message[_VERSION]) >= _TELLS_USAGE
        if message.get("type") == "assistant":
            answer = fields_of(message.get("message"))
            if answer.get("id") and answer.get("model") != "<synthetic>":  # what the agent says of its own errors
                self._messages[str(answer["id"])] = {**answer, _ASKED_BY: message.get(_ASKED_BY)}
                self._note_helpers(answer)
        elif message.get("type") == "result":
            yield from (told._replace(is_told=self._is_told) for told in self._told(message))
            self._messages.clear()

    def rest(self) -> Iterator[Told]:
        """What went into the requests of a turn that was broken off."""
        for answer in self._messages.values():
            usage = {name: count for name, count in fields_of(answer.get("usage")).items() if name != "output_tokens"}
            agent = self._helpers.get(str(answer[_ASKED_BY]), "") if answer[_ASKED_BY] else self._agent
            yield Told(
                REQUEST,
                "anthropic",
                {**answer, "usage": usage},
                self._said(agent),
                is_partial=True,
                is_told=self._is_told,
            )
        self._messages.clear()

    def _note_helpers(self, answer: Mapping[str, Any]) -> None:
        """Notes which sub-agent a message sets to work; what that says and asks for names the message's block."""
        for block in answer.get("content") or ():
            helper = fields_of(fields_of(block).get("input")).get("subagent_type")
            if helper:
                self._helpers[str(fields_of(block).get("id"))] = str(helper)

    def _said(self, agent: str) -> Said:
        return Said(agent=agent, conversation=self._session)

    def _told(self, result: Mapping[str, Any]) -> Iterator[Told]:
        found = self._found(result)
        if len(found) == 1 and len(self._messages) == 1:
            [(model, usage)], [answer] = found.items(), self._messages.values()
            fields = {**answer, "model": answer.get("model") or model, "usage": usage}
            yield Told(REQUEST, _provider(result, model), fields, self._said(self._agent))
            return
        for model, usage in found.items():
            yield Told(REQUESTS, _provider(result, model), {"model": model, "usage": usage}, self._said(self._agent))
        if not found and result.get("is_error"):
            status = result.get("api_error_status")
            error = TurnError(str(result.get("subtype")), status if isinstance(status, int) else None)
            yield Told(REQUESTS, "anthropic", {}, self._said(self._agent), error)

    def _found(self, result: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
        """Model -> usage of the turn, in Anthropic's words."""
        sums, usage = _sums(result), fields_of(result.get("usage"))
        before = sessions.replaced(self._session, sums) if sums else None
        grown = {model: _grown(counts, (before or {}).get(model, {})) for model, counts in sums.items()}
        if self._is_resumed:
            self._is_resumed = False
            turn = tuple(usage.get(name) or 0 for name in _COUNTS.values())
            if _total(sums) == turn or (before is not None and not _covers(_total(grown), turn)):
                grown = sums  # older agents begin anew when they resume (0.1.40)
            elif before is None:
                grown = {}  # they began elsewhere, and how far they had come nobody knows here
        if grown and all(min(counts.values(), default=0) >= 0 for counts in grown.values()):
            return {model: _usage(counts) for model, counts in grown.items() if any(counts.values())}
        model = next((str(answer.get("model")) for answer in reversed(self._messages.values())), "")
        return {model: usage} if any(usage.get(name) for name in _COUNTS.values()) else {}


def _sums(result: Mapping[str, Any]) -> ByModel:
    by_model = fields_of(result.get("modelUsage"))
    return {
        model: {name: count for name, count in fields_of(counts).items() if name in _COUNTED and type(count) is int}
        for model, counts in by_model.items()
    }


def _grown(counts: Mapping[str, int], started: Mapping[str, int]) -> dict[str, int]:
    return {name: count - started.get(name, 0) for name, count in counts.items()}


def _total(sums: ByModel) -> tuple[int, ...]:
    return tuple(sum(counts.get(name, 0) for counts in sums.values()) for name in _COUNTS)


def _covers(total: tuple[int, ...], part: tuple[int, ...]) -> bool:
    return all(whole >= one for whole, one in zip(total, part, strict=True))


def _usage(counts: Mapping[str, int]) -> Mapping[str, Any]:
    """Counts of `modelUsage` in Anthropic's words."""
    usage: dict[str, Any] = {name: counts[theirs] for theirs, name in _COUNTS.items() if theirs in counts}
    usage["cache_creation"] = {name: counts[theirs] for theirs, name in _CACHED.items() if theirs in counts}
    if _THINKING in counts:
        usage["output_tokens_details"] = {"thinking_tokens": counts[_THINKING]}
    return usage


def _provider(result: Mapping[str, Any], model: str) -> str:
    served = fields_of(fields_of(result.get("modelUsage")).get(model)).get("provider")
    return _PROVIDERS.get(str(served), "anthropic")


def _version(stated: Any) -> tuple[int, ...]:
    return tuple(int(part) for part in str(stated).split(".") if part.isdecimal())


def _is_traced(options: Any) -> bool:
    """Whether the agent was asked, by its environment, to send spans of its requests to where ours go."""
    ours = settings.inherited()
    given: Mapping[str, str] = getattr(options, "env", None) or {}
    theirs = {**ours, **given}
    is_on = all(any(theirs.get(name, "").lower() in _ON for name in names) for names in _TRACING)
    return is_on and "otlp" in theirs.get("OTEL_TRACES_EXPORTER", "") and _destination(theirs) == _destination(ours)


_TRACING = (
    ("CLAUDE_CODE_ENABLE_TELEMETRY",),
    ("CLAUDE_CODE_ENHANCED_TELEMETRY_BETA", "ENABLE_ENHANCED_TELEMETRY_BETA"),
)
"""The variables by which an agent sends spans: one of each must be on."""

_ON = frozenset({"1", "true", "yes", "on"})


def _destination(environment: Mapping[str, str]) -> str:
    names = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    found = next((environment[name] for name in names if environment.get(name)), settings.DEFAULT_ENDPOINT)
    return found.removesuffix("/v1/traces").rstrip("/")


def _turns(query: Any) -> Turns:
    options = getattr(getattr(query, "transport", None), "_options", None)
    is_resumed = bool(getattr(options, "resume", None) or getattr(options, "continue_conversation", None))
    named: Mapping[str, Any] = getattr(options, "extra_args", None) or {}
    return Turns(is_resumed=is_resumed, agent=text(named.get("agent")), is_traced=_is_traced(options))


FRAMEWORK = Witness(
    package="claude_agent_sdk",
    name=_NAME,
    gives={
        "agent": '`extra_args={"agent": ...}`; of a turn that is broken off, the sub-agent too',
        "conversation": "id of the agent's session",
    },
    messages="claude_agent_sdk._internal.query:Query.receive_messages",
    close="claude_agent_sdk._internal.query:Query.close",
    account=_turns,
)
