"""huggingface_hub: chat completions and generated text of the inference client."""

from __future__ import annotations

from typing import Any

import pytest

from providers.matrix import Case, check, rows
from providers.play import Play
from providers.wire import document, sse

hub: Any = pytest.importorskip("huggingface_hub")

pytestmark = [
    pytest.mark.usefixtures("clean_gc"),
    # Left to the collector by the SDK, which streams over a session of the whole process.
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]

MODEL = "meta-llama/Llama-3.1-8B-Instruct"
HEAD = {"id": "c1", "created": 1, "model": MODEL, "system_fingerprint": "f"}
USAGE = {"prompt_tokens": 18, "completion_tokens": 5, "total_tokens": 23}
ASK: dict[str, Any] = {"messages": [{"role": "user", "content": "Where?"}], "model": MODEL, "max_tokens": 9}
REFUSAL = document({"error": "no"}, 400)


def make(url: str, is_async: bool) -> Any:
    return (hub.AsyncInferenceClient if is_async else hub.InferenceClient)(base_url=url, api_key="hf_k")


def end(client: Any) -> Any:
    return getattr(client, "close", lambda: None)() if "Async" in type(client).__name__ else None


def chunk(text: str, reason: str | None = None) -> dict[str, Any]:
    return {**HEAD, "choices": [{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": reason}]}


SHARED: dict[str, Any] = {"make": make, "end": end, "provider": "huggingface", "refusal": REFUSAL}
CHAT = Play(
    name="chat",
    whole=lambda client: client.chat_completion(**ASK),
    stream=lambda client: client.chat.completions.create(**ASK, stream=True, stream_options={"include_usage": True}),
    answer=document(
        {
            **HEAD,
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "Ulm"}, "finish_reason": "stop"}],
            "usage": USAGE,
        }
    ),
    pieces=sse(chunk("U"), chunk("lm"), chunk("", "stop"), {**HEAD, "choices": [], "usage": USAGE}, end="[DONE]"),
    truth={"input_tokens": 18, "output_tokens": 5},
    model=MODEL,
    asked={"gen_ai.request.max_tokens": 9},
    facts={"gen_ai.response.id": "c1", "gen_ai.response.model": MODEL},
    reasons=("stop",),
    **SHARED,
)


@pytest.mark.parametrize(("play", "mode", "case"), rows(CHAT))
def test_matrix(play: Play, mode: str, case: Case) -> None:
    check(play, mode, case)
