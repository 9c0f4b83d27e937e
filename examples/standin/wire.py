"""What goes in and out of an endpoint of the stand-in: a request, a reply, a stream's events, a refusal."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .faults import Fault
    from .memory import Memory

Json = dict[str, Any]


def new_id(prefix: str) -> str:
    """An id that no other answer has, in the provider's form: the prefix and 24 hex digits."""
    return prefix + secrets.token_hex(12)


def inner(document: Json, key: str) -> Json:
    """The object under `key`; empty when it is missing or null."""
    found: Json | None = document.get(key)
    return found or {}


def objects(document: Json, key: str) -> list[Json]:
    """The list of objects under `key`; empty when it is missing or null."""
    found: list[Json] | None = document.get(key)
    return found or []


def compact(document: object) -> str:
    """`document` as JSON without blanks, non-ASCII kept."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True)
class Request:
    """One request as an endpoint sees it: the path from `/v1` on, the parsed body, what the caller scripted."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Json
    fault: Fault
    memory: Memory
    query: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def is_stream(self) -> bool:
        """Whether the body or the address asks for server-sent events."""
        return self.body.get("stream") is True or self.query.get("stream") == "true"


@dataclass(frozen=True)
class Event:
    """One server-sent event. `usage` is the usage object in it, `None` when it carries none."""

    data: Json | str
    name: str = ""
    usage: Json | None = None

    def encoded(self) -> bytes:
        """The event's bytes, blank line included."""
        data = self.data if isinstance(self.data, str) else compact(self.data)
        head = f"event: {self.name}\n" if self.name else ""
        return f"{head}data: {data}\n\n".encode()


@dataclass(frozen=True)
class Reply:
    """An answer: a JSON document, or events when the caller asked for a stream.

    `billed` is the usage the provider counted, whether or not it was put into the answer; `usage` is the
    object in `document`. `model` is the model that answered, `kind` the endpoint's short name.
    """

    kind: str
    document: Json = field(default_factory=dict[str, Any])
    events: tuple[Event, ...] | None = None
    model: str = ""
    response_id: str = ""
    usage: Json | None = None
    billed: Json | None = None
    status: int = 200


class RefusalError(Exception):
    """The request is refused: HTTP status, the provider's error type, and what its error object says."""

    def __init__(
        self, status: int, message: str, *, kind: str = "", code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.code = code
        self.param = param
