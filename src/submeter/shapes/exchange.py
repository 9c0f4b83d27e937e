"""Exchange: the HTTP response behind an answer that an SDK's `request` gives back parsed, and so without it.

The SDK's `_process_response` is the last to see it. It leaves a note for `request`, which returns on the same thread
right after it. The note names the answer that it is of, so that one which another task left in between is known for
what it is. Nothing here can fail, and nothing is called, so it costs a call no more than the wrapper.
"""

from __future__ import annotations

import threading
from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Note(threading.local):
    """The last answer of this thread and its response, until `request` takes them; a stream has its response itself."""

    answer: Any = None
    response: Any = None


note = Note()


def noted(original: Callable[..., Any]) -> Callable[..., Any]:
    """`_process_response` with a note of the exchange."""

    @wraps(original)
    def process(self: Any, *args: Any, **kwargs: Any) -> Any:
        answer = original(self, *args, **kwargs)
        if "response" in kwargs and "stream" in kwargs and not kwargs["stream"]:
            note.answer, note.response = answer, kwargs["response"]
        return answer

    return process


def noted_async(original: Callable[..., Any]) -> Callable[..., Any]:
    """`noted` for an asynchronous client."""

    @wraps(original)
    async def process(self: Any, *args: Any, **kwargs: Any) -> Any:
        answer = await original(self, *args, **kwargs)
        if "response" in kwargs and "stream" in kwargs and not kwargs["stream"]:
            note.answer, note.response = answer, kwargs["response"]
        return answer

    return process
