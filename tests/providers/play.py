"""Play: one way in which an SDK calls a model, what its provider answers, and the counts that are true of that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from providers.wire import Reply


@dataclass(frozen=True, kw_only=True)
class Play:
    """One endpoint of one SDK.

    Args:
        name: for test ids.
        make: makes a client of the given URL, asynchronous or not, that retries nothing.
        whole: makes a call with a whole answer, `None` where there is none.
        stream: opens a stream, `None` where there is none.
        answer: the whole answer.
        pieces: the stream, one event a piece.
        content_type: the stream's.
        truth: the usage attributes of the whole answer and of the whole stream.
        stream_truth: those of the stream, where they differ.
        started: those that the stream has given by its second chunk.
        provider: value of `gen_ai.provider.name`.
        kind: value of `gen_ai.operation.name`.
        model: the requested model.
        facts: further attributes of a whole answer's span.
        asked: attributes of every call's span, from its request.
        reasons: the finish reasons.
        refusal: an error answer.
        is_lazy: whether a stream makes its request at the first pull.
        is_silent: whether a connection that is cut looks like the end of the stream.
        modes: the ways of calling that the SDK has.
        end: closes a client.
        shown: what two runs must agree on of a value, where it holds more than that.
    """

    name: str
    make: Callable[[str, bool], Any]
    whole: Callable[[Any], Any] | None = None
    stream: Callable[[Any], Any] | None = None
    answer: Reply | None = None
    pieces: list[bytes] = field(default_factory=list[bytes])
    content_type: str = "text/event-stream"
    truth: dict[str, int]
    stream_truth: dict[str, int] | None = None
    started: dict[str, int] = field(default_factory=dict[str, int])
    provider: str
    kind: str = "chat"
    model: str
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    asked: dict[str, Any] = field(default_factory=dict[str, Any])
    reasons: tuple[str, ...] = ()
    refusal: Reply
    is_lazy: bool = False
    is_silent: bool = False
    modes: tuple[str, ...] = ("sync", "async")
    end: Callable[[Any], Any] = lambda client: client.close()
    shown: Callable[[Any], Any] = lambda value: value
