"""Scenario: one call of a class that the conventions' conformance runs have, through a provider's real SDK."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anthropic
import openai

from instrumentation.http_library import httpx2

if TYPE_CHECKING:
    from collections.abc import Callable


SCHEMA: dict[str, Any] = {"name": "city", "schema": {"type": "object", "properties": {"name": {"type": "string"}}}}
"""What a structured output is asked to be."""

PIXEL = "iVBORw0KGgo="
"""The beginning of a picture."""


@dataclass(frozen=True)
class Scenario:
    """One call: its class, the library that makes it, how, and what is answered."""

    name: str
    library: str
    play: Callable[[Any], object]
    answer: dict[str, Any] | list[bytes]
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def run(self) -> None:
        """Makes the call over a transport that answers it; an error of the provider's is the scenario's own."""
        transport = httpx2.MockTransport(self._answered)
        kind: Any = openai.OpenAI if self.library == "openai" else anthropic.Anthropic
        client = kind(api_key="k", max_retries=0, http_client=httpx2.Client(transport=transport))
        try:
            self.play(client)
        except (openai.APIStatusError, anthropic.APIStatusError):
            if self.status < 400:
                raise

    def _answered(self, request: httpx2.Request) -> httpx2.Response:
        if isinstance(self.answer, list):
            body = b"".join(self.answer)
            headers = {"content-type": "text/event-stream"}
        else:
            body, headers = json.dumps(self.answer).encode(), {"content-type": "application/json"}
        return httpx2.Response(self.status, headers=headers, stream=httpx2.ByteStream(body), request=request)


def sse(data: Any) -> bytes:
    """One server-sent event."""
    event = f"event: {data['type']}\n" if "type" in data else ""
    return f"{event}data: {json.dumps(data)}\n\n".encode()


def drained(stream: Any) -> None:
    """Reads a stream to its end."""
    for _ in stream:
        pass


def left_early(stream: Any) -> None:
    """Reads one chunk of a stream and closes it."""
    next(iter(stream))
    stream.close()
