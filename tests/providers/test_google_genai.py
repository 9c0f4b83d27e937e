"""google-genai: content and embeddings of the Gemini API and of Vertex AI, request by request."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from metering import metered, usage_of
from providers.matrix import Case, check, rows
from providers.play import Play
from providers.wire import Wire, document, named, sse

if TYPE_CHECKING:
    from collections.abc import Callable

genai: Any = pytest.importorskip("google.genai")

pytestmark = [
    pytest.mark.usefixtures("clean_gc"),
    # google-genai 3 over aiohttp.
    pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning"),
]

MODEL = "gemini-2.5-flash"
CONFIG: dict[str, Any] = {"temperature": 0.2, "max_output_tokens": 99, "response_mime_type": "application/json"}
USAGE = {
    "promptTokenCount": 120,
    "candidatesTokenCount": 30,
    "thoughtsTokenCount": 200,
    "toolUsePromptTokenCount": 11,
    "cachedContentTokenCount": 64,
    "totalTokenCount": 361,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 20}, {"modality": "AUDIO", "tokenCount": 100}],
    "candidatesTokensDetails": [{"modality": "TEXT", "tokenCount": 30}],
}
TRUTH = {
    "input_tokens": 131,
    "output_tokens": 230,
    "cache_read.input_tokens": 64,
    "reasoning.output_tokens": 200,
    "text.input_tokens": 20,
    "audio.input_tokens": 100,
    "text.output_tokens": 30,
}
REFUSAL = document({"error": {"code": 400, "message": "no", "status": "INVALID_ARGUMENT"}}, 400)


def once(url: str) -> dict[str, Any]:
    # google-genai retries nothing by itself before it knows the option.
    knows = "retry_options" in genai.types.HttpOptions.model_fields
    return {"base_url": url, **({"retry_options": {"attempts": 1}} if knows else {})}


def make(url: str, is_async: bool) -> Any:
    return genai.Client(api_key="k", http_options=once(url))


def make_vertex(url: str, is_async: bool) -> Any:
    credentials = pytest.importorskip("google.auth.credentials").AnonymousCredentials()
    credentials.token = "t"
    return genai.Client(vertexai=True, project="p", location="l", credentials=credentials, http_options=once(url))


def close(client: Any) -> None:
    # Older releases of google-genai have none, and connections.
    (client if hasattr(client, "close") else client._api_client._httpx_client).close()


async def close_async(client: Any) -> None:
    await (client.aio if hasattr(client.aio, "aclose") else client._api_client._async_httpx_client).aclose()
    close(client)


def answer(text: str, reason: str | None = None, **usage: Any) -> dict[str, Any]:
    candidate = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0}
    return {
        "candidates": [{**candidate, "finishReason": reason} if reason else candidate],
        "modelVersion": "gemini-2.5-flash-001",
        "responseId": "r1",
        "usageMetadata": usage,
    }


INTERACTION_USAGE = {
    "total_tokens": 242,
    "total_input_tokens": 10,
    "input_tokens_by_modality": [{"modality": "text", "tokens": 10}],
    "total_cached_tokens": 0,
    "total_output_tokens": 13,
    "total_tool_use_tokens": 8,
    "total_thought_tokens": 211,
}
INTERACTION_TRUTH = {
    "input_tokens": 18,
    "output_tokens": 224,
    "cache_read.input_tokens": 0,
    "reasoning.output_tokens": 211,
    "text.input_tokens": 10,
}
INTERACTION = {
    "id": "v1_x",
    "status": "in_progress",
    "created": "2026-05-13T19:57:25Z",
    "updated": "2026-05-13T19:57:25Z",
    "object": "interaction",
    "model": MODEL,
}
INTERACTED = {**INTERACTION, "status": "completed", "usage": INTERACTION_USAGE}


def interaction(of: Callable[[Any], Any], **shared: Any) -> Play:
    def ask(client: Any, **more: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that interactions are experimental
            return of(client).create(model=MODEL, input="Where?", **more)

    return Play(
        name="interactions",
        make=make,
        whole=ask,
        stream=lambda client: ask(client, stream=True),
        answer=document({**INTERACTED, "steps": []}),
        pieces=[
            named({"event_type": "interaction.created", "interaction": INTERACTION}, "interaction.created"),
            named({"event_type": "step.start", "index": 0, "step": {"type": "thought"}}, "step.start"),
            named({"event_type": "step.stop", "index": 0}, "step.stop"),
            named({"event_type": "interaction.completed", "interaction": INTERACTED}, "interaction.completed"),
            b"event: done\ndata: [DONE]\n\n",
        ],
        truth=INTERACTION_TRUTH,
        provider="gcp.gemini",
        kind="generate_content",
        model=MODEL,
        facts={"gen_ai.response.id": "v1_x", "gen_ai.response.model": MODEL},
        reasons=("stop",),
        **shared,
    )


def plays(mode: str) -> list[Play]:
    def of(client: Any) -> Any:
        return client.aio.models if mode == "async" else client.models

    shared: dict[str, Any] = {"modes": (mode,), "refusal": REFUSAL, "end": close_async if mode == "async" else close}

    def whole(client: Any) -> Any:
        return of(client).generate_content(model=MODEL, contents="Where?", config=CONFIG)

    def stream(client: Any) -> Any:
        return of(client).generate_content_stream(model=MODEL, contents="Where?", config=CONFIG)

    content: dict[str, Any] = {
        "whole": whole,
        "stream": stream,
        "answer": document(answer("Ulm", "STOP", **USAGE)),
        "pieces": sse(
            answer("", promptTokenCount=120, thoughtsTokenCount=150, totalTokenCount=270),
            answer("U", promptTokenCount=120, candidatesTokenCount=9, thoughtsTokenCount=200, totalTokenCount=329),
            answer("lm", "STOP", **USAGE),
        ),
        "truth": TRUTH,
        "started": {"input_tokens": 120, "output_tokens": 209, "reasoning.output_tokens": 200},
        "kind": "generate_content",
        "model": MODEL,
        "asked": {"gen_ai.request.temperature": 0.2, "gen_ai.request.max_tokens": 99, "gen_ai.output.type": "json"},
        "facts": {"gen_ai.response.id": "r1", "gen_ai.response.model": "gemini-2.5-flash-001"},
        "reasons": ("stop",),
        "is_lazy": True,
        **shared,
    }
    interactions = [interaction(lambda client: (client.aio if mode == "async" else client).interactions, **shared)]
    return [
        # Since google-genai 3; before, they had an SDK of their own inside.
        *(interactions if find_spec("google.genai._gaos") is not None else []),
        Play(name="gemini", make=make, provider="gcp.gemini", **content),
        Play(name="vertex", make=make_vertex, provider="gcp.vertex_ai", **content),
        Play(
            name="embeddings",
            make=make_vertex,
            whole=lambda client: of(client).embed_content(
                model="text-embedding-005", contents=["Ulm", "Bonn"], config={"output_dimensionality": 64}
            ),
            answer=document(
                {
                    "predictions": [
                        {"embeddings": {"values": [0.5], "statistics": {"token_count": tokens, "truncated": False}}}
                        for tokens in (2, 3)
                    ]
                }
            ),
            truth={"input_tokens": 5},
            provider="gcp.vertex_ai",
            kind="embeddings",
            model="text-embedding-005",
            asked={"gen_ai.embeddings.dimension.count": 64},
            **shared,
        ),
    ]


@pytest.mark.parametrize(("play", "mode", "case"), rows(*plays("sync"), *plays("async")))
def test_matrix(play: Play, mode: str, case: Case) -> None:
    check(play, mode, case)


def test_automatic_function_calling_is_counted_request_by_request() -> None:
    def population(city: str) -> int:
        """The number of people in a city."""
        return len(city)

    called = answer("", "STOP", promptTokenCount=50, candidatesTokenCount=6, totalTokenCount=56)
    called["candidates"][0]["content"]["parts"] = [{"functionCall": {"name": "population", "args": {"city": "Ulm"}}}]
    with Wire() as wire, metered() as metering, warnings.catch_warnings():
        wire.play(document(called), document(answer("3", "STOP", promptTokenCount=70, candidatesTokenCount=1)))
        client = make(wire.url, is_async=False)
        given = client.models.generate_content(model=MODEL, contents="How many?", config={"tools": [population]})
        close(client)
        assert given.text == "3"
        assert [usage_of(span) for span in metering.ended()] == [
            {"input_tokens": 50, "output_tokens": 6},
            {"input_tokens": 70, "output_tokens": 1},
        ]
