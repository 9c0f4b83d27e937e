"""What runs at a provider: assistants, agents and their sessions. Each piece of work counts once, when it is done."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from instrumentation import fetched_dialects
from instrumentation.dialect import sse
from instrumentation.played import client, drained, waited
from metering import usage_of

if TYPE_CHECKING:
    from metering import Metering

pytestmark = [
    pytest.mark.usefixtures("clean_gc"),
    pytest.mark.filterwarnings("ignore:The Assistants API is deprecated:DeprecationWarning"),
]

MODES = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])

DONE = fetched_dialects.RUN.answer
RUN: dict[str, Any] = {**DONE, "status": "in_progress", "usage": None}
USED = DONE["usage"]
COUNTED = fetched_dialects.RUN.truth


def counted(metering: Metering) -> list[tuple[str, dict[str, Any]]]:
    return [(span.name, usage) for span in metering.ended() if (usage := usage_of(span))]


def events(*told: tuple[str, dict[str, Any]]) -> bytes:
    return b"".join([*(sse(data, name) for name, data in told), sse("[DONE]", "done")])


def test_a_run_that_is_polled_counts_once(metering: Metering) -> None:
    answers = {"post /threads/thread_1/runs": RUN, "get /threads/thread_1/runs/run_1": RUN}
    runs = client("openai", answers).beta.threads.runs
    runs.create("thread_1", assistant_id="asst_1")
    runs.retrieve("run_1", thread_id="thread_1")
    assert counted(metering) == []
    answers["get /threads/thread_1/runs/run_1"] = DONE
    for _ in range(2):
        runs.retrieve("run_1", thread_id="thread_1")
    assert counted(metering) == [("chat", COUNTED)]
    told: Any = metering.ended()[2].attributes
    assert told["gen_ai.response.model"] == "gpt-4o"
    assert told["submeter.cost.usd"] > 0
    assert "submeter.context.utilization" not in told


@MODES
def test_a_run_that_is_streamed_counts_by_its_last_word(is_async: bool, metering: Metering) -> None:
    step = {"id": "step_1", "object": "thread.run.step", "run_id": "run_1", "usage": {**USED, "prompt_tokens": 99}}
    body = events(
        ("thread.run.created", RUN),
        ("thread.message.delta", {"id": "msg_1", "object": "thread.message.delta", "delta": {"content": []}}),
        ("thread.run.step.completed", step),
        ("thread.run.completed", DONE),
    )

    async def application() -> None:
        runs = client("openai", {"post /threads/thread_1/runs": body}, is_async=is_async).beta.threads.runs
        found = await waited(runs.create("thread_1", assistant_id="asst_1", stream=True))
        assert len(await drained(found)) == 4

    asyncio.run(application())
    assert counted(metering) == [("chat", COUNTED)]
    assert (metering.ended()[0].attributes or {})["gen_ai.response.id"] == "run_1"


TURN = fetched_dialects.TURN
TURN_USAGE = {
    "input_tokens": 300,
    "input_tokens_details": {"cached_tokens": 100},
    "output_tokens": 50,
    "output_tokens_details": {"reasoning_tokens": 20},
    "total_tokens": 350,
}
TURN_DONE = {**TURN, "status": "completed", "usage": TURN_USAGE}
TURN_COUNTED = {
    "input_tokens": 300,
    "output_tokens": 50,
    "cache_read.input_tokens": 100,
    "reasoning.output_tokens": 20,
}


@MODES
def test_a_turn_of_an_agent_counts_once_by_event_and_by_hand(is_async: bool, metering: Metering) -> None:
    created = {"type": "agent.session.turn.created", "event_id": "e1", "turn": TURN, "turn_id": "turn_1"}
    done = {"type": "agent.session.turn.completed", "event_id": "e2", "turn": TURN_DONE, "usage": TURN_USAGE}
    body = events(("agent.session.turn.created", created), ("agent.session.turn.completed", done))
    answers = {"get /agents/sessions/sess_1/events": body, "get /turns/turn_1": TURN_DONE}

    async def application() -> None:
        sessions = client("openai", answers, is_async=is_async).beta.agents.sessions
        await drained(await waited(sessions.events.stream("sess_1")))
        await waited(sessions.turns.retrieve("turn_1", session_id="sess_1"))

    asyncio.run(application())
    assert counted(metering) == [("chat", TURN_COUNTED)]
    assert (metering.ended()[0].attributes or {})["gen_ai.conversation.id"] == "sess_1"


REQUESTED = {
    "input_tokens": 40,
    "output_tokens": 9,
    "cache_read_input_tokens": 7,
    "cache_creation_input_tokens": 3,
    "speed": None,
}
WORK: list[dict[str, Any]] = [
    {"type": "span.model_request_start", "id": "sevt_1", "processed_at": "2026-11-24T00:00:00Z"},
    {
        "type": "span.model_request_end",
        "id": "sevt_2",
        "model_request_start_id": "sevt_1",
        "model_usage": REQUESTED,
        "is_error": False,
        "processed_at": "2026-11-24T00:00:01Z",
    },
    {
        "type": "span.outcome_evaluation_end",
        "id": "sevt_3",
        "usage": {**REQUESTED, "output_tokens": 2},
        "processed_at": "2026-11-24T00:00:02Z",
    },
    {"type": "session.usage", "id": "sevt_4", "usage": REQUESTED, "processed_at": "2026-11-24T00:00:03Z"},
]
WORKED = {
    "input_tokens": 50,
    "output_tokens": 9,
    "cache_read.input_tokens": 7,
    "cache_write.input_tokens": 3,
}


@MODES
def test_requests_of_a_session_count_once_streamed_and_listed(is_async: bool, metering: Metering) -> None:
    body = b"".join(sse(event, "message") for event in WORK)
    answers = {"get /sessions/sess_1/events/stream": body, "get /sessions/sess_1/events": {"data": WORK}}

    async def application() -> None:
        events = client("anthropic", answers, is_async=is_async).beta.sessions.events
        await drained(await waited(events.stream("sess_1")))
        assert len(await drained(events.list("sess_1"))) == len(WORK)

    asyncio.run(application())
    assert [usage for _, usage in counted(metering)] == [WORKED, {**WORKED, "output_tokens": 2}]


def test_a_session_whose_stream_is_left_counts_what_was_heard(metering: Metering) -> None:
    body = b"".join(sse(event, "message") for event in WORK)
    events = client("anthropic", {"get /sessions/sess_1/events/stream": body}).beta.sessions.events
    with events.stream("sess_1") as found:
        next(found)
        next(found)
    assert [usage for _, usage in counted(metering)] == [WORKED]


@pytest.mark.parametrize(("call", "path"), [("moderations", "/moderations"), ("audio.speech", "/audio/speech")])
def test_calls_that_state_no_tokens_are_timed_and_nothing_else(call: str, path: str, metering: Metering) -> None:
    answer: dict[str, Any] = {"id": "modr_1", "model": "omni-moderation-latest", "results": []}
    made = client("openai", {f"post {path}": answer})
    if call == "moderations":
        made.moderations.create(input="Where?", model="omni-moderation-latest")
    else:
        made.audio.speech.create(input="Where?", model="tts-1", voice="alloy").read()
    (span,) = metering.ended()
    assert usage_of(span) == {}
    name = "gen_ai.client.operation.duration" if call == "moderations" else "gen_ai.client.inference.duration"
    assert len(metering.points(name)) == 1
    assert metering.total("submeter.cost") is None
