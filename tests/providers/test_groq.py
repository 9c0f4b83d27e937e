"""groq: streams state their usage in a field of Groq's own, and everything else is the dialect of completions."""

from __future__ import annotations

from typing import Any

import pytest

from providers.matrix import Case, check, rows
from providers.play import Play
from providers.wire import document, sse

groq: Any = pytest.importorskip("groq")

pytestmark = pytest.mark.usefixtures("clean_gc")

ASK: dict[str, Any] = {
    "model": "llama-3.3-70b-versatile",
    "messages": [{"role": "user", "content": "Where?"}],
    "temperature": 0.5,
}
USAGE = {
    "queue_time": 0.1,
    "prompt_tokens": 40,
    "prompt_tokens_details": {"cached_tokens": 8},
    "completion_tokens": 12,
    "completion_tokens_details": {"reasoning_tokens": 5},
    "total_tokens": 52,
}
HEAD = {"id": "chatcmpl-1", "created": 1, "model": "llama-3.3-70b-versatile"}


def make(url: str, is_async: bool) -> Any:
    return (groq.AsyncGroq if is_async else groq.Groq)(api_key="k", base_url=url, max_retries=0)


def chunk(delta: dict[str, Any], reason: str | None = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
    return {**HEAD, "object": "chat.completion.chunk", "choices": [choice], **more}


CHAT = Play(
    name="chat",
    make=make,
    whole=lambda client: client.chat.completions.create(**ASK),
    stream=lambda client: client.chat.completions.create(**ASK, stream=True),
    answer=document(
        {
            **HEAD,
            "object": "chat.completion",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "Ulm"},
                    "finish_reason": "stop",
                    "logprobs": None,
                }
            ],
            "usage": USAGE,
            "x_groq": {"id": "req_1"},
        }
    ),
    pieces=sse(
        chunk({"role": "assistant", "content": ""}, x_groq={"id": "req_1"}),
        chunk({"content": "U"}),
        chunk({"content": "lm"}),
        chunk({}, "stop", x_groq={"id": "req_1", "usage": USAGE}),
        end="[DONE]",
    ),
    truth={"input_tokens": 40, "output_tokens": 12, "cache_read.input_tokens": 8, "reasoning.output_tokens": 5},
    provider="groq",
    model="llama-3.3-70b-versatile",
    asked={"gen_ai.request.temperature": 0.5},
    facts={"gen_ai.response.id": "chatcmpl-1", "gen_ai.response.model": "llama-3.3-70b-versatile"},
    reasons=("stop",),
    refusal=document({"error": {"message": "no", "type": "invalid_request_error"}}, 400),
)


@pytest.mark.parametrize(("play", "mode", "case"), rows(CHAT))
def test_matrix(play: Play, mode: str, case: Case) -> None:
    check(play, mode, case)
