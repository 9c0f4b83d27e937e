"""Shapes of a connection of openai: what the host sees is the same, and each response is one call, however it ends."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import openai
import pytest
from websockets.exceptions import ConnectionClosed

from instrumentation.host import Host, comparable, driven
from instrumentation.openai_dialects import CHAT
from instrumentation.test_openai_sockets import (
    CREATED,
    LOST,
    RESPONSE_USAGE,
    TRUTH,
    USAGE,
    provider,
    reached,
    realtime,
    spoken,
    wrote,
)
from metering import metered, usage_of
from submeter.core import leaving

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from opentelemetry.sdk.trace import ReadableSpan

pytestmark = [
    pytest.mark.usefixtures("clean_gc"),
    # openai 3.57 with websockets 17.
    pytest.mark.filterwarnings("ignore:connect\\(\\) must be used as a context manager:DeprecationWarning"),
]


def begun(name: str) -> dict[str, Any]:
    return {"type": "response.created", "event_id": f"b{name}", "response": realtime(name)}


def sound(name: str) -> dict[str, Any]:
    return {"type": "response.output_audio.delta", "event_id": f"s{name}", "response_id": name, "delta": "UklGRg=="}


def over(name: str, status: str = "completed") -> dict[str, Any]:
    return {"type": "response.done", "event_id": f"e{name}", "response": realtime(name, status, usage=USAGE)}


ERROR = {"type": "error", "event_id": "e7", "error": {"type": "invalid_request_error", "message": "no such item"}}


def written(name: str, kind: str, lane: str = "", **more: object) -> dict[str, Any]:
    response: dict[str, Any] = {
        "id": name,
        "object": "response",
        "model": "gpt-5-2025-08-07",
        "output": [],
        "status": kind,
        **more,
    }
    state = "created" if kind == "in_progress" else kind
    within = {"stream_id": lane} if lane else {}
    return {"type": f"response.{state}", "sequence_number": 0, "response": response, **within}


WRITTEN_TRUTH = {"input_tokens": 210, "output_tokens": 80, "cache_read.input_tokens": 64, "reasoning.output_tokens": 48}
WHOLE = (TRUTH, False, "")
WRITTEN = (WRITTEN_TRUTH, False, "")
LEFT: tuple[dict[str, Any], bool, str] = ({}, True, "")


class Listener:
    """An application with a connection, synchronous or not: its plays are written once."""

    def __init__(self, url: str, connect: Callable[[Any], Any], *, is_async: bool) -> None:
        self.is_async = is_async
        self.url = url
        self.seen: list[object] = []
        self.kept: list[object] = []
        self.manager: Any = connect((openai.AsyncOpenAI if is_async else openai.OpenAI)(**reached(url)))

    async def enter(self) -> Any:
        return await self.manager.__aenter__() if self.is_async else self.manager.__enter__()

    async def leave(self) -> None:
        await self.do(self.manager.__aexit__ if self.is_async else self.manager.__exit__, None, None, None)
        self.seen.append("left")

    async def do(self, function: Callable[..., Any], *args: Any) -> Any:
        answer = function(*args)
        return await answer if hasattr(answer, "__await__") else answer

    async def hear(self, connection: Any, number: int) -> None:
        for _ in range(number):
            self.seen.append(comparable(await self.do(connection.recv)))

    async def drain(self, connection: Any) -> None:
        if self.is_async:
            async for event in connection:
                self.seen.append(comparable(event))
        else:
            for event in connection:
                self.seen.append(comparable(event))

    async def elsewhere(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        await Host.elsewhere(self, work)  # pyright: ignore[reportArgumentType]


@dataclass(frozen=True)
class Shape:
    """One shape: what the provider sends, what the application does, and the calls that must have been counted."""

    play: Callable[[Listener], Coroutine[Any, Any, None]]
    events: list[Any]
    calls: list[tuple[dict[str, Any], bool, str]]
    connect: Callable[[Any], Any] = spoken
    modes: tuple[str, ...] = ("sync", "async")
    name: str = field(default="")


async def taken(listener: Listener) -> None:
    """Every event, and the way it ends."""
    connection = await listener.enter()
    try:
        await listener.drain(connection)
    except (ConnectionClosed, openai.OpenAIError) as error:
        listener.seen.append(type(error))
    await listener.leave()


async def taken_elsewhere(listener: Listener) -> None:
    connection = await listener.enter()
    await listener.hear(connection, 2)
    await listener.elsewhere(lambda: listener.drain(connection))
    await listener.leave()


async def opened_elsewhere(listener: Listener) -> None:
    async def enter() -> None:
        listener.kept.append(await listener.enter())

    await listener.elsewhere(enter)
    await listener.drain(listener.kept[0])
    await listener.leave()


async def closed_and_kept(listener: Listener) -> None:
    connection = await listener.enter()
    await listener.hear(connection, 2)
    await listener.do(connection.close)
    listener.kept.append(connection)
    listener.seen.append("closed")


async def left_by_break(listener: Listener) -> None:
    connection = await listener.enter()
    listener.kept.append(connection)
    if listener.is_async:
        async for event in connection:
            listener.seen.append(comparable(event))
            break
    else:
        for event in connection:
            listener.seen.append(comparable(event))
            break
    await listener.hear(connection, 1)
    await listener.leave()


async def kept_to_the_end_of_the_process(listener: Listener) -> None:
    connection = await listener.enter()
    await listener.hear(connection, 2)
    leaving.end()
    await listener.hear(connection, 1)
    await listener.leave()


async def cancelled_while_reading(listener: Listener) -> None:
    connection = await listener.enter()
    await listener.hear(connection, 2)
    reader = asyncio.create_task(connection.recv())
    await asyncio.sleep(0.01)
    reader.cancel("enough")
    try:
        await reader
    except asyncio.CancelledError as error:
        listener.seen.append(error.args)
    await listener.leave()
    listener.kept.append(connection)


async def closed_while_another_reads(listener: Listener) -> None:
    connection = await listener.enter()
    await listener.hear(connection, 2)
    reader = asyncio.create_task(connection.recv())
    await asyncio.sleep(0.01)
    await connection.close()
    try:
        await reader
    except ConnectionClosed as error:
        listener.seen.append(type(error))


async def other_calls_between(listener: Listener) -> None:
    connection = await listener.enter()
    await listener.hear(connection, 2)
    other = Host(CHAT, [CHAT.document()], is_async=listener.is_async)
    listener.seen.append(comparable(await other.create(**CHAT.request)))
    await listener.drain(connection)
    await listener.leave()


async def in_lanes(listener: Listener) -> None:
    """By the SDK's own session, which reads in a thread or a task of its own."""
    module = pytest.importorskip("openai.lib.responses_websocket")
    connection = await listener.enter()
    limits = module.ResponsesWebSocketLimits(
        max_lanes=4, max_events_per_lane=99, max_events=99, max_bytes_per_lane=99_999, max_bytes=99_999
    )
    kind = module.AsyncResponsesWebSocketSession if listener.is_async else module.ResponsesWebSocketSession
    session = kind(connection, limits=limits)
    lanes = [session.lane("a"), session.lane("b")]
    await listener.do(session.__aenter__ if listener.is_async else session.__enter__)
    for lane in lanes:
        try:
            listener.seen.append(comparable(await listener.do(lane.get_final_response)))
        except module.ResponsesWebSocketError as error:
            listener.seen.append(comparable(error.event))
    await listener.do(session.close)


