"""ibm-watsonx-ai: chat, generated text, embeddings and reranking; written from the types, as little was recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from metering import metered, usage_of
from providers.matrix import Case, check, rows
from providers.play import Play
from providers.wire import Wire, document, events, named, sse

if TYPE_CHECKING:
    from collections.abc import Callable

    Call = Callable[[Any], Any]

watsonx: Any = pytest.importorskip("ibm_watsonx_ai")
models: Any = pytest.importorskip("ibm_watsonx_ai.foundation_models")

pytestmark = [
    pytest.mark.usefixtures("clean_gc"),
    # Left to the collector by the SDK, whose clients have no close that closes.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ibm_watsonx_ai"),
]

MODEL = "ibm/granite-4-h-small"
MESSAGES = [{"role": "user", "content": "Where?"}]
CHAT_USAGE = {"prompt_tokens": 18, "completion_tokens": 5, "total_tokens": 23}
CHAT_HEAD = {"id": "chatcmpl-1", "model_id": MODEL, "model": MODEL, "created": 1, "created_at": "2026-11-01T00:00:00Z"}
PARAMETERS = {"max_new_tokens": 9, "temperature": 0.5, "stop_sequences": ["."]}
REFUSAL = document({"errors": [{"code": "invalid_request", "message": "no"}], "trace": "t", "status_code": 400}, 400)
EMBEDDED = {"model_id": MODEL, "results": [{"embedding": [0.5]}], "input_token_count": 7}
RANKED = {"model_id": MODEL, "results": [{"index": 0, "score": 0.9}], "input_token_count": 11}


def api(url: str) -> Any:
    """A client of a server on loopback, which its constructor would refuse for being no https."""
    # ibm-watsonx-ai 1.3 asks the real one for its spaces.
    with mock.patch("ibm_watsonx_ai.spaces.Spaces._connection_validation", create=True):
        client = watsonx.APIClient(watsonx.Credentials(url="https://us-south.ml.cloud.ibm.com", token="t"))
    client.default_project_id = "p"
    # In ibm-watsonx-ai before 1.3.13 or so, beside the client.
    addressed = client if hasattr(client, "_href_definitions") else client.service_instance
    client.credentials.url = addressed._href_definitions.url = url
    return client


def make(url: str, is_async: bool) -> Any:
    return models.ModelInference(model_id=MODEL, api_client=api(url), validate=False, max_retries=0)


def make_embeddings(url: str, is_async: bool) -> Any:
    return models.Embeddings(model_id=MODEL, api_client=api(url), max_retries=0)


def make_reranker(url: str, is_async: bool) -> Any:
    return models.Rerank(model_id=MODEL, api_client=api(url))


def close(model: Any) -> None:
    model._client.httpx_client.close()


async def close_async(model: Any) -> None:
    model._client.httpx_client.close()
    await model._client.async_httpx_client.aclose()


def chunk(text: str, reason: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": reason}
    return named({**CHAT_HEAD, "choices": [choice], **more}, "message")


def generated(text: str, output: int, reason: str, given: int = 0) -> dict[str, Any]:
    result = {
        "generated_text": text,
        "generated_token_count": output,
        "input_token_count": given,
        "stop_reason": reason,
    }
    return {"model_id": MODEL, "created_at": "2026-11-01T00:00:00Z", "results": [result]}


def varied(play: Play, whole: Call | None, stream: Call | None, **more: Any) -> Play:
    """The same play by other methods, asynchronous ones unless told."""
    return replace(play, whole=whole, stream=stream, **{"modes": ("async",), "end": close_async, **more})


SHARED: dict[str, Any] = {"provider": "ibm.watsonx.ai", "model": MODEL, "refusal": REFUSAL}

CHAT = Play(
    name="chat",
    make=make,
    whole=lambda model: model.chat(messages=MESSAGES, params={"max_tokens": 9, "temperature": 0.5}),
    stream=lambda model: model.chat_stream(messages=MESSAGES, params={"max_tokens": 9, "temperature": 0.5}),
    answer=document(
        {
            **CHAT_HEAD,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "Ulm"}, "finish_reason": "stop"}],
            "usage": CHAT_USAGE,
        }
    ),
    pieces=[
        chunk(""),
        chunk("U"),
        chunk("lm"),
        chunk("", "stop"),
        named({**CHAT_HEAD, "choices": [], "usage": CHAT_USAGE}, "message"),
    ],
    truth={"input_tokens": 18, "output_tokens": 5},
    asked={"gen_ai.request.max_tokens": 9, "gen_ai.request.temperature": 0.5},
    facts={"gen_ai.response.id": "chatcmpl-1", "gen_ai.response.model": MODEL},
    reasons=("stop",),
    is_lazy=True,
    modes=("sync",),
    end=close,
    **SHARED,
)
GENERATION = Play(
    name="generation",
    make=make,
    whole=lambda model: model.generate(prompt="Where?", params=PARAMETERS),
    stream=lambda model: model.generate_text_stream(prompt="Where?", params=PARAMETERS),
    answer=document(generated("Ulm", 5, "EOS_TOKEN", 8)),
    pieces=sse(
        generated("", 0, "not_finished", 8),
        generated("U", 3, "not_finished"),
        generated("lm", 4, "not_finished"),
        generated("", 5, "eos_token"),
    ),
    truth={"input_tokens": 8, "output_tokens": 5},
    started={"input_tokens": 8, "output_tokens": 3},
    kind="text_completion",
    asked={
        "gen_ai.request.max_tokens": 9,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.stop_sequences": (".",),
    },
    facts={"gen_ai.response.model": MODEL},
    reasons=("eos_token",),
    is_lazy=True,
    modes=("sync",),
    end=close,
    **SHARED,
)
RAW = varied(
    GENERATION,
    None,
    lambda model: model.generate_text_stream(prompt="Where?", params=PARAMETERS, raw_response=True),
    name="raw",
    modes=("sync",),
    end=close,
)
CHAT_ASYNC = varied(
    CHAT,
    lambda model: model.achat(messages=MESSAGES, params={"max_tokens": 9, "temperature": 0.5}),
    lambda model: model.achat_stream(messages=MESSAGES, params={"max_tokens": 9, "temperature": 0.5}),
)
GENERATION_ASYNC = varied(
    GENERATION,
    lambda model: model.agenerate(prompt="Where?", params=PARAMETERS),
    lambda model: model.agenerate_stream(prompt="Where?", params=PARAMETERS),
)
EMBEDDINGS = Play(
    name="embeddings",
    make=make_embeddings,
    whole=lambda model: model.generate(inputs=["Ulm"]),
    answer=document(EMBEDDED),
    truth={"input_tokens": 7},
    kind="embeddings",
    facts={"gen_ai.response.model": MODEL},
    modes=("sync",),
    end=close,
    **SHARED,
)
EMBEDDINGS_ASYNC = (
    [varied(EMBEDDINGS, lambda model: model.agenerate(inputs=["Ulm"]), None)]
    if hasattr(models.Embeddings, "agenerate")
    else []
)
RERANKING = Play(
    name="rerank",
    make=make_reranker,
    whole=lambda model: model.generate(query="Where?", inputs=["Ulm"]),
    answer=document(RANKED),
    truth={"input_tokens": 11},
    kind="rerank",
    facts={"gen_ai.response.model": MODEL},
    modes=("sync",),
    end=close,
    **SHARED,
)


@pytest.mark.parametrize(
    ("play", "mode", "case"),
    # Asynchronous embeddings are newer than 1.3.13.
    rows(CHAT, GENERATION, RAW, CHAT_ASYNC, GENERATION_ASYNC, EMBEDDINGS, RERANKING, *EMBEDDINGS_ASYNC),
)
def test_matrix(play: Play, mode: str, case: Case) -> None:
    check(play, mode, case)


def test_every_prompt_of_a_list_is_a_call_of_its_own() -> None:
    with Wire() as wire, metered() as metering:
        wire.play(document(generated("Ulm", 5, "eos_token", 8)))
        model = make(wire.url, is_async=False)
        assert model.generate_text(prompt=["Where?", "There?", "When?"]) == ["Ulm"] * 3
        close(model)
        assert [usage_of(span) for span in metering.ended()] == [{"input_tokens": 8, "output_tokens": 5}] * 3


def test_a_deployment_is_known_by_what_it_answers() -> None:
    with Wire() as wire, metered() as metering:
        wire.play(CHAT.answer or REFUSAL, events(CHAT.pieces), GENERATION.answer or REFUSAL)
        client = api(wire.url)
        model = models.ModelInference(deployment_id="d-1", api_client=client, validate=False)
        model.chat(messages=MESSAGES)
        assert len(list(model.chat_stream(messages=MESSAGES))) == len(CHAT.pieces)
        model.generate(prompt="Where?")
        close(model)
        assert [(span.name, usage_of(span)) for span in metering.ended()] == [
            ("chat", CHAT.truth),
            ("chat", CHAT.truth),
            ("text_completion", GENERATION.truth),
        ]
        assert [(span.attributes or {})["gen_ai.response.model"] for span in metering.ended()] == [MODEL] * 3


def test_parameters_of_the_model_are_told_where_the_call_has_none() -> None:
    with Wire() as wire, metered() as metering:
        wire.play(CHAT.answer or REFUSAL)
        model = models.ModelInference(
            model_id=MODEL, params={"temperature": 0.25}, api_client=api(wire.url), validate=False
        )
        model.chat(messages=MESSAGES)
        close(model)
        assert [(span.attributes or {})["gen_ai.request.temperature"] for span in metering.ended()] == [0.25]
