"""Shapes of streams: drained, helped, raw, cut off, closed, dropped, cancelled, consumed elsewhere."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

from instrumentation.case import stream, streamed
from instrumentation.expectation import Expected
from instrumentation.http_library import httpx2
from instrumentation.transport import Hang
from submeter.core import leaving

if TYPE_CHECKING:
    from instrumentation.dialect import Dialect
    from instrumentation.host import Host
    from instrumentation.transport import Reply

LEFT = Expected(usage="started", is_early=True)
CUT = Expected(usage="started", is_silent=True)
FAILED = Expected(usage="started", is_early=True, is_error=True)
NEVER_READ = Expected(usage="none", is_early=True)


async def opened(host: Host) -> Any:
    """A stream that was asked for and not yet read."""
    return await host.create(**host.dialect.request, **host.dialect.streaming)


@streamed(stream)
async def drained(host: Host) -> None:
    chunks = await opened(host)
    host.see(chunks, host.response_of(chunks).headers)
    await host.drain(chunks)
    host.see(host.response_of(chunks).is_closed)


@streamed(stream)
async def pulled_one_by_one(host: Host) -> None:
    chunks = await opened(host)
    while True:
        await host.pull(chunks)


@streamed(stream, needs=("stream", "within"))
async def drained_within_with(host: Host) -> None:
    chunks = await opened(host)
    host.see(await host.enter(chunks) is chunks)
    await host.drain(chunks)
    await host.leave(chunks)


@streamed(stream)
async def drained_and_closed_twice(host: Host) -> None:
    chunks = await opened(host)
    await host.drain(chunks)
    await host.do(chunks.close)
    await host.do(chunks.close)
    await host.drain(chunks)


@streamed(lambda dialect: [dialect.streamed([bytes([byte]) for byte in dialect.stream().whole])])
async def drained_byte_by_byte(host: Host) -> None:
    await host.drain(await opened(host))


@streamed(lambda dialect: [dialect.streamed([dialect.stream().whole.replace(b"\n", b"\r\n")])])
async def drained_in_one_piece_with_other_line_ends(host: Host) -> None:
    await host.drain(await opened(host))


@streamed(stream, needs=("stream", "helper"))
async def helped(host: Host) -> None:
    manager = host.calls.stream(**host.dialect.request)
    found = await host.enter(manager)
    await host.drain(found)
    host.see(await host.do(getattr(found, host.dialect.final)))
    await host.leave(manager)


@streamed(stream, needs=("stream", "helper"))
async def helped_to_the_final_answer(host: Host) -> None:
    manager = host.calls.stream(**host.dialect.request)
    found = await host.enter(manager)
    host.see(await host.do(getattr(found, host.dialect.final)))
    await host.leave(manager)


@streamed(stream, LEFT, needs=("stream", "helper"))
async def helped_and_left(host: Host) -> None:
    manager = host.calls.stream(**host.dialect.request)
    found = await host.enter(manager)
    await host.pull(found)
    await host.pull(found)
    await host.leave(manager)
    host.see("left")


@streamed(stream)
async def raw_stream(host: Host) -> None:
    response = await host.raw(**host.dialect.request, **host.dialect.streaming)
    host.see(response.headers)
    await host.drain(await host.do(response.parse))


@streamed(stream, NEVER_READ)
async def raw_stream_never_parsed(host: Host) -> None:
    response = await host.raw(**host.dialect.request, **host.dialect.streaming)
    host.see(response.headers)
    del response
    await host.turn()


@streamed(stream)
async def streaming_response_stream_parsed(host: Host) -> None:
    manager = host.streaming_response(**host.dialect.request, **host.dialect.streaming)
    response = await host.enter(manager)
    await host.drain(await host.do(response.parse))
    await host.leave(manager)


@streamed(stream)
async def streaming_response_stream_by_lines(host: Host) -> None:
    manager = host.streaming_response(**host.dialect.request, **host.dialect.streaming)
    response = await host.enter(manager)
    await host.drain(response.iter_lines())
    await host.leave(manager)


@streamed(stream)
async def streaming_response_stream_by_few_bytes(host: Host) -> None:
    manager = host.streaming_response(**host.dialect.request, **host.dialect.streaming)
    response = await host.enter(manager)
    await host.drain(response.iter_bytes(11))
    await host.leave(manager)


@streamed(lambda dialect: [dialect.broken(dialect.error_event)], FAILED)
async def error_event(host: Host) -> None:
    await host.drain(await opened(host))


@streamed(lambda dialect: [dialect.broken(httpx2.RemoteProtocolError("peer left"))], FAILED)
async def dropped_connection(host: Host) -> None:
    await host.drain(await opened(host))


@streamed(lambda dialect: [dialect.broken(httpx2.ReadTimeout("too slow"))], FAILED)
async def timed_out_in_the_stream(host: Host) -> None:
    await host.drain(await opened(host))


@streamed(lambda dialect: [dialect.broken(httpx2.RemoteProtocolError("peer left"))], FAILED, needs=("stream", "within"))
async def dropped_connection_within_with(host: Host) -> None:
    chunks = await opened(host)
    await host.enter(chunks)
    try:
        await host.drain(chunks)
    except BaseException as error:
        await host.leave(chunks, error)
        raise


@streamed(lambda dialect: [dialect.broken(httpx2.RemoteProtocolError("peer left"))], FAILED)
async def dropped_connection_read_by_hand(host: Host) -> None:
    manager = host.streaming_response(**host.dialect.request, **host.dialect.streaming)
    response = await host.enter(manager)
    await host.drain(response.iter_lines())


@streamed(lambda dialect: [dialect.broken(b'event: message_delta\ndata: {"usage": {\n\n')], FAILED)
async def broken_event(host: Host) -> None:
    await host.drain(await opened(host))


@streamed(lambda dialect: [dialect.streamed([*dialect.pieces[:2], b'data: {"usage": {\n\n', *dialect.pieces[2:]])])
async def broken_event_read_by_hand(host: Host) -> None:
    manager = host.streaming_response(**host.dialect.request, **host.dialect.streaming)
    response = await host.enter(manager)
    await host.drain(response.iter_lines())
    await host.leave(manager)


@streamed(lambda dialect: [dialect.streamed(dialect.pieces[:2])], CUT)
async def ended_without_a_last_word(host: Host) -> None:
    await host.drain(await opened(host))


@streamed(lambda dialect: [dialect.streamed(dialect.pieces[:2])], CUT, needs=("stream", "within"))
async def ended_without_a_last_word_within_with(host: Host) -> None:
    chunks = await opened(host)
    await host.enter(chunks)
    await host.drain(chunks)
    await host.leave(chunks)


@streamed(lambda dialect: [dialect.streamed(dialect.pieces[:2])], CUT)
async def raw_stream_ended_without_a_last_word(host: Host) -> None:
    response = await host.raw(**host.dialect.request, **host.dialect.streaming)
    await host.drain(await host.do(response.parse))


@streamed(lambda dialect: [dialect.streamed(dialect.pieces[:2])], CUT)
async def streaming_response_ended_without_a_last_word(host: Host) -> None:
    manager = host.streaming_response(**host.dialect.request, **host.dialect.streaming)
    response = await host.enter(manager)
    await host.drain(response.iter_lines())
    await host.leave(manager)


@streamed(stream, LEFT)
async def closed_early(host: Host) -> None:
    chunks = await opened(host)
    await host.pull(chunks)
    await host.pull(chunks)
    await host.do(chunks.close)
    host.see("closed", host.response_of(chunks).is_closed)


@streamed(stream, LEFT, needs=("stream", "within"))
async def left_within_with(host: Host) -> None:
    chunks = await opened(host)
    await host.enter(chunks)
    await host.pull(chunks)
    await host.pull(chunks)
    await host.leave(chunks)
    host.see("left")


@streamed(stream, LEFT)
async def left_by_break_then_closed(host: Host) -> None:
    chunks = await opened(host)
    taken = 0
    if host.is_async:
        async for chunk in chunks:
            host.see(chunk)
            taken += 1
            if taken == 2:
                break
    else:
        for chunk in chunks:
            host.see(chunk)
            taken += 1
            if taken == 2:
                break
    host.see("broke off")
    await host.do(chunks.close)
    host.see("closed")


@streamed(stream, LEFT, needs=("stream", "within"))
async def left_by_an_exception_within_with(host: Host) -> None:
    chunks = await opened(host)
    await host.enter(chunks)
    await host.pull(chunks)
    await host.pull(chunks)
    error = RuntimeError("the application's own")
    await host.leave(chunks, error)
    raise error


@streamed(stream, LEFT)
async def abandoned(host: Host) -> None:
    chunks = await opened(host)
    await host.pull(chunks)
    await host.pull(chunks)
    del chunks
    host.see("dropped")
    await host.turn()
    host.see("later")


@streamed(stream, LEFT)
async def abandoned_in_a_cycle(host: Host) -> None:
    chunks = await opened(host)
    await host.pull(chunks)
    await host.pull(chunks)
    knot: list[object] = [chunks]
    knot.append(knot)
    del chunks, knot
    host.see("dropped")
    gc.collect()
    await host.turn()
    host.see("later")


@streamed(stream, NEVER_READ)
async def never_read(host: Host) -> None:
    chunks = await opened(host)
    host.see(chunks)
    del chunks
    await host.turn()
    gc.collect()
    host.see("later")


@streamed(stream, NEVER_READ)
async def closed_unread(host: Host) -> None:
    chunks = await opened(host)
    await host.do(chunks.close)
    host.see("closed")


@streamed(lambda dialect: [dialect.broken(Hang)], FAILED, modes=("async",))
async def cancelled_between_chunks(host: Host) -> None:
    import asyncio

    task = asyncio.create_task(host.drain(await opened(host)))
    await host.turn()
    task.cancel("enough")
    await task


@streamed(lambda dialect: [dialect.broken(KeyboardInterrupt())], FAILED, modes=("sync",))
async def interrupted_between_chunks(host: Host) -> None:
    await host.drain(await opened(host))


@streamed(stream)
async def consumed_elsewhere(host: Host) -> None:
    chunks = await opened(host)

    async def rest() -> None:
        await host.drain(chunks)

    await host.elsewhere(rest)
    host.see("done")


@streamed(stream)
async def opened_elsewhere(host: Host) -> None:
    async def first() -> None:
        host.kept.append(await opened(host))

    await host.elsewhere(first)
    await host.drain(host.kept.pop())


def _stream_and_answers(dialect: Dialect) -> list[Reply]:
    return [dialect.stream(), dialect.document(), dialect.document()]


@streamed(_stream_and_answers, Expected(calls=3))
async def other_calls_between_chunks(host: Host) -> None:
    chunks = await opened(host)
    await host.pull(chunks)
    host.see(await host.create(**host.dialect.request))
    await host.pull(chunks)
    host.see(await host.create(**host.dialect.request))
    await host.drain(chunks)


@streamed(stream, needs=("stream", "generators"))
async def messages_and_tools_from_generators_streamed(host: Host) -> None:
    await host.drain(await host.create(**host.dialect.generated(), **host.dialect.streaming))


@streamed(stream, LEFT)
async def abandoned_but_referenced(host: Host) -> None:
    chunks = await opened(host)
    await host.pull(chunks)
    await host.pull(chunks)
    host.kept.append(chunks)
    leaving.end()
    host.see("the process ends here")
    await host.drain(chunks)


@streamed(stream)
async def drained_where_the_body_was_read_ahead(host: Host) -> None:
    host.read_ahead()
    await host.drain(await opened(host))


@streamed(stream)
async def raw_stream_where_the_body_was_read_ahead(host: Host) -> None:
    host.read_ahead()
    response = await host.raw(**host.dialect.request, **host.dialect.streaming)
    await host.drain(await host.do(response.parse))


@streamed(stream)
async def streaming_response_by_lines_where_the_body_was_read_ahead(host: Host) -> None:
    host.read_ahead()
    manager = host.streaming_response(**host.dialect.request, **host.dialect.streaming)
    response = await host.enter(manager)
    await host.drain(response.iter_lines())
    await host.leave(manager)


@streamed(stream, LEFT)
async def closed_early_where_the_body_was_read_ahead(host: Host) -> None:
    host.read_ahead()
    chunks = await opened(host)
    await host.pull(chunks)
    await host.pull(chunks)
    await host.do(chunks.close)


@streamed(stream, NEVER_READ)
async def never_read_where_the_body_was_read_ahead(host: Host) -> None:
    host.read_ahead()
    chunks = await opened(host)
    host.see(chunks)
    del chunks
    await host.turn()
