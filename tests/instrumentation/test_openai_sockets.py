"""Connections of openai, over a real websocket: every response is a call, and the host gets the bytes as sent."""

from __future__ import annotations

import asyncio
import gc
import json
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any

import openai
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from instrumentation.host import comparable
from metering import metered, usage_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from opentelemetry.sdk.trace import ReadableSpan
    from websockets.sync.server import ServerConnection

pytestmark = [
    pytest.mark.usefixtures("clean_gc"),
    # openai 3.57 with websockets 17.
    pytest.mark.filterwarnings("ignore:connect\\(\\) must be used as a context manager:DeprecationWarning"),
]

MODES = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])

SESSION = {
    "type": "realtime",
    "model": "gpt-realtime-2",
    "audio": {"input": {"transcription": {"model": "gpt-4o-mini-transcribe"}}},
}
USAGE = {
    "total_tokens": 130,
    "input_tokens": 90,
    "output_tokens": 40,
    "input_token_details": {
        "text_tokens": 30,
        "audio_tokens": 60,
        "cached_tokens": 20,
        "cached_tokens_details": {"text_tokens": 20, "audio_tokens": 0},
    },
    "output_token_details": {"text_tokens": 10, "audio_tokens": 30},
}
TRUTH = {
    "input_tokens": 90,
    "output_tokens": 40,
    "cache_read.input_tokens": 20,
    "text.input_tokens": 30,
    "audio.input_tokens": 60,
    "text.output_tokens": 10,
    "audio.output_tokens": 30,
}
RESPONSE_USAGE = {
    "input_tokens": 210,
    "input_tokens_details": {"cached_tokens": 64},
    "output_tokens": 80,
    "output_tokens_details": {"reasoning_tokens": 48},
    "total_tokens": 290,
}


def realtime(name: str, status: str = "in_progress", **more: object) -> dict[str, object]:
    return {"id": name, "object": "realtime.response", "status": status, "conversation_id": "conv_1", **more}


def turn(name: str) -> list[dict[str, object]]:
    """The events of one spoken response."""
    return [
        {"type": "response.created", "event_id": "e1", "response": realtime(name)},
        {"type": "response.output_audio.delta", "event_id": "e2", "response_id": name, "delta": "UklGRg==" * 400},
        {
            "type": "response.output_audio_transcript.delta",
            "event_id": "e3",
            "response_id": name,
            "delta": 'type "response.done"',
        },
        {"type": "response.done", "event_id": "e4", "response": realtime(name, "completed", usage=USAGE)},
    ]


CREATED = {"type": "session.created", "event_id": "e0", "session": SESSION}
HEARD = {
    "type": "conversation.item.input_audio_transcription.completed",
    "event_id": "e9",
    "item_id": "item_1",
    "content_index": 0,
    "transcript": "Where?",
    "usage": {
        "type": "tokens",
        "input_tokens": 17,
        "output_tokens": 4,
        "total_tokens": 21,
        "input_token_details": {"audio_tokens": 17, "text_tokens": 0},
    },
}

LOST = "lost"
"""In the place of an event: the network is gone, without a word."""


@contextmanager
def provider(events: list[Any]) -> Generator[str]:
    """A provider that sends these events over every connection and then waits.

    It closes where one is a code, and drops the line where it is `LOST`.
    """

    def handle(connection: ServerConnection) -> None:
        for event in events:
            if event is LOST:
                connection.socket.shutdown(2)
                return
            if isinstance(event, int):
                connection.close(event, "over")
                return
            connection.send(json.dumps(event))
        try:
            connection.recv()
        except ConnectionClosed:
            return

    with serve(handle, "127.0.0.1", 0) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.socket.getsockname()[1]}/v1"
        finally:
            server.shutdown()
            thread.join()


def reached(url: str) -> dict[str, Any]:
    """The options of a client of the provider; up to openai 2 the address of sockets is encrypted unless given."""
    return {"api_key": "k", "base_url": url, "websocket_base_url": url.replace("http:", "ws:")}


def listened(url: str, number: int, *, is_async: bool, connect: Callable[[Any], Any], is_raw: bool = False) -> Any:
    """What an application that takes `number` messages from a connection sees, an exception included."""
    if is_async:
        return asyncio.run(_listened(url, number, connect, is_raw=is_raw))
    seen: list[object] = []
    with connect(openai.OpenAI(**reached(url))) as connection:
        take = connection.recv_bytes if is_raw else connection.recv
        try:
            while len(seen) < number:
                seen.append(comparable(take()))
        except ConnectionClosed as error:
            seen.append(type(error))
    return seen


