"""What providers do for an application outside of its calls: batches, agents and other jobs, read in every way."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from instrumentation.anthropic_dialects import MESSAGES
from instrumentation.openai_dialects import CHAT
from instrumentation.transport import Reply

if TYPE_CHECKING:
    from instrumentation.host import Host


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
