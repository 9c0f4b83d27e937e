"""Enforcement: the call over a limit does not leave the host, in every shape; others are untouched; open by default."""

from __future__ import annotations

import asyncio
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import anthropic
import openai
import pytest
from examples.standin import StandIn
from tests.server.running import RunningServer, eventually
from tests.server.telemetry import add_call, traces

import submeter
from metering import metered
from submeter.core import gate, guard
from submeter.distro import enforcement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ASKED: Any = [{"role": "user", "content": "Is a voucher as good as money?"}]
DAILY = submeter.LimitRule(name="daily", limit=5, per=("user",))


@pytest.fixture
def provider() -> Iterator[StandIn]:
    with StandIn() as running, metered():
        yield running
        submeter.stop_enforcing()


@pytest.fixture
def client(provider: StandIn) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=provider.openai_url, api_key="any", max_retries=0) as made:
        yield made


def chat(client: openai.OpenAI, **options: Any) -> Any:
    create: Any = client.chat.completions.create
    return create(model="gpt-4", messages=ASKED, **options)


def streamed(client: openai.OpenAI) -> None:
    for _ in chat(client, stream=True):
        pass


def raw(client: openai.OpenAI) -> None:
    client.chat.completions.with_raw_response.create(model="gpt-4", messages=ASKED)


def helped(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model="gpt-4", messages=ASKED) as stream:
        stream.until_done()


def responded(client: openai.OpenAI) -> None:
    client.responses.create(model="gpt-4", input="a text of more than five tokens, surely so")


def embedded(client: openai.OpenAI) -> None:
    client.embeddings.create(model="text-embedding-3-small", input="a text of more than five tokens, surely so")


@pytest.mark.parametrize("shape", [chat, streamed, raw, helped, responded, embedded])
def test_the_call_over_the_limit_does_not_leave(
    provider: StandIn, client: openai.OpenAI, shape: Callable[[openai.OpenAI], Any]
) -> None:
    submeter.enforce(DAILY)
    with submeter.session(user="ana"):
        shape(client)
        before = provider.totals().calls
        with pytest.raises(submeter.LimitExceeded, match="User ana has used") as caught:
            shape(client)
    assert provider.totals().calls == before
    refused = caught.value
    assert (refused.rule, refused.subject_kind, refused.subject, refused.limit) == ("daily", "user", "ana", 5)
    assert refused.until_ns > time.time_ns()
    with submeter.session(user="bo"):
        shape(client)


async def test_asynchronous_calls_and_streams_too(provider: StandIn) -> None:
    submeter.enforce(DAILY)
    async with openai.AsyncOpenAI(base_url=provider.openai_url, api_key="any", max_retries=0) as client:
        with submeter.session(user="ana"):
            await client.chat.completions.create(model="gpt-4", messages=ASKED)
            before = provider.totals().calls
            for is_stream in (False, True):
                with pytest.raises(submeter.LimitExceeded):
                    await client.chat.completions.create(model="gpt-4", messages=ASKED, stream=is_stream)  # pyright: ignore[reportCallIssue, reportArgumentType]
    assert provider.totals().calls == before


def test_another_sdk_is_refused_alike(provider: StandIn) -> None:
    submeter.enforce(DAILY)
    with anthropic.Anthropic(base_url=provider.url, api_key="any", max_retries=0) as claude, submeter.session(user="a"):
        claude.messages.create(model="claude-haiku-4-5", max_tokens=50, messages=ASKED)
        with pytest.raises(submeter.LimitExceeded):
            claude.messages.create(model="claude-haiku-4-5", max_tokens=50, messages=ASKED)
        with (
            pytest.raises(submeter.LimitExceeded),
            claude.messages.stream(model="claude-haiku-4-5", max_tokens=50, messages=ASKED),
        ):
            pass


def test_a_limit_per_model_knows_the_model_by_its_full_name(client: openai.OpenAI) -> None:
    submeter.enforce(submeter.LimitRule(name="by_model", limit=5, per=("model",)))
    chat(client)
    with pytest.raises(submeter.LimitExceeded):
        chat(client)


class HostsOwnError(Exception):
    pass


