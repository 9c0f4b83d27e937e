"""Single calls of an application, and the requests and answers that they take."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import openai

from instrumentation.host import Host
from instrumentation.openai_dialects import CHAT, RESPONSES
from instrumentation.transport import document


async def metered_not(host: Host) -> None:
    """A stream of an endpoint that is not metered."""
    stream_cls: Any = openai.AsyncStream if host.is_async else openai.Stream
    chunks = await host.do(
        host.client.post, "/elsewhere", body={}, cast_to=dict[str, Any], stream=True, stream_cls=stream_cls[Any]
    )
    await host.drain(chunks)


async def metered_not_and_left(host: Host) -> None:
    """A stream of an endpoint that is not metered, dropped half way."""
    stream_cls: Any = openai.AsyncStream if host.is_async else openai.Stream
    chunks = await host.do(
        host.client.post, "/elsewhere", body={}, cast_to=dict[str, Any], stream=True, stream_cls=stream_cls[Any]
    )
    await host.pull(chunks)


async def embedded(host: Host) -> None:
    host.see(await host.do(host.client.embeddings.create, model="text-embedding-3-small", input="Ulm"))


async def fetched(host: Host) -> None:
    host.see(await host.do(host.client.responses.retrieve, "resp_1"))


async def in_a_thread(host: Host) -> None:
    """A call in a thread of the application's own, and one in a pool."""

    def work() -> None:
        Host(host.dialect, [host.dialect.document()], is_async=False).calls.create(**host.dialect.request)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    with ThreadPoolExecutor(1) as pool:
        host.see(pool.submit(work).result())


EMBEDDING = document(
    {
        "object": "list",
        "model": "text-embedding-3-small",
        "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}],
        "usage": {"prompt_tokens": 8, "total_tokens": 8},
    }
)
_ASKED = [
    {"role": "system", "content": "Be brief."},
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "Where?"},
            *({"type": "image_url", "image_url": {"url": url}} for url in ("u", "data:image/png;base64,AAAA")),
        ],
    },
    {"role": "tool", "tool_call_id": "1", "content": "[]"},
]
_TOOLS = [{"type": "function", "function": {"name": "find", "parameters": {"type": "object"}}}]
_CALLED = {
    "role": "assistant",
    "content": None,
    "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "find", "arguments": "{}"}}],
}
CHOSEN = {"index": 0, "message": _CALLED, "finish_reason": "tool_calls"}
TALKATIVE = replace(
    CHAT,
    name="talkative",
    request={
        **CHAT.request,
        "messages": _ASKED,
        "tools": _TOOLS,
        "stop": ["x"],
        "n": 2,
        "response_format": {"type": "text"},
    },
)
BESIDE = {
    "prompt_tokens": 32,
    "completion_tokens": 5,
    "completion_tokens_details": {"reasoning_tokens": 94},
    "total_tokens": 131,
}
ADVISED = {
    "input_tokens": 9,
    "output_tokens": 4,
    "inference_geo": "us",
    "iterations": [
        {"type": "compaction", "input_tokens": 90, "output_tokens": 2},
        {"type": "advisor_message", "model": "claude-opus-4-7", "input_tokens": 7, "output_tokens": 3},
    ],
}
AT_WORK = replace(
    RESPONSES,
    name="at-work",
    request={**RESPONSES.request, "reasoning": {"effort": "low"}, "instructions": "Be brief."},
)
THOUGHT = {
    "status": "incomplete",
    "incomplete_details": {"reason": "max_output_tokens"},
    "conversation": {"id": "conv_1"},
    "output": [{"id": "r1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Ulm?"}]}],
}
