"""The intake over a real embedded store that refuses some requests: neighbours survive, nothing counts twice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from tests.server.telemetry import calls

from submeter.evaluator import Evaluator
from submeter.server.counters import Counters
from submeter.server.couriers import Couriers
from submeter.server.intake import BusyError, Intake, RefusedError
from submeter.server.options import Limits
from submeter.server.outbox import Outbox
from submeter.server.ruling import Ruling
from submeter.server.signals import TRACES
from submeter.server.watching import Watching
from submeter.server.writing import Writing
from submeter.store import StoreFull, WriteRefused, open_store, questions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    from submeter.store.database import Store


class Faulty(Writing):
    """The real writing, with faults put in before the store sees a batch."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.fault: Callable[[ExportTraceServiceRequest], BaseException | None] = lambda _: None
        self.batches: list[int] = []

    def insert(self, signal: Any, parts: Any) -> Any:
        self.batches.append(len(parts))
        for _, request in parts:
            if error := self.fault(request):
                raise error
        return super().insert(signal, parts)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"chdb://{tmp_path}/store")
    yield opened
    opened.close()


@pytest.fixture
async def writing(store: Store) -> Faulty:
    return Faulty(store)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    opened = Outbox(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
async def watching(store: Store, outbox: Outbox, tmp_path: Path) -> Watching:
    return Watching(store, Evaluator(), tmp_path, Ruling(tmp_path), Couriers(outbox))


@pytest.fixture
async def intake(writing: Faulty, watching: Watching, tmp_path: Path) -> AsyncIterator[Intake]:
    opened = Intake(writing, watching, Limits(commit_seconds=20), Counters(), tmp_path)
    opened.start()
    yield opened
    await opened.close()


async def take(intake: Intake, request: ExportTraceServiceRequest) -> None:
    body = request.SerializeToString()
    await intake.take(TRACES, request, body, TRACES.screen(request))


async def answers(intake: Intake, *requests: ExportTraceServiceRequest) -> list[str]:
    taken = [asyncio.ensure_future(take(intake, request)) for request in requests]
    await asyncio.wait(taken)
    return [type(error).__name__ if (error := done.exception()) else "stored" for done in taken]


def stored(store: Store) -> dict[str, int]:
    return {row.session_id: row.calls for row in questions.sessions(store, limit=1000)}


def is_bad(request: ExportTraceServiceRequest) -> bool:
    return b"bad" in request.SerializeToString()


async def test_requests_that_come_together_are_one_batch(intake: Intake, writing: Faulty, store: Store) -> None:
    assert await answers(intake, *(calls(f"s{n}", 2) for n in range(20))) == ["stored"] * 20
    assert writing.batches == [20]
    assert stored(store) == {f"s{n}": 2 for n in range(20)}


async def test_data_that_is_no_data_is_refused_and_its_neighbours_stored(
    intake: Intake, writing: Faulty, store: Store
) -> None:
    writing.fault = lambda request: ValueError("out of range") if is_bad(request) else None
    requests = [calls("bad" if n == 5 else f"s{n}") for n in range(12)]
    found = await answers(intake, *requests)
    assert found.count("stored") == 11
    assert found[5] == "RefusedError"
    assert "bad" not in stored(store)
    assert len(stored(store)) == 11


async def test_what_the_engine_refuses_three_times_between_others_is_given_up(
    intake: Intake, writing: Faulty, store: Store
) -> None:
    writing.fault = lambda request: WriteRefused("no") if is_bad(request) else None
    bad = calls("bad")
    for turn in range(2):
        assert await answers(intake, bad, calls(f"good-{turn}")) == ["BusyError", "stored"]
    with pytest.raises((RefusedError, BusyError)):
        await take(intake, bad)
    assert (await answers(intake, bad, calls("good-2")))[1] == "stored"
    with pytest.raises(RefusedError):
        await take(intake, bad)
    assert sorted(stored(store)) == ["good-0", "good-1", "good-2"]


@pytest.mark.parametrize("error", [StoreFull("no room"), WriteRefused("down"), RuntimeError("engine")])
async def test_a_store_that_takes_nothing_is_busy_and_loses_nothing(
    intake: Intake, writing: Faulty, store: Store, error: Exception
) -> None:
    requests = [calls(f"s{n}") for n in range(4)]
    writing.fault = lambda _: error
    for _ in range(5):
        assert await answers(intake, *requests) == ["BusyError"] * 4
    writing.fault = lambda _: None
    assert await answers(intake, *requests) == ["stored"] * 4
    assert stored(store) == {f"s{n}": 1 for n in range(4)}


async def test_an_error_that_passes_is_not_noticed(intake: Intake, writing: Faulty, store: Store) -> None:
    faults: list[BaseException | None] = [WriteRefused("for a moment"), None]
    writing.fault = lambda _: faults.pop(0) if faults else None
    assert await answers(intake, calls("s", 3)) == ["stored"]
    assert stored(store) == {"s": 3}


async def test_who_sends_again_while_the_first_waits_joins_it(intake: Intake, writing: Faulty, store: Store) -> None:
    request = calls("twice", 2)
    assert await answers(intake, request, request, request) == ["stored"] * 3
    assert writing.batches == [1]
    assert stored(store) == {"twice": 2}


async def test_a_sender_that_goes_away_does_not_take_its_request_along(intake: Intake, store: Store) -> None:
    leaving = asyncio.ensure_future(take(intake, calls("left")))
    await asyncio.sleep(0)
    leaving.cancel()
    await intake.close()
    assert stored(store) == {"left": 1}


async def test_a_full_queue_and_a_closing_intake_ask_to_wait(
    writing: Faulty, watching: Watching, tmp_path: Path
) -> None:
    intake = Intake(writing, watching, Limits(queue_requests=2), Counters(), tmp_path)
    intake.start()
    assert sorted(await answers(intake, *(calls(f"s{n}") for n in range(3)))) == ["BusyError", "stored", "stored"]
    await intake.close()
    with pytest.raises(BusyError, match="shutting down"):
        await take(intake, calls("late"))


async def test_bytes_limit_the_queue_but_never_a_single_request(
    writing: Faulty, watching: Watching, tmp_path: Path
) -> None:
    intake = Intake(writing, watching, Limits(queue_bytes=10), Counters(), tmp_path)
    intake.start()
    assert await answers(intake, calls("a"), calls("b")) == ["stored", "BusyError"]
    await intake.close()


async def test_a_disk_that_is_nearly_full_is_not_filled(writing: Faulty, watching: Watching, tmp_path: Path) -> None:
    intake = Intake(writing, watching, Limits(free_disk_bytes=1 << 60), Counters(), tmp_path)
    intake.start()
    with pytest.raises(BusyError, match="free on the disk"):
        await take(intake, calls("a"))
    await intake.close()


async def test_an_evaluator_that_fails_costs_its_warnings_only(
    store: Store, outbox: Outbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Evaluator):
        def observe(self, *_: Any, **__: Any) -> Any:
            raise ZeroDivisionError("a rule's fault")

    counters = Counters()
    watching = Watching(store, Broken(), tmp_path, Ruling(tmp_path), Couriers(outbox))
    intake = Intake(Writing(store), watching, Limits(), counters, tmp_path)
    intake.start()
    await take(intake, calls("s"))
    await intake.close()
    assert stored(store) == {"s": 1}
    assert counters.total("submeter_evaluator_failures_total") == 1
    assert "a rule's fault" in caplog.text
