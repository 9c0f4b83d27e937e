"""Plays: the calls of an application under which our functions are broken, one after the other."""

from __future__ import annotations

import gc
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import openai

from instrumentation.anthropic_dialects import MESSAGES
from instrumentation.case import CASES
from instrumentation.host import Host, driven, watched
from instrumentation.matrix import streams, whole
from instrumentation.openai_dialects import CHAT, KNOWN, RESPONSES, on_request
from instrumentation.transport import Reply, document

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


async def results(host: Host) -> None:
    """The results of a batch, read three ways."""
    batches = host.client.messages.batches
    await host.drain(await host.do(batches.results, "b"))
    answer = await host.do(batches.with_raw_response.results, "b")
    await host.drain(await host.do(answer.parse))
    manager = batches.with_streaming_response.results("b")
    answer = await host.enter(manager)
    await host.pull(answer.iter_bytes(200))
    await host.leave(manager)


async def listed(host: Host) -> None:
    """What agents did, listed, and a job over memories."""
    host.see(await host.do(host.client.beta.sessions.events.list, "s"))
    host.see(await host.do(host.client.beta.dreams.retrieve, "d"))


async def worked(host: Host) -> None:
    """A job, a file, a turn and a session: what runs at the provider."""
    host.see(await host.do(host.client.batches.retrieve, "batch_1"))
    found = await host.do(host.client.files.content, "file-1")
    host.see(found.content)
    host.see(await host.do(host.client.beta.agents.sessions.turns.retrieve, "turn_1", session_id="s"))


async def connected(host: Host) -> None:
    """A connection over which two responses come, of which the second breaks off."""
    from openai.resources.realtime import realtime

    kind: Any = realtime.AsyncRealtimeConnection if host.is_async else realtime.RealtimeConnection
    connection = kind(Wire(SPOKEN, is_async=host.is_async))
    while True:
        host.see(await host.do(connection.recv))


async def disconnected(host: Host) -> None:
    """A connection over which a response fails, and which is closed in the midst of the next."""
    from openai.resources.responses import responses

    kind: Any = responses.AsyncResponsesConnection if host.is_async else responses.ResponsesConnection
    connection = kind(Wire(WRITTEN, is_async=host.is_async))
    for _ in WRITTEN:
        host.see(await host.do(connection.recv))
    await host.do(connection.close)


class ConnectionClosed(Exception):  # noqa: N818  (the name that the websockets library gives it)
    """The end of a connection."""


class Wire:
    """A websocket without a network: it gives what a provider sends, and then is closed."""

    def __init__(self, events: list[dict[str, Any]], *, is_async: bool) -> None:
        self._is_async = is_async
        self._events = iter(events)

    def recv(self, *, decode: bool) -> Any:
        """The next message."""
        assert not decode
        if self._is_async:
            return self._next()
        return driven(self._next())

    def close(self, **_why: object) -> Any:
        """There is nothing to close."""
        return self._closed() if self._is_async else None

    async def _closed(self) -> None:
        pass

    async def _next(self) -> bytes:
        for event in self._events:
            return json.dumps(event).encode()
        raise ConnectionClosed


SPOKEN: list[dict[str, Any]] = [
    {"type": "session.created", "session": {"model": "gpt-realtime-2"}},
    {"type": "response.created", "response": {"id": "r1", "status": "in_progress"}},
    {"type": "response.output_audio.delta", "delta": "UklGRg=="},
    {
        "type": "response.done",
        "response": {"id": "r1", "status": "completed", "usage": {"input_tokens": 9, "output_tokens": 4}},
    },
    {
        "type": "conversation.item.input_audio_transcription.completed",
        "usage": {"type": "tokens", "input_tokens": 7, "output_tokens": 1},
    },
    {"type": "response.created", "response": {"id": "r2", "status": "in_progress"}},
]
WRITTEN: list[dict[str, Any]] = [
    {"type": "response.created", "response": {"id": "r1", "status": "in_progress"}},
    {"type": "error", "code": "server_error", "message": "m"},
    {"type": "response.created", "response": {"id": "r2", "status": "in_progress"}},
]
BATCH = {"id": "b", "processing_status": "ended", "results_url": "https://llm.example/v1/messages/batches/b/results"}
RESULT = {"custom_id": "r", "result": {"type": "succeeded", "message": MESSAGES.answer}}
LINES = Reply([json.dumps(RESULT).encode() + b"\n"] * 2, headers={"content-type": "application/x-jsonl"})
END = {"type": "span.model_request_end", "id": "e", "model_usage": {"input_tokens": 9, "output_tokens": 1}}
DREAM = {
    "id": "d",
    "ended_at": "2026-11-24T00:00:00Z",
    "model": {"id": "claude-haiku-4-5"},
    "usage": {"input_tokens": 9, "output_tokens": 1},
}
JOB = {
    "id": "batch_1",
    "status": "completed",
    "endpoint": "/v1/embeddings",
    "output_file_id": "file-2",
    "usage": {"input_tokens": 9, "output_tokens": 0},
}
LINE = json.dumps({"custom_id": "r", "response": {"body": CHAT.answer}}).encode()
FILE = Reply([LINE[:40], LINE[40:] + b"\n"], headers={"content-type": "application/octet-stream"})
TURN = {
    "id": "turn_1",
    "object": "agent.session.turn",
    "status": "completed",
    "usage": {"input_tokens": 9, "output_tokens": 1},
}

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
        "stop": "x",
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
            Play(
                "full",
                whole.plain,
                CHAT,
                is_async,
                [CHAT.document(usage={"prompt_tokens": 127_000, "reasoning_tokens": 1})],
            ),
            Play("reasoning beside", whole.plain, CHAT, is_async, [CHAT.document(usage=BESIDE)]),
            Play("advised", whole.plain, MESSAGES, is_async, [MESSAGES.document(usage=ADVISED)]),
            Play("response", whole.plain, AT_WORK, is_async, [RESPONSES.document()]),
            Play("thoughtful response", whole.plain, AT_WORK, is_async, [RESPONSES.document(**THOUGHT)]),
            Play("response stream", streams.drained, AT_WORK, is_async, [RESPONSES.stream()]),
            Play("fetched", fetched, AT_WORK, is_async, [RESPONSES.document(background=True)]),
            Play("embedded", embedded, CHAT, is_async, [EMBEDDING]),
            Play("results", results, MESSAGES, is_async, [document(BATCH), LINES] * 3),
            Play("listed", listed, MESSAGES, is_async, [document({"data": [END]}), document(DREAM)]),
            Play("worked", worked, CHAT, is_async, [document(JOB), FILE, document(TURN)]),
            Play("connected", connected, CHAT, is_async, []),
            Play("disconnected", disconnected, CHAT, is_async, []),
            Play("not metered", metered_not, CHAT, is_async, [CHAT.stream()]),
            Play("not metered and left", metered_not_and_left, CHAT, is_async, [CHAT.stream()]),
        ]
    found.append(Play("in a thread", in_a_thread, CHAT, False, [CHAT.document()]))
    return found
