"""Resends: a call tells how often the SDK sent it again, and the provider's id of the request, answered or not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from instrumentation import releases
from instrumentation.anthropic_dialects import MESSAGES
from instrumentation.host import Host, watched
from instrumentation.openai_dialects import CHAT

if TYPE_CHECKING:
    from instrumentation.dialect import Dialect
    from instrumentation.transport import Reply
    from metering import Metering

pytestmark = pytest.mark.usefixtures("clean_gc")

BOTH = pytest.mark.parametrize("dialect", [CHAT, MESSAGES], ids=lambda dialect: dialect.name)
MODES = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
RESENT, REQUEST_ID = "http.request.resend_count", "submeter.request_id"


def busy(dialect: Dialect, status: int = 429) -> Reply:
    """An error that an SDK tries again after, soon."""
    return dialect.error(status, **{"retry-after-ms": "1"})


def named(reply: Reply) -> Reply:
    """The answer with an id of the request, as each of the two providers names it."""
    reply.headers.update({"x-request-id": "req_openai", "request-id": "req_anthropic"})
    return reply


def told(metering: Metering) -> list[dict[str, Any]]:
    return [dict(span.attributes or {}) for span in metering.ended()]


async def created(host: Host, **more: Any) -> None:
    answer = await host.do(host.calls.create, **host.dialect.request, **more)
    if more:
        await host.drain(answer)


async def streamed(host: Host) -> None:
    await created(host, stream=True)


@BOTH
@MODES
@pytest.mark.parametrize("play", [created, streamed])
def test_a_call_tells_how_often_it_was_sent_again(
    dialect: Dialect, is_async: bool, play: Any, metering: Metering
) -> None:
    whole = dialect.document() if play is created else dialect.stream()
    host = Host(dialect, [busy(dialect), busy(dialect, 500), named(whole)], is_async=is_async, max_retries=2)
    watched(play, host)
    (found,) = told(metering)
    assert found[RESENT] == 2
    assert "error.type" not in found
    if releases.ARE_OLD and play is created and REQUEST_ID not in found:
        pytest.skip("this release's answers have no id of their request (openai 1.26)")
    assert found[REQUEST_ID] == f"req_{dialect.provider}"


@BOTH
@MODES
def test_a_call_that_fails_for_good_tells_it_too(dialect: Dialect, is_async: bool, metering: Metering) -> None:
    watched(created, Host(dialect, [named(busy(dialect, 500))], is_async=is_async, max_retries=1))
    (found,) = told(metering)
    assert (found[RESENT], found["http.response.status_code"]) == (1, 500)
    assert found[REQUEST_ID] == f"req_{dialect.provider}"
    assert found["error.type"] == "InternalServerError"


@BOTH
@MODES
def test_the_next_call_begins_at_zero(dialect: Dialect, is_async: bool, metering: Metering) -> None:
    async def twice(host: Host) -> None:
        await created(host)
        await created(host)

    watched(twice, Host(dialect, [busy(dialect), dialect.document()], is_async=is_async, max_retries=2))
    assert [found.get(RESENT) for found in told(metering)] == [1, None]


@BOTH
def test_a_request_that_is_not_metered_leaves_nothing_behind(dialect: Dialect, metering: Metering) -> None:
    host = Host(dialect, [busy(dialect), dialect.document()], is_async=False, max_retries=2)
    host.client.get("/files", cast_to=object)
    watched(created, host)
    assert [found.get(RESENT) for found in told(metering)] == [None]


@BOTH
def test_calls_at_once_are_told_apart(dialect: Dialect, metering: Metering) -> None:
    again = Host(dialect, [busy(dialect), busy(dialect), dialect.document()], is_async=True, max_retries=2)
    at_once = Host(dialect, [dialect.document()], is_async=True)

    async def both(_host: Host) -> None:
        await asyncio.gather(created(again), created(at_once))

    watched(both, again)
    assert sorted(found.get(RESENT, 0) for found in told(metering)) == [0, 2]
