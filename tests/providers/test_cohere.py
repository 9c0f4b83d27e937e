"""cohere: chat and embeddings of both API versions, plain and with raw responses."""

from __future__ import annotations

from typing import Any

import pytest

from metering import metered, usage_of
from providers.matrix import Case, check, rows
from providers.play import Play
from providers.wire import Wire, document, events, line, named

cohere: Any = pytest.importorskip("cohere")

pytestmark = pytest.mark.usefixtures("clean_gc")

MODEL = "command-a-03-2025"
ONCE = {"max_retries": 0}
MESSAGES = [{"role": "user", "content": "Where?"}]
USAGE = {
    "billed_units": {"input_tokens": 3.0, "output_tokens": 8.0},
    "tokens": {"input_tokens": 69.0, "output_tokens": 12.0},
}
TRUTH = {"input_tokens": 3, "output_tokens": 8}
REFUSAL = document({"message": "no"}, 400)


def make(url: str, is_async: bool) -> Any:
    return (cohere.AsyncClientV2 if is_async else cohere.ClientV2)(api_key="k", base_url=url)


def make_v1(url: str, is_async: bool) -> Any:
    return (cohere.AsyncClient if is_async else cohere.Client)(api_key="k", base_url=url)


def end(client: Any) -> Any:
    http = client._client_wrapper.httpx_client.httpx_client
    return http.aclose() if hasattr(http, "aclose") else http.close()


SHARED: dict[str, Any] = {"provider": "cohere", "refusal": REFUSAL, "end": end}

CHAT = Play(
    name="chat",
    make=make,
    whole=lambda client: client.chat(model=MODEL, messages=MESSAGES, temperature=0.3, request_options=ONCE),
    stream=lambda client: client.chat_stream(model=MODEL, messages=MESSAGES, temperature=0.3, request_options=ONCE),
    answer=document(
        {
            "id": "c1",
            "message": {"role": "assistant", "content": [{"type": "text", "text": "Ulm"}]},
            "finish_reason": "COMPLETE",
            "usage": USAGE,
        }
    ),
    pieces=[
        named({"type": "message-start", "id": "c1", "delta": {"message": {"role": "assistant", "content": []}}}),
        named({"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "U"}}}}),
        named({"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "lm"}}}}),
        named({"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": USAGE}}),
    ],
    truth=TRUTH,
    model=MODEL,
    asked={"gen_ai.request.temperature": 0.3},
    facts={"gen_ai.response.id": "c1"},
    reasons=("complete",),
    is_lazy=True,
    **SHARED,
)
CHAT_V1 = Play(
    name="chat-v1",
    make=make_v1,
    whole=lambda client: client.chat(model=MODEL, message="Where?", max_tokens=9, request_options=ONCE),
    stream=lambda client: client.chat_stream(model=MODEL, message="Where?", max_tokens=9, request_options=ONCE),
    answer=document({"text": "Ulm", "generation_id": "g1", "finish_reason": "COMPLETE", "meta": USAGE}),
    pieces=[
        line({"event_type": "stream-start", "is_finished": False, "generation_id": "g1"}),
        line({"event_type": "text-generation", "is_finished": False, "text": "U"}),
        line({"event_type": "text-generation", "is_finished": False, "text": "lm"}),
        line(
            {
                "event_type": "stream-end",
                "is_finished": True,
                "finish_reason": "COMPLETE",
                "response": {"text": "Ulm", "generation_id": "g1", "finish_reason": "COMPLETE", "meta": USAGE},
            }
        ),
    ],
    content_type="application/stream+json",
    truth=TRUTH,
    model=MODEL,
    asked={"gen_ai.request.max_tokens": 9},
    facts={"gen_ai.response.id": "g1"},
    reasons=("complete",),
    is_lazy=True,
    **SHARED,
)
EMBEDDINGS = Play(
    name="embeddings",
    make=make,
    whole=lambda client: client.embed(
        model="embed-v4.0",
        texts=["Ulm"],
        input_type="search_document",
        embedding_types=["float"],
        output_dimension=256,
        request_options=ONCE,
    ),
    answer=document(
        {
            "response_type": "embeddings_by_type",
            "id": "e1",
            "embeddings": {"float": [[0.5]]},
            "texts": ["Ulm"],
            "meta": {"api_version": {"version": "2"}, "billed_units": {"input_tokens": 2.0}},
        }
    ),
    truth={"input_tokens": 2},
    kind="embeddings",
    model="embed-v4.0",
    asked={"gen_ai.embeddings.dimension.count": 256, "gen_ai.request.encoding_formats": ("float",)},
    **SHARED,
)


@pytest.mark.parametrize(("play", "mode", "case"), rows(CHAT, CHAT_V1, EMBEDDINGS))
def test_matrix(play: Play, mode: str, case: Case) -> None:
    check(play, mode, case)


def test_a_raw_response_is_counted_and_keeps_its_type() -> None:
    with Wire() as wire, metered() as metering:
        wire.play(CHAT.answer or REFUSAL)
        client = make(wire.url, is_async=False)
        answer = client.v2.with_raw_response.chat(model=MODEL, messages=MESSAGES)
        end(client)
        assert type(answer).__name__ == "HttpResponse"
        assert answer.data.message.content[0].text == "Ulm"
        assert [usage_of(span) for span in metering.ended()] == [TRUTH]


def test_a_raw_stream_left_before_its_end_is_counted_as_partial() -> None:
    with Wire() as wire, metered() as metering:
        wire.play(events(CHAT.pieces))
        client = make(wire.url, is_async=False)
        with client.v2.with_raw_response.chat_stream(model=MODEL, messages=MESSAGES) as answer:
            assert next(answer.data).type == "message-start"
            assert not metering.ended()
        assert [dict(span.attributes or {})["submeter.usage.partial"] for span in metering.ended()] == [True]
        end(client)


def test_every_batch_of_embeddings_is_a_call_of_its_own() -> None:
    body = {"id": "e", "response_type": "embeddings_floats", "embeddings": [[0.5]] * 96, "texts": ["a"] * 96}
    with Wire() as wire, metered() as metering:
        wire.play(document({**body, "meta": {"billed_units": {"input_tokens": 96}}}))
        client = make_v1(wire.url, is_async=False)
        client.embed(texts=["a"] * 192, model="embed-v4.0", input_type="search_document")
        end(client)
        assert [usage_of(span) for span in metering.ended()] == [{"input_tokens": 96}] * 2
