"""Content leaves a program only where that was asked for: everything its exporters send is searched for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from distro.listener import listening
from distro.programs import run

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "canary-7f3a"

PROGRAM = """
import anthropic, httpx2, openai, submeter
CANARY = "canary-7f3a"
USAGE = {"prompt_tokens": 127_000, "completion_tokens": 2, "total_tokens": 127_002}
CHAT = {"id": "c", "object": "chat.completion", "created": 1, "model": "gpt-4o", "usage": USAGE, "choices": [
    {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": CANARY, "tool_calls": [
        {"id": "t", "type": "function", "function": {"name": "find", "arguments": CANARY}}]}}]}
MESSAGE = {"id": "m", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "stop_reason": "end_turn",
    "content": [{"type": "text", "text": CANARY}, {"type": "thinking", "thinking": CANARY, "signature": ""}],
    "usage": {"input_tokens": 3, "output_tokens": 4}}
CHUNK = ('data: {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o", "choices": '
    '[{"index": 0, "delta": {"content": "%s"}, "finish_reason": null}]}\\n\\n' % CANARY).encode()
def answered(request):
    if b"fail" in request.content:
        return httpx2.Response(400, json={"error": {"message": CANARY, "type": "invalid_request_error"}})
    if b'"stream":true' in request.content.replace(b" ", b""):
        return httpx2.Response(200, headers={"content-type": "text/event-stream"},
            stream=httpx2.ByteStream(CHUNK + b"data: [DONE]\\n\\n"), request=request)
    return httpx2.Response(200, json=MESSAGE if "messages" in request.url.path else CHAT)
http_client = httpx2.Client(transport=httpx2.MockTransport(answered))
options = {"api_key": "k", "http_client": http_client, "max_retries": 0}
messages = [{"role": "user", "content": CANARY}]
tools = [{"type": "function", "function": {"name": "find", "description": CANARY, "parameters": {"type": "object"}}}]
chat = openai.OpenAI(**options).chat.completions
claude = anthropic.Anthropic(**options).messages
with submeter.session("s"):
    chat.create(model="gpt-4o", messages=[{"role": "system", "content": CANARY}, *messages], tools=tools, user=CANARY)
    list(chat.create(model="gpt-4o", messages=messages, stream=True))
    claude.create(model="claude-sonnet-4-5", max_tokens=9, system=CANARY, messages=messages)
    for made in (chat, claude):
        try:
            made.create(model="fail", messages=messages, **({} if made is chat else {"max_tokens": 9}))
        except Exception:
            pass
report(done=True)
"""
"""A program whose every text, asked and answered, in tools and in errors, is the canary."""

SIGNALS = {"/v1/traces", "/v1/metrics", "/v1/logs"}


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("", set[str]()),
        ("no_content", set[str]()),
        ("nonsense", set[str]()),
        ("span_only", {"/v1/traces", "/v1/logs"}),  # an error's message is an event wherever content may be told
        ("event_only", {"/v1/logs"}),
        ("span_and_event", {"/v1/traces", "/v1/logs"}),
    ],
)
def test_what_exporters_send_holds_content_only_where_it_was_asked_for(
    mode: str, told: set[str], tmp_path: Path
) -> None:
    sent: dict[str, bytes] = {}

    def take(path: str, _headers: dict[str, str], body: bytes) -> None:
        sent[path] = sent.get(path, b"") + body

    with listening(take) as address:
        variables = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": address,
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": mode,
            "SUBMETER_SEMCONV": "both",
        }
        done = run(tmp_path, PROGRAM, variables=variables)
    assert done.returncode == 0, done.stderr
    assert set(sent) == SIGNALS
    assert b"gpt-4o" in sent["/v1/traces"]
    assert {path for path, body in sent.items() if CANARY.encode() in body} == told
    assert CANARY not in done.stderr
