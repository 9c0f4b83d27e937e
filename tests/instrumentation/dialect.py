"""Dialect: one resource of an SDK, the bytes its provider answers with, and the counts that are true of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from instrumentation.transport import Reply, document

if TYPE_CHECKING:
    from collections.abc import Callable


ALL = frozenset({"stream", "parse", "helper", "document"})


class City(BaseModel):
    """What `parse` is asked for."""

    name: str


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """One resource, and what can be asked of it.

    Args:
        name: for test ids.
        path: from the client to the resource.
        make: makes a client.
        request: the arguments of a plain call.
        method: the one that makes a plain call.
        streaming: the further arguments that ask for a stream; none where the method always gives one.
        can: what else is true of it: `stream`, `parse`, `helper` for `stream` as a method of its own, `document` where
            the SDK reads the answer instead of handing on its bytes.
        kind: value of `gen_ai.operation.name`.
        given: further arguments that may be generators, with what these give.
        wanted: the further arguments of `parse`.
        final: the method of the stream helper that gives the whole answer.
        answer: the body of a whole answer, with this for its usage, if any.
        pieces: a whole stream, one event a piece.
        pieces_type: the media type of a stream.
        before: what is answered to the requests that the SDK makes before the one itself.
        is_entered: whether its stream can be the subject of a `with`.
        error_event: the event of a stream that breaks off.
        truth: the usage attributes of a whole answer.
        started: those that a stream has given by its second event.
        provider: value of `gen_ai.provider.name`.
        reasons: the finish reasons of a whole answer.
        overload: the body of an error answer.
    """

    name: str
    path: str
    make: Callable[..., Any]
    request: dict[str, Any]
    wanted: dict[str, Any] = field(default_factory=dict[str, Any])
    final: str = ""
    method: str = "create"
    streaming: dict[str, Any] = field(default_factory=lambda: {"stream": True})
    can: frozenset[str] = ALL
    kind: str = "chat"
    given: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])
    answer: dict[str, Any]
    pieces: list[bytes] = field(default_factory=list[bytes])
    pieces_type: str = "text/event-stream"
    before: tuple[Reply, ...] = ()
    is_entered: bool = True
    error_event: bytes = b""
    truth: dict[str, int]
    started: dict[str, int] = field(default_factory=dict[str, int])
    provider: str
    reasons: tuple[str, ...]
    overload: dict[str, Any]

    def client(self, *, is_async: bool, **options: Any) -> Any:
        """A client that retries nothing unless told to."""
        return self.make(is_async=is_async, **{"max_retries": 0, **options})

    def calls(self, client: Any) -> Any:
        """The resource of a client."""
        return attrgetter(self.path)(client)

    def fits(self, needs: frozenset[str]) -> bool:
        """Whether it can all of this."""
        if not self.streaming and "stream" not in needs:
            return False
        further = {"generators": bool(self.given), "within": self.is_entered}
        return needs <= self.can | {need for need, is_there in further.items() if is_there}

    def generated(self) -> dict[str, Any]:
        """The arguments of a plain call, with generators where the SDK takes any iterable."""
        return {**self.request, **{name: (item for item in items) for name, items in self.given.items()}}

    def document(self, **changes: Any) -> Reply:
        """A whole answer, with some of its fields changed."""
        return document({**self.answer, **changes})

    def streamed(self, pieces: list[Any]) -> Reply:
        """A stream of these pieces."""
        return Reply(list(pieces), headers={"content-type": self.pieces_type})

    def stream(self) -> Reply:
        """A whole stream."""
        return self.streamed(self.pieces)

    def broken(self, end: Any) -> Reply:
        """A stream that has `end` in place of its third event and what follows."""
        return self.streamed([*self.pieces[:2], end])

    def error(self, status: int, **headers: str) -> Reply:
        """An error answer."""
        return document(self.overload, status, **headers)


def sse(data: object, event: str = "") -> bytes:
    """One server-sent event."""
    text = data if isinstance(data, str) else json.dumps(data)
    return (f"event: {event}\n" if event else "").encode() + f"data: {text}\n\n".encode()
