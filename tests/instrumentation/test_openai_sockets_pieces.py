"""The first piece of a response over a connection tells how long it took; the others are passed on unread."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import openai
import pytest

from instrumentation.test_openai_conversations import begun, over, sound, written
from instrumentation.test_openai_sockets import MODES, RESPONSE_USAGE, provider, reached, spoken, wrote
from metering import metered, usage_of
from submeter.shapes import sockets

if TYPE_CHECKING:
    from collections.abc import Callable

    from opentelemetry.sdk.trace import ReadableSpan

    from metering import Metering

pytestmark = [
    pytest.mark.usefixtures("clean_gc"),
    # openai 3.57 with websockets 17.
    pytest.mark.filterwarnings("ignore:connect\\(\\) must be used as a context manager:DeprecationWarning"),
]

PAUSE_S = 0.02
"""What the application waits after each message: all of them are there, so the times are its own, whatever the load."""

FIRST = "gen_ai.response.time_to_first_chunk"
HEARD: dict[str, Any] = {
    "type": "conversation.item.input_audio_transcription.delta",
    "event_id": "e8",
    "item_id": "item_1",
    "content_index": 0,
    "delta": "Whe",
}


def text(lane: str = "") -> dict[str, Any]:
    event = {"type": "response.output_text.delta", "sequence_number": 1, "item_id": "i", "output_index": 0}
    within = {"stream_id": lane} if lane else {}
    return {**event, "content_index": 0, "logprobs": [], "delta": "Ulm", **within}


def delegated(event: dict[str, Any], delegation: str = "d1") -> dict[str, Any]:
    return {"type": "response.event", "event_id": "e", "delegation_id": delegation, "event": event}


def live(client: Any) -> Any:
    return client.live.connect()


def listened(events: list[Any], connect: Callable[[Any], Any], *, is_async: bool) -> None:
    """Has an application take these messages with pauses."""
    with provider(events) as url:
        if is_async:
            asyncio.run(_listened(url, len(events), connect))
            return
        with connect(openai.OpenAI(**reached(url))) as connection:
            for _ in events:
                connection.recv_bytes()
                time.sleep(PAUSE_S)


async def _listened(url: str, number: int, connect: Callable[[Any], Any]) -> None:
    async with connect(openai.AsyncOpenAI(**reached(url))) as connection:
        for _ in range(number):
            await connection.recv_bytes()
            await asyncio.sleep(PAUSE_S)


def times(span: ReadableSpan) -> tuple[float, float]:
    """What passed until the first piece, and from that to the end, in seconds."""
    first: Any = (span.attributes or {})[FIRST]
    return first, ((span.end_time or 0) - (span.start_time or 0)) / 1e9 - first


@MODES
def test_the_first_piece_of_a_spoken_response_is_timed(is_async: bool, metering: Metering) -> None:
    listened([begun("r1"), HEARD, sound("r1"), sound("r1"), over("r1")], spoken, is_async=is_async)
    (span,) = metering.ended()
    until, after = times(span)
    assert until >= 2 * PAUSE_S
    assert after >= 2 * PAUSE_S
    (point,) = metering.points("gen_ai.client.inference.time_to_first_chunk")
    assert point.sum == until
    assert metering.points("gen_ai.client.inference.time_per_output_chunk") == []


def test_of_responses_at_once_each_has_the_time_of_its_own(metering: Metering) -> None:
    pieces = [sound("r1"), sound("r1"), sound("r2")]
    listened([begun("r1"), begun("r2"), *pieces, over("r1"), over("r2")], spoken, is_async=False)
    first, second = map(times, metering.ended())
    assert first[0] >= 2 * PAUSE_S
    assert first[1] >= 3 * PAUSE_S
    assert second[0] >= 3 * PAUSE_S


def test_of_responses_that_no_piece_names_each_has_that_of_its_lane(metering: Metering) -> None:
    done = [written(name, "completed", lane, usage=RESPONSE_USAGE) for name, lane in (("r1", "a"), ("r2", "b"))]
    open_ones = [written("r1", "in_progress", "a"), written("r2", "in_progress", "b")]
    listened([*open_ones, text("b"), text("a"), *done], wrote, is_async=False)
    first, second = (times(span)[0] for span in metering.ended())
    assert first >= 3 * PAUSE_S
    assert PAUSE_S <= second <= first - PAUSE_S


def test_of_delegated_responses_each_has_that_of_its_delegation(metering: Metering) -> None:
    events = [
        delegated(written("r1", "in_progress")),
        delegated(written("r2", "in_progress"), "d2"),
        delegated(text(), "d2"),
        delegated(text()),
        delegated(written("r1", "completed", usage=RESPONSE_USAGE)),
        delegated(written("r2", "completed", usage=RESPONSE_USAGE), "d2"),
    ]
    listened(events, live, is_async=False)
    first, second = (times(span)[0] for span in metering.ended())
    assert first >= 3 * PAUSE_S
    assert PAUSE_S <= second <= first - PAUSE_S


def test_a_response_without_a_piece_has_no_such_time(metering: Metering) -> None:
    listened([begun("r1"), HEARD, over("r1"), sound("r1")], spoken, is_async=False)
    (span,) = metering.ended()
    assert usage_of(span)
    assert FIRST not in (span.attributes or {})


def test_no_piece_but_the_first_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []
    parsed = sockets.parsed

    def noted(data: bytes) -> Any:
        read.append(data)
        return parsed(data)

    monkeypatch.setattr(sockets, "parsed", noted)
    with metered():
        listened([sound("r0"), begun("r1"), *[sound("r1")] * 9, over("r1"), sound("r1")], spoken, is_async=False)
    assert len(read) == 3
