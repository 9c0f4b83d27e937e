"""The dialects of what runs at a provider: its work is made by one request, and its usage fetched by another."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from instrumentation import anthropic_dialects
from instrumentation.anthropic_dialects import MESSAGES
from instrumentation.dialect import Dialect, sse
from instrumentation.openai_dialects import CHAT, RESPONSES, client
from instrumentation.transport import document

_USED = {
    "prompt_tokens": 123,
    "completion_tokens": 45,
    "total_tokens": 168,
    "prompt_token_details": {"cached_tokens": 12},
}
_RUN: dict[str, Any] = {
    "id": "run_1",
    "object": "thread.run",
    "thread_id": "thread_1",
    "assistant_id": "asst_1",
    "model": "gpt-4o",
    "status": "in_progress",
    "usage": None,
}
_DONE = {**_RUN, "status": "completed", "usage": _USED}

RUN = Dialect(
    name="openai-run",
    path="beta.threads.runs",
    method="retrieve",
    can=frozenset({"document"}),
    make=client,
    request={"run_id": "run_1", "thread_id": "thread_1"},
    answer=_DONE,
    truth={"input_tokens": 123, "output_tokens": 45, "cache_read.input_tokens": 12},
    provider="openai",
    reasons=(),
    overload=CHAT.overload,
)
"""A run of an assistant that is polled."""

STARTED_RUN = replace(
    RUN,
    name="openai-run-started",
    method="create",
    can=frozenset({"document", "stream"}),
    request={"thread_id": "thread_1", "assistant_id": "asst_1"},
    pieces=[
        sse(_RUN, "thread.run.created"),
        sse({"id": "msg_1", "object": "thread.message.delta", "delta": {"content": []}}, "thread.message.delta"),
        sse(
            {"id": "step_1", "object": "thread.run.step", "run_id": "run_1", "usage": _USED},
            "thread.run.step.completed",
        ),
        sse(_DONE, "thread.run.completed"),
        sse("[DONE]", "done"),
    ],
    error_event=CHAT.error_event,
)
"""A run of an assistant that is listened to."""

FETCHED_RESPONSE = replace(
    RESPONSES,
    name="openai-response-fetched",
    method="retrieve",
    can=frozenset({"document", "stream"}),
    request={"response_id": "resp_1"},
    answer={**RESPONSES.answer, "background": True},
    pieces=[piece.replace(b'"background": false', b'"background": true') for piece in RESPONSES.pieces],
    given={},
)
"""A response in the background, fetched when it is done or listened to."""

BATCH = replace(
    RUN,
    name="openai-batch",
    path="batches",
    request={"batch_id": "batch_1"},
    answer={
        "id": "batch_1",
        "object": "batch",
        "endpoint": "/v1/chat/completions",
        "model": "gpt-4o-2024-08-06",
        "status": "completed",
        "completion_window": "24h",
        "created_at": 1_790_000_000,
        "input_file_id": "file_1",
        "usage": {
            "input_tokens": 1000,
            "input_tokens_details": {"cached_tokens": 100},
            "output_tokens": 200,
            "output_tokens_details": {"reasoning_tokens": 50},
            "total_tokens": 1200,
        },
    },
    truth={
        "input_tokens": 1000,
        "output_tokens": 200,
        "cache_read.input_tokens": 100,
        "reasoning.output_tokens": 50,
    },
)
"""A batch that states the sum of its requests."""

TURN: dict[str, Any] = {
    "id": "turn_1",
    "object": "agent.session.turn",
    "agent_id": "agent_1",
    "session_id": "sess_1",
    "status": "in_progress",
    "usage": None,
}
_TURN_USAGE = RESPONSES.answer["usage"]


def _turned(kind: str, number: int, **fields: object) -> bytes:
    kind = f"agent.session.turn.{kind}"
    return sse({"type": kind, "event_id": f"event_{number}", "turn_id": "turn_1", **fields}, kind)


AGENT_EVENTS = replace(
    RUN,
    name="openai-agent-events",
    path="beta.agents.sessions.events",
    method="stream",
    streaming={},
    can=frozenset({"stream"}),
    request={"session_id": "sess_1"},
    pieces=[
        _turned("created", 1, turn=TURN),
        _turned("in_progress", 2, turn=TURN),
        _turned("completed", 3, turn={**TURN, "status": "completed", "usage": _TURN_USAGE}, usage=_TURN_USAGE),
        sse("[DONE]", "done"),
    ],
    error_event=CHAT.error_event,
    truth=RESPONSES.truth,
)
"""What an agent at the provider does, as events."""


def _event(number: int, **fields: object) -> bytes:
    return sse({"id": f"sevt_{number}", "processed_at": "2026-11-24T00:00:00Z", **fields}, "message")


SESSION_EVENTS = replace(
    AGENT_EVENTS,
    name="anthropic-session-events",
    path="beta.sessions.events",
    make=anthropic_dialects.client,
    pieces=[
        _event(1, type="session.status_running"),
        _event(2, type="span.model_request_start"),
        _event(
            3,
            type="span.model_request_end",
            model_request_start_id="sevt_2",
            is_error=False,
            model_usage={
                "input_tokens": 40,
                "output_tokens": 9,
                "cache_read_input_tokens": 7,
                "cache_creation_input_tokens": 3,
            },
        ),
        _event(4, type="session.usage", usage={"input_tokens": 40, "output_tokens": 9}),
    ],
    error_event=MESSAGES.error_event,
    truth={
        "input_tokens": 50,
        "output_tokens": 9,
        "cache_read.input_tokens": 7,
        "cache_write.input_tokens": 3,
    },
    provider="anthropic",
    overload=MESSAGES.overload,
)
"""What a managed agent does, as events."""


def _result(number: int, **result: object) -> bytes:
    return json.dumps({"custom_id": f"r{number}", "result": result}).encode() + b"\n"


RESULTS = replace(
    SESSION_EVENTS,
    name="anthropic-batch-results",
    path="messages.batches",
    method="results",
    request={"message_batch_id": "batch_1"},
    before=(
        document(
            {
                "id": "batch_1",
                "type": "message_batch",
                "processing_status": "ended",
                "results_url": "https://llm.example/v1/messages/batches/batch_1/results",
            }
        ),
    ),
    is_entered=False,
    pieces_type="application/x-jsonl",
    pieces=[
        _result(1, type="errored", error={"type": "error", "error": {"type": "api_error", "message": "m"}}),
        _result(2, type="expired"),
        _result(3, type="succeeded", message=MESSAGES.answer),
        _result(4, type="canceled"),
    ],
    error_event=b'{"custom_id": "r3", "result"\n',
    truth=MESSAGES.truth,
)
"""The results of a batch of messages, of which one succeeded."""

FILE = replace(
    RUN,
    name="openai-batch-file",
    path="files",
    method="content",
    can=frozenset(),
    request={"file_id": "file_1"},
    answer={"id": "req_1", "custom_id": "r1", "response": {"status_code": 200, "body": CHAT.answer}, "error": None},
    truth=CHAT.truth,
)
"""A file of results of a batch, with one line in it."""

FETCHED = (RUN, STARTED_RUN, FETCHED_RESPONSE, BATCH)
REPORTED = (AGENT_EVENTS, SESSION_EVENTS, RESULTS, FILE)
