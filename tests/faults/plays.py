"""Plays: the calls of an application under which our functions are broken, one after the other."""

from __future__ import annotations

import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import openai

from instrumentation.anthropic_dialects import MESSAGES
from instrumentation.case import CASES
from instrumentation.host import Host, watched
from instrumentation.matrix import streams, whole
from instrumentation.openai_dialects import CHAT, KNOWN, RESPONSES, on_request
from instrumentation.transport import document

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from instrumentation.dialect import Dialect

ENVIRONMENT = {
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "span_and_event",
    "SUBMETER_ESTIMATE": "1",
    "SUBMETER_MAX_TOKENS_PER_QUERY": "10",
    "SUBMETER_MAX_TOKENS_PER_USER_DAILY": "100",
    "SUBMETER_METRIC_LABELS": "user.id",
    "SUBMETER_SEMCONV": "both",
}
"""Everything that can be switched on is, so that as much of ours as possible is at work."""

_CASES = (
    whole.plain,
    whole.parsed,
    whole.raw,
    whole.streaming_response_read,
    whole.streaming_response_by_bytes,
    whole.streaming_response_read_in_part,
    whole.streaming_response_closed_unread,
    whole.refused_as_too_much,
    whole.refused_stream,
    whole.retried,
    whole.broken_document_raw,
    streams.drained,
    streams.drained_within_with,
    streams.helped,
    streams.raw_stream,
    streams.streaming_response_stream_by_lines,
    streams.error_event,
    streams.dropped_connection,
    streams.closed_early,
    streams.abandoned,
    streams.never_read,
)


@dataclass(frozen=True)
class Play:
    """One run of a small application, in a client of its own."""

    name: str
    shape: Callable[[Host], Coroutine[Any, Any, None]]
    dialect: Dialect
    is_async: bool
    replies: list[Any]
    options: dict[str, Any] = field(default_factory=dict[str, Any])

    def seen(self) -> list[object]:
        """What the application sees. What it sends is left out where we are meant to ask for more than it did."""
        # What is there already is not this play's to collect, and walking it takes 0.2 s.
        gc.freeze()
        host = Host(self.dialect, self.replies, is_async=self.is_async, **self.options)
        seen = watched(self.shape, host)
        gc.collect()
        if self.dialect is not KNOWN:
            return seen
        return [step for step in seen if not isinstance(step, tuple) or step[0] not in ("request", "taken")]


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
    {"role": "user", "content": [{"type": "text", "text": "Where?"}, {"type": "image_url", "image_url": {"url": "u"}}]},
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
        "stop": "x",
        "n": 2,
        "response_format": {"type": "text"},
    },
)
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


@cache
def plays() -> list[Play]:
    """Every play, synchronous and asynchronous."""
    named = {case.play: case for case in CASES}
    found = [
        Play(f"{dialect.name} {shape.__name__}", shape, dialect, is_async, case.replies(dialect), case.options)
        for shape in _CASES
        for case in (named[shape],)
        for dialect in (CHAT, MESSAGES)
        for is_async in (False, True)
    ]
    for is_async in (False, True):
        found += [
            Play("asked for usage", streams.drained, KNOWN, is_async, [on_request]),
            Play("asked for usage, helped", streams.helped, KNOWN, is_async, [on_request]),
            Play("talkative", whole.plain, TALKATIVE, is_async, [CHAT.document(choices=[CHOSEN])]),
            Play("talkative stream", streams.drained, TALKATIVE, is_async, [CHAT.stream()]),
            Play("full", whole.plain, CHAT, is_async, [CHAT.document(usage={"prompt_tokens": 127_000})]),
            Play("response", whole.plain, AT_WORK, is_async, [RESPONSES.document()]),
            Play("thoughtful response", whole.plain, AT_WORK, is_async, [RESPONSES.document(**THOUGHT)]),
            Play("response stream", streams.drained, AT_WORK, is_async, [RESPONSES.stream()]),
            Play("fetched", fetched, AT_WORK, is_async, [RESPONSES.document(background=True)]),
            Play("embedded", embedded, CHAT, is_async, [EMBEDDING]),
            Play("not metered", metered_not, CHAT, is_async, [CHAT.stream()]),
            Play("not metered and left", metered_not_and_left, CHAT, is_async, [CHAT.stream()]),
        ]
    found.append(Play("in a thread", in_a_thread, CHAT, False, [CHAT.document()]))
    return found
