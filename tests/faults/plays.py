"""Plays: the calls of an application under which our functions are broken, one after the other."""

from __future__ import annotations

import gc
import gzip
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from faults.calls import (
    ADVISED,
    AT_WORK,
    BESIDE,
    CHOSEN,
    EMBEDDING,
    TALKATIVE,
    THOUGHT,
    embedded,
    fetched,
    in_a_thread,
    metered_not,
    metered_not_and_left,
)
from faults.connections import connected, disconnected
from faults.jobs import BATCH, DREAM, END, FILE, JOB, LINES, TURN, listed, results, worked
from instrumentation.anthropic_dialects import MESSAGES
from instrumentation.case import CASES
from instrumentation.host import Host, watched
from instrumentation.matrix import streams, whole
from instrumentation.openai_dialects import CHAT, KNOWN, RESPONSES, on_request
from instrumentation.transport import document, encoded

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
            Play("passed on", whole.passed_on, CHAT, is_async, [encoded(CHAT.document(), "gzip", gzip.compress)]),
            Play(
                "passed on in part",
                whole.passed_on_in_part,
                CHAT,
                is_async,
                [encoded(CHAT.stream(), "gzip", gzip.compress)],
            ),
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
