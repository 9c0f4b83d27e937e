"""Streams of openai that would tell no usage: it is asked for where that is known to work, and nobody notices."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import openai
import pytest

from instrumentation import releases
from instrumentation.host import Host, comparable, watched
from instrumentation.openai_dialects import CHAT, CHAT_USAGE, KNOWN, chunk, delta, on_request
from instrumentation.transport import events
from metering import Metering, metered, usage_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from instrumentation.dialect import Dialect

pytestmark = pytest.mark.usefixtures("clean_gc")

MODES = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])


async def drained(host: Host, **more: Any) -> None:
    await host.drain(await host.do(host.calls.create, **host.dialect.request, stream=True, **more))


async def drained_with_options(host: Host) -> None:
    await drained(host, stream_options={"include_usage": True})


async def drained_refusing_usage(host: Host) -> None:
    await drained(host, stream_options={"include_usage": False})


async def drained_with_a_body_of_its_own(host: Host) -> None:
    await drained(host, extra_body={"stream_options": {"include_usage": True}})


async def read_raw(host: Host) -> None:
    answer = await host.do(host.calls.with_raw_response.create, **host.dialect.request, stream=True)
    await host.drain(await host.do(answer.parse))


async def read_by_hand(host: Host) -> None:
    manager = host.calls.with_streaming_response.create(**host.dialect.request, stream=True)
    response = await host.enter(manager)
    await host.drain(response.iter_lines())
    await host.leave(manager)


def seen(play: Callable[[Host], Coroutine[Any, Any, None]], dialect: Dialect, *, is_async: bool) -> Host:
    host = Host(dialect, [on_request], is_async=is_async)
    watched(play, host)
    return host


def chunks_of(host: Host) -> list[object]:
    return [step for step in host.seen if isinstance(step, tuple) and step[0] == 0]


@MODES
def test_usage_is_asked_for_and_its_chunk_hidden(is_async: bool) -> None:
    bare = seen(drained, KNOWN, is_async=is_async)
    with metered() as metering:
        host = seen(drained, KNOWN, is_async=is_async)
        assert chunks_of(host) == chunks_of(bare)
        assert usage_of(metering.ended()[0]) == CHAT.truth
    sent, plain = json.loads(host.transport.bodies[0]), json.loads(bare.transport.bodies[0])
    assert sent == {**plain, "stream_options": {"include_usage": True}}


@MODES
def test_the_helper_gives_the_same_final_answer(is_async: bool) -> None:
    async def helped(host: Host) -> None:
        manager = host.calls.stream(**host.dialect.request)
        found = await host.enter(manager)
        await host.drain(found)
        host.see(await host.do(found.get_final_completion))
        await host.leave(manager)

    bare = seen(helped, KNOWN, is_async=is_async)
    releases.skip_what_is_lacking(bare.seen[-1])
    with metered() as metering:
        assert chunks_of(seen(helped, KNOWN, is_async=is_async)) == chunks_of(bare)
        assert usage_of(metering.ended()[0]) == CHAT.truth


@MODES
@pytest.mark.parametrize(
    ("play", "usage"),
    [
        (drained_with_options, CHAT.truth),
        (drained_with_a_body_of_its_own, CHAT.truth),
        (drained_refusing_usage, {}),
        (read_raw, {}),
        (read_by_hand, {}),
    ],
)
def test_nothing_is_changed_where_the_host_decides_or_reads_the_bytes(
    play: Callable[[Host], Coroutine[Any, Any, None]], usage: dict[str, int], is_async: bool
) -> None:
    bare = seen(play, KNOWN, is_async=is_async)
    with metered() as metering:
        assert seen(play, KNOWN, is_async=is_async).seen == bare.seen
        assert usage_of(metering.ended()[0]) == usage


@pytest.mark.parametrize(
    ("wish", "url", "is_asked"),
    [
        ("", "https://api.openai.com/v1", True),
        ("auto", "https://eu.api.openai.com/v1", True),
        ("", "HTTPS://API.OpenAI.com:443/v1/", True),
        ("", "http://[::1]:8000/v1", True),
        ("", "http://[2001:db8::1]:8000/v1", False),
        ("", "https://notapi.openai.com.example/v1", False),
        ("", "https://notopenai.azure.com/v1", False),
        ("", "https://llm.example/v1", False),
        ("on", "https://llm.example/v1", True),
        ("off", "https://api.openai.com/v1", False),
        ("nonsense", "https://llm.example/v1", False),
    ],
)
def test_which_hosts_are_asked(
    wish: str, url: str, is_asked: bool, metering: Metering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUBMETER_INCLUDE_USAGE", wish)
    host = Host(CHAT, [on_request], is_async=False, base_url=url)
    watched(drained, host)
    assert ("stream_options" in json.loads(host.transport.bodies[0])) is is_asked
    assert bool(usage_of(metering.ended()[0])) is is_asked


def test_only_the_chunk_that_is_nothing_but_usage_is_hidden(metering: Metering) -> None:
    """Some hosts tell usage in every chunk, or with the last words."""
    pieces = [
        chunk([], prompt_filter_results=[]),
        chunk([delta("Ulm")], usage={**CHAT_USAGE, "completion_tokens": 1}),
        chunk([delta(None, "stop")], usage=CHAT_USAGE),
        chunk([], usage=CHAT_USAGE),
    ]
    host = Host(KNOWN, [events(pieces)], is_async=False)
    watched(drained, host)
    assert len(chunks_of(host)) == 3 + 1
    assert usage_of(metering.ended()[0]) == CHAT.truth


def test_a_first_chunk_that_is_nothing_but_usage_is_hidden_too(metering: Metering) -> None:
    host = Host(KNOWN, [events([chunk([], usage=CHAT_USAGE)])], is_async=False)
    watched(drained, host)
    assert chunks_of(host) == [(0, "drained")]
    assert usage_of(metering.ended()[0]) == CHAT.truth


def test_what_the_host_hands_over_stays_as_it_was(metering: Metering) -> None:
    request: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Where?"}]}
    before = comparable(request)
    host = Host(KNOWN, [on_request], is_async=False)
    for _ in host.calls.create(**request, stream=True):
        pass
    for _ in host.calls.create(**request, stream=True):
        pass
    assert comparable(request) == before
    assert host.transport.bodies[0] == host.transport.bodies[1]


def test_embeddings_and_plain_calls_are_never_asked(metering: Metering) -> None:
    host = Host(KNOWN, [CHAT.document()], is_async=False)
    host.calls.create(**CHAT.request)
    assert "stream_options" not in json.loads(host.transport.bodies[0])


@MODES
def test_a_stream_of_plain_dictionaries_is_as_unasked(is_async: bool) -> None:
    async def by_hand(host: Host) -> None:
        kind: Any = openai.AsyncStream if is_async else openai.Stream
        body = {**host.dialect.request, "stream": True}
        post = host.client.post
        await host.drain(
            await host.do(post, "/chat/completions", cast_to=object, body=body, stream=True, stream_cls=kind[object])
        )

    bare = seen(by_hand, KNOWN, is_async=is_async)
    with metered() as metering:
        assert chunks_of(seen(by_hand, KNOWN, is_async=is_async)) == chunks_of(bare)
        assert usage_of(metering.ended()[0]) == CHAT.truth