DONE = written("resp_1", "completed", usage=RESPONSE_USAGE)
A, B = written("resp_a", "in_progress", "a"), written("resp_b", "in_progress", "b")
SHAPES = [
    Shape(taken, [CREATED, begun("r1"), sound("r1"), over("r1"), 1000], [WHOLE], name="drained"),
    Shape(taken, [CREATED, begun("r1"), sound("r1"), 1000], [LEFT], name="ended without a last word"),
    Shape(taken, [CREATED, begun("r1"), 1011], [({}, True, "ConnectionClosedError")], name="broken off"),
    Shape(taken, [CREATED, begun("r1"), LOST], [({}, True, "ConnectionClosedError")], name="connection lost"),
    Shape(taken, [CREATED, begun("r1"), ERROR, sound("r1"), over("r1"), 1000], [WHOLE], name="error event"),
    Shape(taken, [CREATED, begun("r1"), over("r1", "cancelled"), 1000], [WHOLE], name="response cancelled"),
    Shape(
        taken,
        [CREATED, begun("r1"), begun("r2"), sound("r2"), sound("r1"), over("r2"), over("r1"), 1000],
        [WHOLE, WHOLE],
        name="two at once",
    ),
    Shape(taken_elsewhere, [CREATED, begun("r1"), over("r1"), 1000], [WHOLE]),
    Shape(opened_elsewhere, [CREATED, begun("r1"), over("r1"), 1000], [WHOLE]),
    Shape(closed_and_kept, [CREATED, begun("r1")], [LEFT]),
    Shape(left_by_break, [CREATED, begun("r1"), sound("r1")], [LEFT]),
    Shape(kept_to_the_end_of_the_process, [CREATED, begun("r1"), sound("r1")], [LEFT]),
    Shape(cancelled_while_reading, [CREATED, begun("r1")], [LEFT], modes=("async",)),
    Shape(closed_while_another_reads, [CREATED, begun("r1")], [LEFT], modes=("async",)),
    Shape(
        other_calls_between, [CREATED, begun("r1"), over("r1"), 1000], [(CHAT.truth, False, ""), WHOLE], name="others"
    ),
    Shape(taken, [written("resp_1", "in_progress"), DONE, 1000], [WRITTEN], wrote, name="written"),
    Shape(
        taken,
        [written("resp_1", "in_progress"), {"type": "error", "code": "server_error", "message": "m"}, 1000],
        [({}, True, "EventError")],
        wrote,
        name="written, error event",
    ),
    Shape(
        in_lanes,
        [
            A,
            B,
            {"type": "error", "code": "server_error", "message": "m", "stream_id": "a"},
            written("resp_b", "completed", "b", usage=RESPONSE_USAGE),
        ],
        [({}, True, "EventError"), WRITTEN],
        wrote,
    ),
]


