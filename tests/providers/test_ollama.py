"""ollama: chat, generation and embeddings, whole and streamed."""

from __future__ import annotations

from typing import Any

import pytest

from metering import metered
from providers.matrix import Case, check, rows
from providers.play import Play
from providers.wire import Wire, document, line

ollama: Any = pytest.importorskip("ollama")

pytestmark = pytest.mark.usefixtures("clean_gc")

MODEL = "llama3.2"
MESSAGES = [{"role": "user", "content": "Where?"}]
OPTIONS = {"temperature": 0.5, "num_predict": 9, "stop": ["."]}
ASKED = {
    "gen_ai.request.temperature": 0.5,
    "gen_ai.request.max_tokens": 9,
    "gen_ai.request.stop_sequences": (".",),
}
HEAD = {"model": MODEL, "created_at": "2026-11-01T00:00:00Z"}
LAST = {**HEAD, "done": True, "done_reason": "stop", "total_duration": 9, "prompt_eval_count": 26, "eval_count": 8}


def make(url: str, is_async: bool) -> Any:
    return (ollama.AsyncClient if is_async else ollama.Client)(host=url)


def end(client: Any) -> Any:
    http = client._client
    return http.aclose() if hasattr(http, "aclose") else http.close()


def said(text: str) -> dict[str, Any]:
    return {"message": {"role": "assistant", "content": text}}


SHARED: dict[str, Any] = {
    "make": make,
    "end": end,
    "provider": "ollama",
    "model": MODEL,
    "refusal": document({"error": "no"}, 400),
    "content_type": "application/x-ndjson",
    "is_lazy": True,
}
DONE: dict[str, Any] = {
    "truth": {"input_tokens": 26, "output_tokens": 8},
    "asked": ASKED,
    "facts": {"gen_ai.response.model": MODEL},
    "reasons": ("stop",),
}
CHAT = Play(
    name="chat",
    whole=lambda client: client.chat(model=MODEL, messages=MESSAGES, options=OPTIONS),
    stream=lambda client: client.chat(model=MODEL, messages=MESSAGES, options=OPTIONS, stream=True),
    answer=document({**LAST, **said("Ulm")}),
    pieces=[
        line({**HEAD, **said("U"), "done": False}),
        line({**HEAD, **said("lm"), "done": False}),
        line({**LAST, **said("")}),
    ],
    **DONE,
    **SHARED,
)
GENERATION = Play(
    name="generation",
    whole=lambda client: client.generate(model=MODEL, prompt="Where?", options=OPTIONS),
    stream=lambda client: client.generate(model=MODEL, prompt="Where?", options=OPTIONS, stream=True),
    answer=document({**LAST, "response": "Ulm"}),
    pieces=[
        line({**HEAD, "response": "U", "done": False}),
        line({**HEAD, "response": "lm", "done": False}),
        line({**LAST, "response": ""}),
    ],
    kind="text_completion",
    **DONE,
    **SHARED,
)
EMBEDDINGS = Play(
    name="embeddings",
    whole=lambda client: client.embed(model=MODEL, input="Ulm"),
    answer=document({"model": MODEL, "embeddings": [[0.5]], "prompt_eval_count": 3}),
    truth={"input_tokens": 3},
    kind="embeddings",
    facts={"gen_ai.response.model": MODEL},
    **SHARED,
)


@pytest.mark.parametrize(("play", "mode", "case"), rows(CHAT, GENERATION, EMBEDDINGS))
def test_matrix(play: Play, mode: str, case: Case) -> None:
    check(play, mode, case)


def test_what_is_no_call_to_a_model_is_left_alone() -> None:
    with Wire() as wire, metered() as metering:
        wire.play(document({"models": []}))
        client = make(wire.url, is_async=False)
        assert client.list().models == []
        end(client)
        assert not metering.ended()
