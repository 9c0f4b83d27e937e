"""Content that was asked for, in calls of the real SDKs: media never goes along, only what it is, its size and hash."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from instrumentation.anthropic_dialects import MESSAGES
from instrumentation.openai_dialects import CHAT, RESPONSES
from instrumentation.played import client
from submeter import settings
from submeter.semconv import INPUT_MESSAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metering import Metering

CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
DATA = "iVBORw0KGgoAAAANSUhEUgAAAAUA"
URL = f"data:image/png;base64,{DATA}"
BASE64 = {"type": "base64", "media_type": "image/png", "data": DATA}

CHATS: dict[str, dict[str, Any]] = {
    "image": {"type": "image_url", "image_url": {"url": URL}},
    "audio": {"type": "input_audio", "input_audio": {"data": DATA, "format": "mp3"}},
    "file": {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{DATA}"}},
}
INPUTS: dict[str, dict[str, Any]] = {
    "image": {"type": "input_image", "image_url": URL, "detail": "auto"},
    "file": {"type": "input_file", "filename": "a.pdf", "file_data": DATA},
}
BLOCKS: dict[str, dict[str, Any]] = {
    "image": {"type": "image", "source": BASE64},
    "document": {"type": "document", "source": {**BASE64, "media_type": "application/pdf"}},
}
SAID = {"type": "text", "text": "a plan"}
TOLD: dict[str, tuple[str, str | None]] = {
    "image": ("image", "image/png"),
    "audio": ("audio", "audio/mpeg"),
    "file": ("document", "application/pdf"),
    "document": ("document", "application/pdf"),
}


@pytest.fixture(autouse=True)
def asked_for() -> Iterator[None]:
    settings.set_variable(CAPTURE, "span_and_event")
    yield
    settings.set_variable(CAPTURE, "")


def media(kind: str, media_type: str | None = "") -> dict[str, Any]:
    modality, known = TOLD[kind]
    named = {"mime_type": known} if media_type == "" else {}
    digest = hashlib.sha256(DATA.encode()).hexdigest()
    return {"type": "media", "modality": modality, **named, "size": len(DATA), "sha256": digest}


def parts(metering: Metering) -> list[dict[str, Any]]:
    """The parts of the last message asked, once nothing that left holds any of the data."""
    (span,) = metering.ended()
    everything = f"{dict(span.attributes or {})}{[record.log_record for record in metering.events()]}"
    assert DATA not in everything
    return json.loads(str((span.attributes or {})[INPUT_MESSAGES]))[-1]["parts"]


@pytest.mark.parametrize("kind", CHATS)
def test_media_in_a_chat(kind: str, metering: Metering) -> None:
    made = client("openai", {"post /chat/completions": CHAT.answer})
    made.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": [SAID, CHATS[kind]]}])
    assert parts(metering) == [{"type": "text", "content": "a plan"}, media(kind)]


@pytest.mark.parametrize("kind", INPUTS)
@pytest.mark.parametrize("is_answer", [False, True], ids=["asked", "answered by a tool"])
def test_media_in_a_response(kind: str, is_answer: bool, metering: Metering) -> None:
    item: dict[str, Any] = {"role": "user", "content": [INPUTS[kind]]}
    if is_answer:
        item = {"type": "function_call_output", "call_id": "c1", "output": [INPUTS[kind]]}
    client("openai", {"post /responses": RESPONSES.answer}).responses.create(model="gpt-5", input=[item])
    shown = [media(kind, None if kind == "file" else "")]
    assert parts(metering) == ([{"type": "tool_call_response", "id": "c1", "response": shown}] if is_answer else shown)


@pytest.mark.parametrize("kind", BLOCKS)
@pytest.mark.parametrize("is_answer", [False, True], ids=["asked", "answered by a tool"])
def test_media_in_a_message(kind: str, is_answer: bool, metering: Metering) -> None:
    content: list[dict[str, Any]] = [SAID, BLOCKS[kind]]
    if is_answer:
        content = [{"type": "tool_result", "tool_use_id": "t1", "content": content}]
    made = client("anthropic", {"post /v1/messages": MESSAGES.answer})
    made.messages.create(model="claude-haiku-4-5", max_tokens=9, messages=[{"role": "user", "content": content}])
    if is_answer:
        assert parts(metering) == [{"type": "tool_call_response", "id": "t1", "response": [SAID, media(kind)]}]
    else:
        assert parts(metering) == [{"type": "text", "content": "a plan"}, media(kind)]
