"""Content: messages of any provider as the conventions write them: a role and parts.

The parts of the three message formats (chat completions, messages, responses) have names of their own that do not
clash, so one table reads them all. Media is never kept: its kind, type, size and hash stand in for it.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, cast

from submeter.core.endpoint import dig, fields_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

LONGEST = 16_384
"""Characters of one text that are kept; the rest is cut and counted."""

Part = dict[str, Any]


def shortened(told: Any) -> Any:
    """`told` with each text in it cut at `LONGEST` characters, and a note of how many are missing."""
    if isinstance(told, str):
        return told if len(told) <= LONGEST else f"{told[:LONGEST]}... [{len(told) - LONGEST} characters cut]"
    if isinstance(told, list):
        return [shortened(item) for item in cast("list[Any]", told)]
    if isinstance(told, dict):
        return {name: shortened(item) for name, item in cast("dict[str, Any]", told).items()}
    return told


def _text(item: Mapping[str, Any]) -> Part:
    text = item.get("text") or item.get("refusal") or ""
    return {"type": "text", "content": str(text)}


def _reasoning(item: Mapping[str, Any]) -> Part:
    text = item.get("thinking") or "".join(str(dig(part, ("text",))) for part in item.get("summary") or ())
    return {"type": "reasoning", "content": str(text)}


def _tool_call(item: Mapping[str, Any]) -> Part:
    called = fields_of(item.get("function")) or item
    arguments = called.get("arguments", called.get("input"))
    call_id = item.get("call_id") or item.get("id")
    return {"type": "tool_call", "id": call_id, "name": called.get("name"), "arguments": plain(arguments)}


def _tool_answer(item: Mapping[str, Any]) -> Part:
    answer = item.get("output", item.get("content"))
    call_id = item.get("call_id") or item.get("tool_use_id") or item.get("tool_call_id")
    return {"type": "tool_call_response", "id": call_id, "response": _without_media(answer)}


def _without_media(answer: Any) -> Any:
    """What a tool answered, with its pictures and files replaced as those of messages are."""
    if isinstance(answer, list | tuple):
        return [_without_media(item) for item in cast("Iterable[Any]", answer)]
    fields = fields_of(answer)
    return _media(fields) if fields.get("type") in _MEDIA else plain(dict(fields) or answer)


def _media(item: Mapping[str, Any]) -> Part:
    kind = str(item.get("type"))
    modality = next((name for name in ("image", "audio", "video") if name in kind), "document")
    source = fields_of(item.get("source")) or fields_of(item.get("image_url")) or fields_of(item.get("input_audio"))
    where = source.get("url") or item.get("image_url") or item.get("file_url")
    if isinstance(where, str) and not where.startswith("data:"):
        return {"type": "uri", "modality": modality, "uri": where}
    held = source.get("data") or dig(item, ("file", "file_data")) or item.get("file_data") or where or ""
    file_id = item.get("file_id") or source.get("file_id") or dig(item, ("file", "file_id"))
    if not held and isinstance(file_id, str):
        return {"type": "file", "modality": modality, "file_id": file_id}
    said, data = _unpacked(str(held))
    media_type = source.get("media_type") or said or _SOUNDS.get(str(source.get("format")))
    digest = hashlib.sha256(data.encode()).hexdigest()
    named = {"mime_type": media_type} if media_type else {}
    return {"type": "media", "modality": modality, **named, "size": len(data), "sha256": digest}


def _unpacked(held: str) -> tuple[str, str]:
    """The media type and the data of a data URL; of data as such, no type."""
    head, comma, data = held.partition(",")
    return (head[5:].partition(";")[0], data) if comma and head.startswith("data:") else ("", held)


_SOUNDS = {"wav": "audio/wav", "mp3": "audio/mpeg"}
"""The formats of sound that a chat completion takes, by their media types."""

_MEDIA = frozenset(
    {"image", "image_url", "input_image", "input_audio", "audio", "document", "file", "input_file", "video"}
)
_PARTS: dict[str, Callable[[Mapping[str, Any]], Part]] = {
    **dict.fromkeys(("text", "input_text", "output_text", "refusal"), _text),
    **dict.fromkeys(("thinking", "redacted_thinking", "reasoning"), _reasoning),
    **dict.fromkeys(("tool_use", "function", "function_call", "custom", "server_tool_use"), _tool_call),
    **dict.fromkeys(("tool_result", "function_call_output"), _tool_answer),
    **dict.fromkeys(_MEDIA, _media),
}


def parts_of(content: Any) -> list[Part]:
    """The parts of a message's content: a text, or a list of typed parts. A one-shot iterator is left alone."""
    if isinstance(content, str):
        return [{"type": "text", "content": content}]
    if not isinstance(content, list | tuple):
        return []
    parts = list[Part]()
    for item in cast("Iterable[Any]", content):
        fields = {"type": "text", "text": item} if isinstance(item, str) else fields_of(item)
        kind = str(fields.get("type"))
        read = _PARTS.get(kind)
        parts.append(read(fields) if read is not None else {"type": kind})
    return parts


def message_of(item: Any, role: str = "user") -> dict[str, Any]:
    """One message, in any of the formats, as a role and parts; a text where a request may hold several."""
    if isinstance(item, str):
        return {"role": role, "parts": parts_of(item)}
    fields = fields_of(item)
    if "role" not in fields and fields.get("type") in _PARTS:
        is_answer = str(fields["type"]).endswith("_output")
        return {"role": "tool" if is_answer else "assistant", "parts": parts_of([item])}
    role = str(fields.get("role") or role)
    if role == "tool":
        return {"role": role, "parts": [_tool_answer(fields)]}
    return {"role": role, "parts": parts_of(fields.get("content")) + parts_of(fields.get("tool_calls"))}


def messages_of(items: Any, role: str = "user") -> list[dict[str, Any]]:
    """The messages of a request or answer. A one-shot iterator is left alone: it is the host's to read."""
    if isinstance(items, str):
        return [{"role": role, "parts": parts_of(items)}]
    if not isinstance(items, list | tuple):
        return []
    return [message_of(item, role) for item in cast("Iterable[Any]", items)]


def tools_of(items: Any) -> list[dict[str, Any]]:
    """The tools offered to a model, by type, name and description; a one-shot iterator is left alone."""
    tools = list[dict[str, Any]]()
    for item in cast("Iterable[Any]", items) if isinstance(items, list | tuple) else ():
        fields = fields_of(item)
        named = fields_of(fields.get("function")) or fields
        tool = {"type": fields.get("type") or "function", "name": named.get("name")}
        if named.get("description"):
            tool["description"] = str(named["description"])
        tools.append(tool)
    return tools


def plain(value: Any) -> Any:
    """`value` as data that JSON holds, in text where it is anything else."""
    if isinstance(value, str):
        return value
    try:
        return json.loads(json.dumps(value, default=str))
    except (TypeError, ValueError):
        return str(value)