def played(shape: Shape, mode: str, url: str) -> Listener:
    listener = Listener(url, shape.connect, is_async=mode == "async")
    if listener.is_async:
        asyncio.run(shape.play(listener))
    else:
        driven(shape.play(listener))
    return listener


def told(span: ReadableSpan) -> tuple[dict[str, Any], bool, str]:
    attributes: Any = span.attributes
    return usage_of(span), attributes.get("submeter.usage.partial", False), attributes.get("error.type", "")


@pytest.mark.parametrize(
    ("shape", "mode"),
    [
        pytest.param(shape, mode, id=f"{shape.name or shape.play.__name__}-{mode}")
        for shape in SHAPES
        for mode in shape.modes
    ],
)
def test_every_response_is_one_call_and_the_host_sees_no_difference(shape: Shape, mode: str) -> None:
    with provider(shape.events) as url:
        bare = played(shape, mode, url).seen
        with metered() as metering:
            listener = played(shape, mode, url)
            assert listener.seen == bare
            # Before what the application still holds is collected.
            assert [told(span) for span in metering.ended()] == shape.calls
            total = metering.total("gen_ai.client.inference.usage.input_tokens")
            assert total == (sum(usage.get("input_tokens", 0) for usage, *_ in shape.calls) or None)
            del listener
            gc.collect()
            assert len(metering.ended()) == len(shape.calls)
