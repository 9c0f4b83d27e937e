"""Shapes of calls that end with their answer: plain, parsed, raw, read by hand, retried, refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from instrumentation.case import answer, case, streamed
from instrumentation.expectation import Expected
from instrumentation.http_library import httpx2
from instrumentation.transport import Hang, Reply, document

if TYPE_CHECKING:
    from collections.abc import Callable

    from instrumentation.dialect import Dialect
    from instrumentation.host import Host

FAILED = Expected(usage="none", is_error=True)
UNREAD = Expected(usage="none", is_early=True)


@case(answer)
async def plain(host: Host) -> None:
    host.see(await host.create(**host.dialect.request))


@case(answer)
async def arguments_are_left_as_they_were(host: Host) -> None:
    request: dict[str, Any] = {**host.dialect.request, "extra_body": {"further": [1]}, "extra_headers": {"x": "y"}}
    host.see(await host.create(**request))
    host.see(request)


@case(answer, needs=("parse",))
async def parsed(host: Host) -> None:
    host.see(await host.do(host.calls.parse, **host.dialect.request, **host.dialect.wanted))


@case(answer)
async def raw(host: Host) -> None:
    response = await host.raw(**host.dialect.request)
    host.see(response, response.status_code, response.headers)
    first, second = await host.do(response.parse), await host.do(response.parse)
    host.see(first, first is second)


@case(answer)
async def raw_never_parsed(host: Host) -> None:
    host.see(await host.raw(**host.dialect.request))


@case(answer)
async def streaming_response_parsed(host: Host) -> None:
    manager = host.streaming_response(**host.dialect.request)
    response = await host.enter(manager)
    host.see(response, response.headers)
    host.see(await host.do(response.parse))
    await host.leave(manager)


@case(answer)
async def streaming_response_read(host: Host) -> None:
    manager = host.streaming_response(**host.dialect.request)
    response = await host.enter(manager)
    host.see(await host.do(response.read))
    host.see(await host.do(response.read))
    await host.leave(manager)


@case(answer)
async def streaming_response_json(host: Host) -> None:
    manager = host.streaming_response(**host.dialect.request)
    response = await host.enter(manager)
    host.see(await host.do(response.json))
    await host.leave(manager)


@case(answer)
async def streaming_response_by_bytes(host: Host) -> None:
    manager = host.streaming_response(**host.dialect.request)
    response = await host.enter(manager)
    await host.drain(response.iter_bytes())
    await host.leave(manager)


@case(answer)
async def streaming_response_by_lines(host: Host) -> None:
    manager = host.streaming_response(**host.dialect.request)
    response = await host.enter(manager)
    await host.drain(response.iter_lines())
    await host.leave(manager)


@case(answer, UNREAD)
async def streaming_response_closed_unread(host: Host) -> None:
    manager = host.streaming_response(**host.dialect.request)
    await host.enter(manager)
    host.see("entered")
    await host.leave(manager)
    host.see("left")


@case(answer, UNREAD)
async def streaming_response_read_in_part(host: Host) -> None:
    manager = host.streaming_response(**host.dialect.request)
    response = await host.enter(manager)
    pieces = response.iter_bytes()
    await host.pull(pieces)
    await host.do(pieces.aclose if host.is_async else pieces.close)
    host.see("pieces closed")
    await host.leave(manager)


async def passed_on(host: Host, **request: Any) -> None:
    """A body whose bytes the application takes as they come."""
    manager = host.streaming_response(**host.dialect.request, **request)
    response = await host.enter(manager)
    raw = response.http_response
    await host.drain(raw.aiter_raw() if host.is_async else raw.iter_raw())
    await host.leave(manager)


async def passed_on_in_part(host: Host, count: int = 2) -> None:
    """The first pieces of a stream's bytes are taken as they come, and the rest is not."""
    manager = host.streaming_response(**host.dialect.request, stream=True)
    raw = (await host.enter(manager)).http_response
    pieces = raw.aiter_raw() if host.is_async else raw.iter_raw()
    for _ in range(count):
        await host.pull(pieces)
    await host.leave(manager)


@case(answer, UNREAD)
async def streaming_response_left_by_an_exception(host: Host) -> None:
    manager = host.streaming_response(**host.dialect.request)
    response = await host.enter(manager)
    error = RuntimeError("the application's own")
    pieces = response.iter_bytes()
    await host.pull(pieces)
    await host.leave(manager, error)
    raise error


def _refused(status: int) -> Callable[[Dialect], list[Reply]]:
    return lambda dialect: [dialect.error(status, **{"request-id": "req_7", "x-request-id": "req_7"})]


@case(_refused(400), FAILED)
async def refused_as_bad(host: Host) -> None:
    await host.create(**host.dialect.request)


