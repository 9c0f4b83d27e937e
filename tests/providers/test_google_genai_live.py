"""Live sessions of google-genai over a real websocket: every turn of the model is a call."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from metering import Metering, metered, usage_of
from submeter.distro.doctor import sdk

if TYPE_CHECKING:
    from collections.abc import Generator

    from websockets.sync.server import ServerConnection

genai: Any = pytest.importorskip("google.genai")
live: Any = pytest.importorskip("google.genai.live")
server: Any = pytest.importorskip("websockets.sync.server")
ConnectionClosed: Any = pytest.importorskip("websockets.exceptions").ConnectionClosed

pytestmark = [
    pytest.mark.usefixtures("clean_gc"),
    pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning"),
    # google-genai 3 with websockets 17.
    pytest.mark.filterwarnings("ignore:connect\\(\\) must be used as a context manager:DeprecationWarning"),
]

MODEL = "gemini-2.5-flash-native-audio-preview-09-2025"
SOUND = {
    "serverContent": {"modelTurn": {"parts": [{"inlineData": {"mimeType": "audio/pcm;rate=24000", "data": "UklG"}}]}}
}
SAID = {"serverContent": {"outputTranscription": {"text": "turnComplete"}}}
ASKED: dict[str, Any] = {"toolCall": {"functionCalls": [{"id": "f1", "name": "look_up", "args": {}}]}}
DONE = {
    "serverContent": {"turnComplete": True},
    "usageMetadata": {
        "promptTokenCount": 417,
        "responseTokenCount": 74,
        "thoughtsTokenCount": 77,
        "totalTokenCount": 491,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 17}, {"modality": "AUDIO", "tokenCount": 400}],
        "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": 74}],
    },
}
TRUTH = {
    "input_tokens": 417,
    "output_tokens": 151,
    "reasoning.output_tokens": 77,
    "text.input_tokens": 17,
    "audio.input_tokens": 400,
    "audio.output_tokens": 74,
}


@contextmanager
def provider(messages: list[Any]) -> Generator[str]:
    """A provider that sends these messages after the set-up, then waits, or breaks off where one is `None`."""

    def handle(connection: ServerConnection) -> None:
        try:
            connection.recv(timeout=10)
            connection.send(json.dumps({"setupComplete": {}}))
            for message in messages:
                if message is None:
                    connection.close(1011, "overloaded")
                    return
                connection.send(json.dumps(message))
            connection.recv(timeout=10)
        except (ConnectionClosed, TimeoutError):
            return

    with server.serve(handle, "127.0.0.1", 0) as serving:
        thread = Thread(target=serving.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{serving.socket.getsockname()[1]}"
        finally:
            serving.shutdown()
            thread.join()


def reached(url: str) -> Any:
    """A client of the provider; the SDK has no option for a live address that is not encrypted."""
    client = genai.Client(api_key="k", http_options={"base_url": url})

    def address(*_options: object) -> str:
        return url.replace("http:", "ws:")

    client._api_client._websocket_base_url = address
    client._api_client._websocket_ssl_ctx = {}
    return client


async def _listened(url: str, turns: int, most: int) -> list[Any]:
    client = reached(url)
    seen: list[Any] = []
    async with client.aio.live.connect(model=MODEL, config={"response_modalities": ["AUDIO"]}) as session:
        try:
            for _ in range(turns):
                async for message in session.receive():
                    seen.append(message.model_dump(exclude_none=True))
                    if len(seen) == most:
                        return seen
        except (genai.errors.APIError, ConnectionClosed) as error:  # google-genai 1.50 lets the latter through
            seen.append(type(error))
    return seen


def listened(url: str, turns: int, most: int = -1) -> list[Any]:
    """What an application sees that takes so many turns, or leaves after so many messages."""
    return asyncio.run(asyncio.wait_for(_listened(url, turns, most), 20))


def test_every_turn_of_a_session_is_a_call() -> None:
    with provider([SOUND, SAID, DONE, ASKED, SOUND, DONE]) as url:
        bare = listened(url, 2)
        with metered() as metering:
            assert listened(url, 2) == bare
            spans = metering.ended()
    assert [(span.name, usage_of(span)) for span in spans] == [(f"generate_content {MODEL}", TRUTH)] * 2
    told: Any = spans[0].attributes
    assert told["gen_ai.provider.name"] == "gcp.gemini"
    assert told["gen_ai.response.finish_reasons"] == ("stop",)
    assert told["gen_ai.request.stream"] is True


def test_usage_that_comes_after_its_turn_is_not_mixed_into_the_next() -> None:
    end, late = ({key: DONE[key]} for key in ("serverContent", "usageMetadata"))
    with provider([SOUND, end, late, SOUND, DONE]) as url:
        bare = listened(url, 2)
        with metered() as metering:
            assert listened(url, 2) == bare
            spans = metering.ended()
    assert [usage_of(span) for span in spans] == [{}, TRUTH, TRUTH]


@pytest.mark.parametrize(
    ("ends", "reason"),
    [
        # The model's own end never comes: interrupted, then over.
        (({"interrupted": True}, {"turnComplete": True}), "error"),
        (({"interrupted": True, "turnComplete": True},), "error"),
        pytest.param(
            ({"turnComplete": True, "turnCompleteReason": "RESPONSE_REJECTED"},),
            "response_rejected",
            marks=pytest.mark.skipif(
                "turn_complete_reason" not in genai.types.LiveServerContent.model_fields,
                reason="this release does not read it",
            ),
        ),
        (({"turnComplete": True, "turnCompleteReason": "TURN_COMPLETE_REASON_UNSPECIFIED"},), "stop"),
    ],
    ids=["interrupted", "at once", "rejected", "unspecified"],
)
def test_a_turn_tells_why_it_ended(ends: tuple[dict[str, Any], ...], reason: str) -> None:
    *before, last = ({"serverContent": end} for end in ends)
    with provider([SOUND, *before, {**DONE, **last}, SOUND, DONE]) as url:
        bare = listened(url, 2)
        with metered() as metering:
            assert listened(url, 2) == bare
            spans = metering.ended()
    told = [dict(span.attributes or {}).get("gen_ai.response.finish_reasons") for span in spans]
    assert told == [(reason,), ("stop",)]
    assert [usage_of(span) for span in spans] == [TRUTH, TRUTH]


def test_the_last_word_on_usage_within_a_turn_counts() -> None:
    early = {"usageMetadata": {"promptTokenCount": 400, "responseTokenCount": 5, "totalTokenCount": 405}}
    with provider([SOUND, early, SOUND, DONE]) as url, metered() as metering:
        listened(url, 1)
        assert [usage_of(span) for span in metering.ended()] == [TRUTH]


@pytest.mark.skipif(
    not hasattr(live, "_merge_live_http_options"), reason="this release refuses a session's own address"
)
@pytest.mark.parametrize("name", ["base_url", "baseUrl"])
def test_a_session_with_an_address_of_its_own_tells_that(name: str) -> None:
    async def application(url: str, metering: Metering) -> Any:
        client = reached(url)
        config = {"response_modalities": ["AUDIO"], "http_options": {name: "https://gateway.example:8443"}}
        async with client.aio.live.connect(model=MODEL, config=config) as session:
            async for _ in session.receive():
                pass
        (span,) = metering.ended()
        return span.attributes

    with provider([SOUND, DONE]) as url, metered() as metering:
        told = asyncio.run(asyncio.wait_for(application(url, metering), 20))
    assert (told["server.address"], told["server.port"]) == ("gateway.example", 8443)


@pytest.mark.parametrize("gone", ["AsyncLive.connect", "AsyncSession._receive"])
def test_an_sdk_without_what_sessions_need_loses_them_alone(
    gone: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    owner, _, name = gone.partition(".")
    kind = getattr(live, owner)
    # Its class has it from another one, as it might in any release.
    base = type("Base", (), {name: vars(kind)[name]})
    monkeypatch.delattr(kind, name)
    monkeypatch.setattr(kind, name.upper(), getattr(base, name), raising=False)
    with caplog.at_level(logging.WARNING, logger="submeter"), metered():
        told = sdk("google.genai")
    assert told.state == "metered"
    assert any("Models._generate_content" in patched for patched in told.patches)
    assert told.reason == f"not google.genai.live: this version has no google.genai.live:{gone}"
    warned = [record.getMessage() for record in caplog.records if "google.genai.live" in record.getMessage()]
    assert len(warned) == 1


@pytest.mark.parametrize("is_broken", [True, False], ids=["broken off", "left"])
def test_a_turn_whose_end_never_came_is_ended_as_partial(is_broken: bool) -> None:
    with provider([SOUND, SAID, *([None] if is_broken else [])]) as url:
        bare = listened(url, 1, -1 if is_broken else 2)
        with metered() as metering:
            assert listened(url, 1, -1 if is_broken else 2) == bare
            (span,) = metering.ended()
    told: Any = span.attributes
    assert usage_of(span) == {}
    assert told["submeter.usage.partial"] is True
    assert ("error.type" in told) is is_broken


def test_giving_up_waiting_does_not_end_a_turn(metering: Metering) -> None:
    async def application(url: str) -> None:
        client = reached(url)
        async with client.aio.live.connect(model=MODEL, config={"response_modalities": ["AUDIO"]}) as session:
            await anext(session.receive())
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(anext(session.receive()), 0.01)
            assert metering.ended() == []

    with provider([SOUND]) as url:
        asyncio.run(asyncio.wait_for(application(url), 20))
    assert len(metering.ended()) == 1