def test_control_is_handed_to_a_callback(client: openai.OpenAI) -> None:
    told: list[submeter.LimitExceeded] = []

    def decide(refused: submeter.LimitExceeded) -> None:
        told.append(refused)
        if len(told) > 1:
            raise HostsOwnError("429")

    submeter.enforce(DAILY, on_exceeded=decide)
    with submeter.session(user="ana"):
        chat(client)
        chat(client)  # the callback returned: the call left
        with pytest.raises(HostsOwnError):
            chat(client)
    assert [refused.subject for refused in told] == ["ana", "ana"]


def test_nothing_is_refused_without_opting_in(client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBMETER_MAX_TOKENS_PER_USER_DAILY", "5")
    with submeter.session(user="ana"):
        for _ in range(3):
            chat(client)
    assert gate.ask is None
    submeter.enforce()
    with submeter.session(user="ana"):
        chat(client)
        with pytest.raises(submeter.LimitExceeded):
            chat(client)
    submeter.stop_enforcing()
    with submeter.session(user="ana"):
        chat(client)


def test_nothing_to_enforce_is_an_error_at_once(provider: StandIn) -> None:
    with pytest.raises(ValueError, match="nothing to enforce"):
        submeter.enforce()
    with pytest.raises(ValueError, match="no address"):
        submeter.enforce(server="localhost:4318")


def broken(_: object) -> None:
    raise ZeroDivisionError("a fault of ours")


def test_a_fault_of_ours_lets_the_call_go(client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    submeter.enforce(DAILY)
    monkeypatch.setattr(guard, "is_strict", False)
    monkeypatch.setattr(enforcement, "_values", broken)
    with submeter.session(user="ana"):
        chat(client)
        chat(client)


def test_where_nobody_answers_calls_go_unless_asked_otherwise(client: openai.OpenAI) -> None:
    submeter.enforce(server="http://127.0.0.1:9")
    chat(client)
    submeter.enforce(server="http://127.0.0.1:9", fail_closed=True)
    with pytest.raises(submeter.LimitExceeded, match="does not know the limits"):
        chat(client)


def test_a_silent_server_costs_no_call_its_time(client: openai.OpenAI) -> None:
    """A black hole takes the first poll two seconds, in `enforce` itself; the calls are answered from memory."""
    silence = threading.Event()

    class Silent(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            silence.wait(20)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the library's name)
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        submeter.enforce(DAILY, server=f"http://127.0.0.1:{server.server_address[1]}")
        with submeter.session(user="ana"):
            chat(client)
            with pytest.raises(submeter.LimitExceeded):
                chat(client)
        silence.set()
        server.shutdown()
        thread.join()


def test_limits_are_shared_over_processes_through_the_server(client: openai.OpenAI, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text("limits: [{name: shared, per: user, limit: 1000, enforce: true}]\n")
    with RunningServer(tmp_path / "data", variables={"SUBMETER_RULES": str(rules)}) as server:
        submeter.enforce(server=server.url, fail_closed=True, poll_s=0.1)
        with submeter.session(user="ana"):
            chat(client)
            request, spans = traces()
            add_call(spans, "elsewhere", {"user.id": "ana"}, tokens=2_000, at_ns=time.time_ns())
            assert server.send("traces", request).status == 200

            def is_refused() -> bool:
                try:
                    chat(client)
                except submeter.LimitExceeded as refused:
                    return refused.rule == "shared"
                return False

            eventually(is_refused, "what another process used counts here")
        answer = server.request("/api/v1/limits/shared", b'{"per": "user", "limit": "1M", "enforce": true}', {}, "PUT")
        assert (answer.status, answer.json["limit"]) == (200, 1_000_000)
        with submeter.session(user="ana"):
            eventually(lambda: not is_refused(), "a raised limit lets it go again")


def test_the_answer_comes_from_memory_while_many_threads_ask(client: openai.OpenAI) -> None:
    submeter.enforce(submeter.LimitRule(name="all", limit=5))
    chat(client)
    refused: list[bool] = []

    def ask() -> None:
        try:
            chat(client)
        except submeter.LimitExceeded:
            refused.append(True)

    async def together() -> None:
        await asyncio.gather(*(asyncio.to_thread(ask) for _ in range(20)))

    asyncio.run(together())
    assert len(refused) == 20