@case(_refused(401), FAILED)
async def refused_as_unknown(host: Host) -> None:
    await host.create(**host.dialect.request)


@case(_refused(429), FAILED)
async def refused_as_too_much(host: Host) -> None:
    await host.create(**host.dialect.request)


@streamed(_refused(500), FAILED)
async def refused_stream(host: Host) -> None:
    await host.create(**host.dialect.request, **host.dialect.streaming)


@case(_refused(429), FAILED)
async def refused_streaming_response(host: Host) -> None:
    await host.enter(host.streaming_response(**host.dialect.request))


@case(_refused(400), FAILED)
async def refused_raw(host: Host) -> None:
    await host.raw(**host.dialect.request)


@case(lambda dialect: [dialect.error(429, **{"retry-after-ms": "1"}), dialect.document()], max_retries=2)
async def retried(host: Host) -> None:
    host.see(await host.create(**host.dialect.request))


@case(lambda _dialect: [Reply(refusal=httpx2.ReadTimeout("too slow"))], FAILED)
async def timed_out(host: Host) -> None:
    await host.create(**host.dialect.request)


@case(lambda _dialect: [Reply(refusal=httpx2.ConnectError("nobody there"))], FAILED)
async def unreachable(host: Host) -> None:
    await host.create(**host.dialect.request)


@case(lambda _dialect: [Reply(refusal=KeyboardInterrupt())], FAILED, modes=("sync",))
async def interrupted(host: Host) -> None:
    await host.create(**host.dialect.request)


@case(lambda _dialect: [Reply(refusal=Hang)], FAILED, modes=("async",))
async def cancelled_before_the_answer(host: Host) -> None:
    import asyncio

    task = asyncio.create_task(host.create(**host.dialect.request))
    await host.turn()
    task.cancel("enough")
    await task


@case(lambda dialect: [Reply([dialect.document().pieces[0], httpx2.ReadError("cut")])], FAILED)
async def dropped_in_the_body(host: Host) -> None:
    await host.create(**host.dialect.request)


@case(lambda _dialect: [document(b'{"id": "x", "usage": {')], FAILED, needs=("document",))
async def broken_document(host: Host) -> None:
    host.see(await host.create(**host.dialect.request))


@case(lambda _dialect: [document(b'{"id": "x", "usage": {')], Expected(usage="none", reasons=()))
async def broken_document_raw(host: Host) -> None:
    response = await host.raw(**host.dialect.request)
    host.see(response.headers)


@case(lambda _dialect: [document(b'{"id": "x", "usage": {')], Expected(usage="none", reasons=()))
async def broken_document_read_by_hand(host: Host) -> None:
    manager = host.streaming_response(**host.dialect.request)
    response = await host.enter(manager)
    host.see(await host.do(response.read))
    await host.leave(manager)


@case(lambda dialect: [dialect.document(padding="x" * 9_000_000)])
async def huge_answer(host: Host) -> None:
    found = await host.create(**host.dialect.request)
    host.see(len(found.padding))


@case(lambda dialect: [dialect.document(padding="x" * 9_000_000)], Expected(usage="none", reasons=()))
async def huge_answer_read_by_hand(host: Host) -> None:
    manager = host.streaming_response(**host.dialect.request)
    response = await host.enter(manager)
    size = len(await host.do(response.read))
    host.see(size)
    await host.leave(manager)


@case(answer, needs=("generators",))
async def messages_and_tools_from_generators(host: Host) -> None:
    host.see(await host.create(**host.dialect.generated()))


@case(answer, needs=("generators",))
async def generators_with_raw_response(host: Host) -> None:
    response = await host.raw(**host.dialect.generated())
    host.see(await host.do(response.parse))


@case(answer)
async def called_elsewhere(host: Host) -> None:
    async def call() -> None:
        host.see(await host.create(**host.dialect.request))

    await host.elsewhere(call)
    host.see("done")


@case(lambda dialect: [dialect.document(usage=None)], Expected(usage="none"))
async def answer_without_usage(host: Host) -> None:
    host.see(await host.create(**host.dialect.request))


@case(lambda dialect: [dialect.document(usage={})], Expected(usage="none"))
async def answer_with_empty_usage(host: Host) -> None:
    host.see(await host.create(**host.dialect.request))


@case(lambda dialect: [dialect.document(usage="many")], Expected(usage="none"))
async def answer_with_usage_that_is_no_object(host: Host) -> None:
    host.see(await host.create(**host.dialect.request))


@case(answer)
async def streaming_response_where_the_body_was_read_ahead(host: Host) -> None:
    host.read_ahead()
    manager = host.streaming_response(**host.dialect.request)
    response = await host.enter(manager)
    host.see(await host.do(response.read))
    await host.leave(manager)