async def _listened(url: str, number: int, connect: Callable[[Any], Any], *, is_raw: bool) -> Any:
    seen: list[object] = []
    async with connect(openai.AsyncOpenAI(**reached(url))) as connection:
        take = connection.recv_bytes if is_raw else connection.recv
        try:
            while len(seen) < number:
                seen.append(comparable(await take()))
        except ConnectionClosed as error:
            seen.append(type(error))
    return seen


def spoken(client: Any) -> Any:
    return client.realtime.connect(model="gpt-realtime-2")


def wrote(client: Any) -> Any:
    return client.responses.connect()


def of(spans: list[ReadableSpan]) -> list[tuple[str, dict[str, Any]]]:
    return [(span.name, usage_of(span)) for span in spans]


@MODES
@pytest.mark.parametrize("is_raw", [False, True], ids=["events", "bytes"])
def test_every_response_of_a_session_is_a_call(is_async: bool, is_raw: bool) -> None:
    events = [CREATED, *turn("resp_1"), HEARD, *turn("resp_2")]
    with provider(events) as url:
        bare = listened(url, len(events), is_async=is_async, connect=spoken, is_raw=is_raw)
        with metered() as metering:
            assert listened(url, len(events), is_async=is_async, connect=spoken, is_raw=is_raw) == bare
            spans = metering.ended()
    assert of(spans) == [
        ("chat gpt-realtime-2", TRUTH),
        (
            "generate_content gpt-4o-mini-transcribe",
            {"input_tokens": 17, "output_tokens": 4, "audio.input_tokens": 17, "text.input_tokens": 0},
        ),
        ("chat gpt-realtime-2", TRUTH),
    ]
    told: Any = spans[0].attributes
    assert told["gen_ai.response.id"] == "resp_1"
    assert told["gen_ai.conversation.id"] == "conv_1"
    assert told["gen_ai.response.finish_reasons"] == ("stop",)
    assert told["server.address"] == "127.0.0.1"
    assert told["gen_ai.request.stream"] is True


@MODES
def test_a_response_over_a_socket_is_counted_like_one_over_http(is_async: bool) -> None:
    response: dict[str, Any] = {"id": "resp_1", "object": "response", "model": "gpt-5-2025-08-07", "output": []}
    done = {**response, "status": "completed", "usage": RESPONSE_USAGE}
    events: list[Any] = [
        {"type": "response.created", "sequence_number": 0, "response": response},
        {"type": "response.completed", "sequence_number": 1, "response": done},
    ]
    with provider(events) as url, metered() as metering:
        listened(url, len(events), is_async=is_async, connect=wrote)
        (span,) = metering.ended()
    assert span.name == "chat gpt-5-2025-08-07"
    assert usage_of(span) == {
        "input_tokens": 210,
        "output_tokens": 80,
        "cache_read.input_tokens": 64,
        "reasoning.output_tokens": 48,
    }


@MODES
@pytest.mark.parametrize("end", [None, "leave"], ids=["broken off", "left"])
def test_a_response_whose_end_never_came_is_ended_as_partial(is_async: bool, end: object) -> None:
    events: list[Any] = [CREATED, *turn("resp_1")[:2]]
    with provider(events if end else [*events, 1011]) as url:
        number = len(events) if end else len(events) + 1
        bare = listened(url, number, is_async=is_async, connect=spoken)
        with metered() as metering:
            assert listened(url, number, is_async=is_async, connect=spoken) == bare
            gc.collect()
            (span,) = metering.ended()
    told: Any = span.attributes
    assert usage_of(span) == {}
    assert told["submeter.usage.partial"] is True
    assert told["gen_ai.response.finish_reasons"] == ("error",)
    assert ("error.type" in told) is (end is None)


def test_giving_up_waiting_does_not_end_a_response(metering: Any) -> None:
    first, *_, last = turn("resp_1")

    async def application(url: str) -> None:
        async with spoken(openai.AsyncOpenAI(**reached(url))) as connection:
            await connection.recv()
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(connection.recv(), 0.01)
            assert metering.ended() == []
            await connection.response.create()
            await connection.recv()

    def handle(connection: ServerConnection) -> None:
        connection.send(json.dumps(first))
        connection.recv()
        connection.send(json.dumps(last))

    with serve(handle, "127.0.0.1", 0) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            asyncio.run(application(f"http://127.0.0.1:{server.socket.getsockname()[1]}/v1"))
        finally:
            server.shutdown()
            thread.join()
    assert of(metering.ended()) == [("chat gpt-realtime-2", TRUTH)]


def test_a_session_of_azure_is_azures(metering: Any) -> None:
    from submeter.instrumentation.openai import PROVIDER
    from submeter.shapes.route import Route

    assert Route(PROVIDER).seat("me.openai.azure.com", 443) == ("azure.ai.openai", ("me.openai.azure.com", 443))
