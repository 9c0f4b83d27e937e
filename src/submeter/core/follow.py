"""Follow: a tap in front of a stream's own generator, that passes every chunk on and sees the end.

The SDK's stream object stays as it is; only the generator it pulls from gets one in front. The tap holds no
lock and no context across a `yield`. A stream ends by exhaustion, by an error, by `close`, or by being dropped;
the last two are told apart by the response's close hook (see `core.body`) and the collector (see `Call.__del__`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from submeter.core.guard import attempt

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator

    from submeter.core.call import Call
    from submeter.core.reported import Reported

    Find = Callable[[], Call | Reported | None]


_USAGE = frozenset({"usage"})


class Unmetered:
    """Stands in for the call of a stream that nobody meters, so that one path serves both."""

    is_reading = False

    def taker(self) -> Callable[[Any], bool]:
        """Nothing to read."""
        return _passed

    def finish(self, _error: BaseException | None = None) -> None:
        """Nothing to finish."""

    def drop(self) -> None:
        """Nothing to drop."""


def _passed(_chunk: object) -> bool:
    return False


def follow(find: Find, chunks: Iterator[Any]) -> Generator[Any, None, None]:
    """Passes `chunks` on unchanged. `find` gives their call at the first pull, `None` for one that is not metered."""
    call = attempt(find) or Unmetered()
    observe = attempt(call.taker, default=_passed)
    try:
        call.is_reading = True
        for chunk in chunks:
            call.is_reading = False
            if not attempt(observe, chunk):
                yield chunk
            call.is_reading = True
    except GeneratorExit:
        attempt(call.drop)
        raise
    except BaseException as error:
        attempt(call.finish, error)
        raise
    else:
        attempt(call.finish)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()


async def follow_async(find: Find, chunks: AsyncIterator[Any]) -> AsyncGenerator[Any, None]:
    """`follow` for an asynchronous stream."""
    call = attempt(find) or Unmetered()
    observe = attempt(call.taker, default=_passed)
    try:
        call.is_reading = True
        async for chunk in chunks:
            call.is_reading = False
            if not attempt(observe, chunk):
                yield chunk
            call.is_reading = True
    except GeneratorExit:
        attempt(call.drop)
        raise
    except BaseException as error:
        attempt(call.finish, error)
        raise
    else:
        attempt(call.finish)
    finally:
        close = getattr(chunks, "aclose", None)
        if close is not None:
            await close()


def hide(chunks: Iterator[Any]) -> Generator[Any, None, None]:
    """Passes `chunks` on as to a caller who did not ask for usage: without those that hold nothing else, or a null."""
    try:
        for chunk in chunks:
            try:
                fields = chunk.__dict__
                is_ours = fields["usage"] is not None and not fields["choices"]
                if fields["usage"] is None:
                    said = chunk.__pydantic_fields_set__
                    # Said in every chunk to who asks. An operator, as a method would be a call in every chunk.
                    said -= _USAGE
            except (AttributeError, KeyError):
                is_ours = False
            if not is_ours:
                yield chunk
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()


async def hide_async(chunks: AsyncIterator[Any]) -> AsyncGenerator[Any, None]:
    """`hide` for an asynchronous stream."""
    try:
        async for chunk in chunks:
            try:
                fields = chunk.__dict__
                is_ours = fields["usage"] is not None and not fields["choices"]
                if fields["usage"] is None:
                    said = chunk.__pydantic_fields_set__
                    # Said in every chunk to who asks. An operator, as a method would be a call in every chunk.
                    said -= _USAGE
            except (AttributeError, KeyError):
                is_ours = False
            if not is_ours:
                yield chunk
    finally:
        close = getattr(chunks, "aclose", None)
        if close is not None:
            await close()
