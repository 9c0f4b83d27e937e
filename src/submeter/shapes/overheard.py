"""Streams whose items say less than what the SDK read: texts, where the answer has counts beside each text.

While the SDK is asked for the next item, its own function that turns an answer into an item tells the call what it
was given. Nothing that the host sees passes through here.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Any, cast

from submeter.core.call import Call
from submeter.core.follow import follow
from submeter.core.guard import attempt

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from submeter.core.reported import Reported
    from submeter.shapes.methods import Opener

_listening: ContextVar[Ear | None] = ContextVar("submeter_listening", default=None)


class Ear:
    """Hears what the SDK is given while its stream is asked for the next item."""

    def __init__(self) -> None:
        self.call: Call | None = None

    def opened(self, call: Call | Reported | None) -> Call | Reported | None:
        """Takes the call, once it is open."""
        self.call = call if isinstance(call, Call) else None
        return call

    def passing(self, items: Iterator[Any]) -> Generator[Any, None, None]:
        """Passes `items` on unchanged, and listens while each of them is made."""
        try:
            while True:
                token = _listening.set(self)
                try:
                    item = next(items)
                except StopIteration:
                    return
                finally:
                    _listening.reset(token)
                yield item
        finally:
            cast("Any", items).close()


def speaking(opener: Opener, original: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps a generator function whose items are overheard."""

    @wraps(original)
    def pulled(self: Any, *args: Any, **kwargs: Any) -> Any:
        items = original(self, *args, **kwargs)
        return attempt(_overheard, opener, (self, args, kwargs), items, default=items)

    return pulled


def _overheard(opener: Opener, asked: tuple[Any, tuple[Any, ...], dict[str, Any]], items: Any) -> Any:
    ear = Ear()
    return follow(lambda: ear.opened(opener.open(*asked)), ear.passing(items))


def telling(_opener: Opener, original: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps the function, perhaps a static one, whose last argument is what the SDK was given."""
    function: Any = original.__func__ if isinstance(original, staticmethod) else original

    @wraps(function)
    def told(*args: Any, **kwargs: Any) -> Any:
        attempt(_hear, (*args, *kwargs.values())[-1:])
        return function(*args, **kwargs)

    return staticmethod(told) if isinstance(original, staticmethod) else told


def _hear(answers: tuple[Any, ...]) -> None:
    ear = _listening.get()
    if ear is not None and ear.call is not None and answers:
        ear.call.read(answers[0])
