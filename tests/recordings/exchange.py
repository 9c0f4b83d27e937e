"""Exchange: one recorded request and its answer, out of a folder of recordings of any of the formats in use.

Formats: VCR cassettes (YAML; a body under `body`, `body.string`, `content` or `parsed_body`, perhaps compressed)
and JSON files that hold one exchange, or one answer alone.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # a PyYAML built without libyaml: the same, 10 times slower
    from yaml import SafeLoader as Loader

Fields = dict[str, Any]


@dataclass(frozen=True)
class Exchange:
    """One recorded exchange; `place` is its number within its file."""

    file: str
    place: int
    method: str
    url: str
    request: Fields
    status: int
    content_type: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def host(self) -> str:
        """The host that answered, with its port where the URL names one."""
        return urlsplit(self.url).netloc

    @property
    def path(self) -> str:
        """The path of the URL, without its query."""
        return urlsplit(self.url).path.partition("#")[0]

    @property
    def is_stream(self) -> bool:
        """Whether the answer is a stream of server-sent events."""
        return "event-stream" in self.content_type or self.body.startswith((b"data:", b"event:"))

    @property
    def name(self) -> str:
        """Where to find it."""
        return f"{self.file}#{self.place}"

    def document(self) -> Any:
        """The answer as JSON, `None` when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def events(self) -> list[Fields]:
        """The objects in the `data:` lines of a stream, in order."""
        found: list[Fields] = []
        for line in self.body.splitlines():
            if not line.startswith(b"data:"):
                continue
            try:
                told = json.loads(line[5:])
            except ValueError:
                continue
            if isinstance(told, dict):
                found.append(cast("Fields", told))
        return found


def exchanges(folder: Path) -> Iterator[Exchange]:
    """Every exchange under `folder`, by file."""
    for path in sorted(folder.rglob("*")):
        if path.suffix not in (".yaml", ".yml", ".json") or path.name == "truth.json":
            continue
        file = path.relative_to(folder).as_posix()
        for place, (request, response) in enumerate(_recorded(path)):
            made = _exchange(file, place, request, response)
            if made is not None:
                yield made


def _recorded(path: Path) -> list[tuple[Fields, Fields]]:
    with path.open("rb") as stream:
        try:
            whole: Any = json.load(stream) if path.suffix == ".json" else yaml.load(stream, Loader)
        except (ValueError, yaml.YAMLError):
            return []
    if isinstance(whole, list):
        return [_of_nock(fields_of(one)) for one in cast("list[object]", whole)]
    whole = fields_of(whole)
    if "interactions" in whole:
        found = [fields_of(one) for one in whole["interactions"] or ()]
        return [(fields_of(one.get("request")), fields_of(one.get("response"))) for one in found]
    if "response" in whole:
        return [(fields_of(whole.get("request")), fields_of(whole["response"]))]
    if "body" in whole and path.parent.name == "anthropic":
        # The answer alone, as a client of this provider got it.
        return [({"method": "POST", "uri": "https://api.anthropic.com/v1/messages"}, whole)]
    return []


def _of_nock(told: Fields) -> tuple[Fields, Fields]:
    """One exchange as the recorder of JavaScript tests writes it: headers in one list, a stream's bytes in hex."""
    raw, body = told.get("rawHeaders"), told.get("response")
    pairs = cast("list[str]", raw) if isinstance(raw, list) else []
    if told.get("responseIsBinary") and isinstance(body, str):
        body = bytes.fromhex(body)
    request = {"uri": f"{told.get('scope')}{told.get('path')}", "method": told.get("method"), "body": told.get("body")}
    headers = dict(zip(pairs[::2], pairs[1::2], strict=False))
    return request, {"status": told.get("status"), "body": body, "headers": headers}


def _exchange(file: str, place: int, request: Fields, response: Fields) -> Exchange | None:
    url, status = request.get("uri") or request.get("url"), response.get("status", response.get("status_code"))
    status = fields_of(status).get("code", status)
    if not isinstance(url, str) or not isinstance(status, int):
        return None
    headers = _headers(response)
    body = _body(response)
    return Exchange(
        file,
        place,
        str(request.get("method") or "POST").upper(),
        url,
        _asked(request),
        status,
        headers.get("content-type", ""),
        body,
        headers,
    )


def _headers(response: Fields) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in fields_of(response.get("headers")).items():
        values = cast("list[object]", value if isinstance(value, list) else [value])
        found[name.lower()] = str(values[0]) if values else ""
    return found


def _asked(request: Fields) -> Fields:
    told = request.get("parsed_body", request.get("body"))
    told = fields_of(told).get("string", told)
    if isinstance(told, str | bytes):
        try:
            told = json.loads(told)
        except ValueError:  # a form, or nothing
            return {}
    return fields_of(told)


def _body(response: Fields) -> bytes:
    told = response.get("parsed_body", response.get("content", response.get("body")))
    held = fields_of(told)
    if "string" in held:
        told = held["string"]
    elif "base64_string" in held:
        told = base64.b64decode(held["base64_string"])
    if isinstance(told, dict | list):
        return json.dumps(told).encode()
    data = told.encode() if isinstance(told, str) else told if isinstance(told, bytes) else b""
    return _decoded(data)


def _decoded(data: bytes) -> bytes:
    if data.startswith(b"H4sI"):
        try:
            data = base64.b64decode(data)
        except binascii.Error:
            return data
    if data.startswith(b"\x1f\x8b"):
        try:
            return gzip.decompress(data)
        except (OSError, EOFError):
            return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data)
    return data


def fields_of(value: object) -> Fields:
    """`value` where it is an object, else an empty one."""
    return cast("Fields", value) if isinstance(value, dict) else {}
