"""Matrix: every way a call can go, for every play, synchronous and asynchronous."""

from __future__ import annotations

import asyncio
import gc
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from metering import metered, usage_of
from providers.stage import Stage, settled
from providers.wire import BREAK, HANG, Reply, Wire, events

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from _pytest.mark import ParameterSet

    from metering import Metering
    from providers.play import Play


@dataclass(frozen=True, kw_only=True)
class Case:
    """One way a call can go, and what must be metered of it.

    Args:
        run: what the application does.
        replies: what it is answered.
        is_stream: whether it is about streams.
        usage: `truth`, `started` for a stream that ends after its second chunk, or `none`.
        is_early: whether the call ends before its answer.
        is_error: whether an exception ends it.
        modes: where it makes sense.
        is_made: whether a request is made even by an SDK that makes it at the first pull.
    """

    run: Callable[[Stage], Coroutine[Any, Any, None]]
    replies: Callable[[Play], Reply]
    is_stream: bool = True
    usage: str = "truth"
    is_early: bool = False
    is_error: bool = False
    modes: tuple[str, ...] = ("sync", "async")
    is_made: bool = True


async def whole(stage: Stage) -> None:
    """A whole answer."""
    assert stage.play.whole is not None
    stage.see(await settled(stage.play.whole(stage.client)))


async def drained(stage: Stage) -> None:
    """A stream to its end."""
    await stage.drain(await stage.opened())


async def closed(stage: Stage) -> None:
    """A stream that the application closes."""
    stream = await stage.opened()
    await stage.pull(stage.items(stream), 2)
    await stage.close(stream)
    stage.see("closed")


async def dropped(stage: Stage) -> None:
    """A stream that the application forgets."""
    stream = await stage.opened()
    await stage.pull(stage.items(stream), 2)
    del stream
    gc.collect()
    await _turn(stage)


async def unread(stage: Stage) -> None:
    """A stream that the application never reads."""
    stream = await stage.opened()
    stage.see(type(stream).__name__)
    del stream
    gc.collect()
    await _turn(stage)


async def cancelled(stage: Stage) -> None:
    """A call that is cancelled while it waits for its answer."""
    assert stage.play.whole is not None
    task = asyncio.ensure_future(settled(stage.play.whole(stage.client)))
    await asyncio.to_thread(stage.wire.met.wait, 30)
    await _cancelled(stage, task)


async def cancelled_midway(stage: Stage) -> None:
    """A stream that is cancelled while it waits for its third chunk."""
    items = stage.items(await stage.opened())
    await stage.pull(items, 2)
    await _cancelled(stage, asyncio.ensure_future(stage.pull(items, 1)))


async def _cancelled(stage: Stage, task: asyncio.Future[Any]) -> None:
    await _turn(stage)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    stage.see("cancelled")


async def _turn(stage: Stage) -> None:
    if stage.is_async:
        for _ in range(10):
            await asyncio.sleep(0)


def _answer(play: Play) -> Reply:
    assert play.answer is not None
    return play.answer


def _refusal(play: Play) -> Reply:
    return play.refusal


def _stream(play: Play) -> Reply:
    return events(play.pieces, play.content_type)


def _cut(end: Any) -> Callable[[Play], Reply]:
    return lambda play: events([*play.pieces[:2], end], play.content_type)


CASES = {
    "whole": Case(run=whole, replies=_answer, is_stream=False),
    "whole-refused": Case(run=whole, replies=_refusal, is_stream=False, usage="none", is_error=True),
    "whole-lost": Case(run=whole, replies=lambda _: Reply(body=[BREAK]), is_stream=False, usage="none", is_error=True),
    "whole-cancelled": Case(
        run=cancelled,
        replies=lambda _: Reply(body=[HANG]),
        is_stream=False,
        usage="none",
        is_error=True,
        modes=("async",),
    ),
    "stream": Case(run=drained, replies=_stream),
    "stream-refused": Case(run=drained, replies=_refusal, usage="none", is_error=True),
    "stream-broken": Case(run=drained, replies=_cut(BREAK), usage="started", is_error=True, is_early=True),
    "stream-closed": Case(run=closed, replies=_stream, usage="started", is_early=True),
    "stream-dropped": Case(run=dropped, replies=_stream, usage="started", is_early=True),
    "stream-unread": Case(run=unread, replies=_stream, usage="none", is_early=True, is_made=False),
    "stream-cancelled": Case(
        run=cancelled_midway,
        replies=_cut(HANG),
        usage="started",
        is_error=True,
        is_early=True,
        modes=("async",),
    ),
}


def rows(*plays: Play) -> list[ParameterSet]:
    """The parameters of a test of the matrix: play, mode and case."""
    return [
        pytest.param(play, mode, case, id=f"{play.name}-{mode}-{name}")
        for play in plays
        for name, case in CASES.items()
        for mode in case.modes
        if mode in play.modes and (play.stream if case.is_stream else play.whole) is not None
    ]


def check(play: Play, mode: str, case: Case, spans: Callable[[Metering, Play, Case, Wire], None] | None = None) -> None:
    """Plays the case without submeter, then with it: the host sees the same, and the call is counted.

    `spans` looks at what was metered of a play that is not one call.
    """
    with Wire() as wire:
        bare = seen(play, mode, case, wire)
        with metered() as metering:
            now_seen = seen(play, mode, case, wire)
            gc.collect()
            for place, (now, before) in enumerate(zip(now_seen, bare, strict=False)):
                assert now == before, f"step {place}"
            assert len(now_seen) == len(bare)
            (spans or _check_spans)(metering, play, case, wire)


def seen(play: Play, mode: str, case: Case, wire: Wire) -> list[object]:
    """Everything that an application sees of one case."""
    wire.play(case.replies(play))
    given = Stage(play, wire, is_async=mode == "async").run(case.run)
    gc.collect()
    return given


def _check_spans(metering: Metering, play: Play, case: Case, wire: Wire) -> None:
    spans = metering.ended()
    if play.is_lazy and not case.is_made:
        assert not spans
        return
    assert [span.name for span in spans] == [f"{play.kind} {play.model}"]
    span = spans[0]
    found: dict[str, Any] = dict(span.attributes or {})
    assert span.kind is SpanKind.CLIENT
    assert usage_of(span) == _usage(play, case)
    is_quiet = play.is_silent and case is CASES["stream-broken"]
    expected = {
        "gen_ai.operation.name": play.kind,
        "gen_ai.provider.name": play.provider,
        "gen_ai.request.model": play.model,
        "server.address": wire.host,
        "server.port": wire.port,
        **play.asked,
        **(play.facts if case.usage == "truth" else {}),
    }
    assert {name: found.get(name) for name in expected} == expected
    assert found.get("gen_ai.request.stream", False) is case.is_stream
    assert ("error.type" in found) is (case.is_error and not is_quiet)
    assert found.get("submeter.usage.partial", False) is (case.is_early and not is_quiet)
    assert (span.status.status_code is StatusCode.ERROR) is (case.is_error and not is_quiet)
    if case.usage == "truth":
        assert tuple(found.get("gen_ai.response.finish_reasons", ())) == play.reasons
    for name in ("input_tokens", "output_tokens"):
        if play.kind not in ("embeddings", "rerank"):
            assert metering.total(f"gen_ai.client.inference.usage.{name}") == usage_of(span).get(name)


def _usage(play: Play, case: Case) -> dict[str, int]:
    truth = play.truth if play.stream_truth is None or not case.is_stream else play.stream_truth
    return {"truth": truth, "started": play.started, "none": {}}[case.usage]
