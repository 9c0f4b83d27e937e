"""Claude Agent SDK: the real agent, a program of its own, asks the stand-in; its messages are counted and marked."""

from __future__ import annotations

import asyncio
import contextvars
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

from frameworks.stage import LOOP, framework, provider
from metering import metered, usage_of
from server.receiving import Receiver
from submeter import context, session
from submeter.store.rows import span_batch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from examples.standin import StandIn
    from opentelemetry.sdk.trace import ReadableSpan

sdk: Any = framework("claude_agent_sdk")


@pytest.fixture
def options(tmp_path: Path) -> Callable[..., Any]:
    """Makes options of an agent that keeps to its folder, has no tools and asks the stand-in."""

    def made(variables: dict[str, str] | None = None, **more: Any) -> Any:
        quiet = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"}
        quiet |= variables or {"DISABLE_TELEMETRY": "1"}
        names = ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY")
        asked = {name: os.environ[name] for name in names}  # noqa: TID251  (what the agent reads)
        folder = str(tmp_path)
        return sdk.ClaudeAgentOptions(
            env={**quiet, **asked, "CLAUDE_CONFIG_DIR": folder},
            cwd=folder,
            **{"model": "claude-haiku-4-5", "allowed_tools": [], "disallowed_tools": ["*"], "max_turns": 2, **more},
        )

    return made


TRACING = {
    "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
    "CLAUDE_CODE_ENHANCED_TELEMETRY_BETA": "1",
    "OTEL_TRACES_EXPORTER": "otlp",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_BSP_SCHEDULE_DELAY": "50",
}


def sent_traces(receiver: Receiver) -> list[bytes]:
    """The spans that have come, once there are some."""
    deadline = time.monotonic() + 15
    while True:
        found = [one.body for one in tuple(receiver.sent) if one.path == "/v1/traces"]
        if found or time.monotonic() > deadline:
            return found
        LOOP.run(asyncio.sleep(0.05))


@pytest.mark.parametrize("is_here", [True, False])
def test_counted_once_beside_its_own_spans(
    options: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, *, is_here: bool
) -> None:
    """The agent sends its own to where ours go, or elsewhere."""
    with Receiver() as receiver, provider() as standin, metered() as made, session("own") as meter:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url if is_here else "http://127.0.0.1:1")
        run(asked(options(variables={**TRACING, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url})))
        theirs = sent_traces(receiver)
        assert theirs
        stored = encode_spans(made.all_ended())
        for request in theirs if is_here else ():
            stored.MergeFromString(request)
        batch = span_batch(stored.SerializeToString())
        assert sum(record.usage.total_tokens for record in batch.records) == standin.totals().tokens
        assert meter.usage.total_tokens == standin.totals().tokens


async def asked(given: Any, prompt: str = "hello") -> list[Any]:
    return [message async for message in sdk.query(prompt=prompt, options=given)]


async def conversed(given: Any, prompts: tuple[str, ...]) -> list[Any]:
    results: list[Any] = []
    async with sdk.ClaudeSDKClient(given) as client:
        for prompt in prompts:
            await client.query(prompt)
            results += [message async for message in client.receive_response()]
    return [message for message in results if isinstance(message, sdk.ResultMessage)]


def run(work: Any) -> Any:
    async def timed() -> Any:
        return await asyncio.wait_for(work, timeout=90)

    return LOOP.run(timed(), context=contextvars.copy_context())


def total(spans: list[ReadableSpan]) -> tuple[int, int]:
    usages = [usage_of(span) for span in spans]
    return sum(usage.get("input_tokens", 0) for usage in usages), sum(usage.get("output_tokens", 0) for usage in usages)


def sent(standin: StandIn) -> tuple[int, int]:
    entries = [entry for entry in standin.ledger if entry.usage is not None]
    return sum(entry.input_tokens or 0 for entry in entries), sum(entry.output_tokens or 0 for entry in entries)


def said(span: ReadableSpan) -> dict[str, Any]:
    attributes = dict(span.attributes or {})
    assert attributes["submeter.usage.witness"] == attributes["submeter.framework"] == "claude-agent-sdk"
    assert attributes["gen_ai.provider.name"] == "anthropic"
    return attributes


def test_a_turn_is_counted_once_and_belongs_to_the_agents_session(options: Callable[..., Any]) -> None:
    with provider() as standin, metered() as made:
        result = run(asked(options()))[-1]
        spans = made.ended()
        assert sent(standin)[0] > 0
        assert total(spans) == sent(standin)
        for span in spans:
            found = said(span)
            assert found["session.id"] == found["gen_ai.conversation.id"] == result.session_id
        assert context.current() is context.EMPTY


def test_the_agent_that_was_asked_for_is_named(options: Callable[..., Any]) -> None:
    agents = {"forecaster": sdk.AgentDefinition(description="Knows the weather.", prompt="You tell the weather.")}
    with provider() as standin, metered() as made:
        run(asked(options(agents=agents, extra_args={"agent": "forecaster"})))
        assert total(made.ended()) == sent(standin)
        assert {said(span)["gen_ai.agent.name"] for span in made.ended()} == {"forecaster"}
        standin.reset()
        run(asked(options(agents=agents)))
        assert "gen_ai.agent.name" not in said(made.ended()[-1])


def test_turns_of_a_client_are_counted_apart_and_the_applications_session_wins(options: Callable[..., Any]) -> None:
    with provider() as standin, metered() as made, session("own", user="me") as meter:
        results = run(conversed(options(), ("one", "two", "three")))
        spans = made.ended()
        assert total(spans) == sent(standin)
        assert len(spans) >= len(results) == len({span.start_time for span in spans})
        assert {(said(span)["session.id"], said(span)["user.id"]) for span in spans} == {("own", "me")}
        assert {said(span)["gen_ai.conversation.id"] for span in spans} == {results[0].session_id}
        assert meter.usage.total_tokens == sum(sent(standin))


@pytest.mark.parametrize("is_known", [True, False])
def test_a_resumed_session_is_not_counted_again(options: Callable[..., Any], *, is_known: bool) -> None:
    from submeter.instrumentation import claude_agent_sdk

    with provider() as standin, metered() as made:
        first = run(asked(options()))[-1]
        if not is_known:  # as in another process
            claude_agent_sdk.sessions.forget()
        again = run(asked(options(resume=first.session_id)))[-1]
        assert again.session_id == first.session_id
        assert total(made.ended()) == sent(standin)


def test_a_turn_that_is_left_tells_what_went_in(options: Callable[..., Any]) -> None:
    async def left() -> None:
        messages = sdk.query(prompt="hello", options=options())
        async for message in messages:
            if isinstance(message, sdk.AssistantMessage):
                break
        await messages.aclose()

    with provider() as standin, metered() as made:
        run(left())
        first, *_ = made.ended()
        assert usage_of(first)["input_tokens"] == standin.ledger[0].input_tokens
        assert "output_tokens" not in usage_of(first)
        assert said(first)["submeter.usage.partial"] is True


def test_a_turn_that_fails_is_an_error(options: Callable[..., Any]) -> None:
    async def failed() -> None:
        # Newer releases raise after the result, and raise this class.
        with suppress(Exception):
            await asked(options())

    with provider() as standin, metered() as made:
        standin.script("status=400,times=50")
        run(failed())
        [span] = made.ended()
        assert said(span)["error.type"] == "TurnError"
        assert said(span).get("http.response.status_code") in {400, None}  # older agents do not say it
        assert total([span]) == (0, 0)
