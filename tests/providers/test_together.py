"""together: chat completions, completions and embeddings; streams state their usage unasked."""

from __future__ import annotations

from typing import Any

import pytest

from providers.matrix import Case, check, rows
from providers.play import Play
from providers.wire import document, sse

together: Any = pytest.importorskip("together")

pytestmark = pytest.mark.usefixtures("clean_gc")

MODEL = "meta-llama/Llama-3.3-70B-Instruct-Turbo"
ASK: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": "Where?"}], "max_tokens": 9}
USAGE = {"prompt_tokens": 31, "completion_tokens": 4, "total_tokens": 35, "cached_tokens": 0}
HEAD = {"id": "o1", "created": 1, "model": MODEL}
REFUSAL = document({"error": {"message": "no", "type": "invalid_request_error"}}, 400)


def make(url: str, is_async: bool) -> Any:
    return (together.AsyncTogether if is_async else together.Together)(api_key="k", base_url=url, max_retries=0)


def chunk(text: str, reason: str | None = None, **more: Any) -> dict[str, Any]:
    delta = {"role": "assistant", "content": text, "token_id": 1}
    choice = {"index": 0, "delta": delta, "text": text, "finish_reason": reason}
    return {**HEAD, "object": "chat.completion.chunk", "choices": [choice], "usage": None, **more}


CHAT = Play(
    name="chat",
    make=make,
    whole=lambda client: client.chat.completions.create(**ASK),
    stream=lambda client: client.chat.completions.create(**ASK, stream=True),
    answer=document(
        {
            **HEAD,
            "object": "chat.completion",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "Ulm"}, "finish_reason": "eos"}],
            "usage": USAGE,
        }
    ),
    pieces=sse(chunk("U"), chunk("l"), chunk("m"), chunk("", "eos", usage=USAGE), end="[DONE]"),
    truth={"input_tokens": 31, "output_tokens": 4},
    provider="together_ai",
    model=MODEL,
    asked={"gen_ai.request.max_tokens": 9},
    facts={"gen_ai.response.id": "o1", "gen_ai.response.model": MODEL},
    reasons=("eos",),
    refusal=REFUSAL,
)
EMBEDDINGS = Play(
    name="embeddings",
    make=make,
    whole=lambda client: client.embeddings.create(model="BAAI/bge-base-en-v1.5", input="Ulm"),
    answer=document(
        {
            "object": "list",
            "model": "BAAI/bge-base-en-v1.5",
            "data": [{"index": 0, "object": "embedding", "embedding": [0.5]}],
            "usage": {"prompt_tokens": 3, "total_tokens": 3},
        }
    ),
    truth={"input_tokens": 3},
    provider="together_ai",
    kind="embeddings",
    model="BAAI/bge-base-en-v1.5",
    refusal=REFUSAL,
)


@pytest.mark.parametrize(("play", "mode", "case"), rows(CHAT, EMBEDDINGS))
def test_matrix(play: Play, mode: str, case: Case) -> None:
    check(play, mode, case)
