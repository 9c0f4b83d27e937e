"""Sessions: what is called within one is attributed to it, wherever it runs, and nothing else is."""

from __future__ import annotations

import asyncio
import contextvars
import enum
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import submeter
from submeter import context
from submeter.context.scope import current_scope
from submeter.core import threads

if TYPE_CHECKING:
    from collections.abc import Iterator

WORD = st.text("abc", max_size=2)
GIVEN = st.fixed_dictionaries(
    {"session_id": WORD, "user": WORD, "operation": WORD, "step": WORD, "agent": WORD},
    optional={"tags": st.dictionaries(st.text("xyz", min_size=1, max_size=1), WORD)},
)


def here() -> str:
    return context.current().session_id


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    yield
    assert context.current() is context.EMPTY


@pytest.fixture
def carried() -> Iterator[None]:
    threads.start()
    yield
    threads.stop()


@given(st.lists(GIVEN, max_size=5))
def test_an_inner_scope_inherits_what_it_does_not_set_and_ends_exactly(levels: list[dict[str, Any]]) -> None:
    expected: dict[str, Any] = {"session_id": "", "user": "", "operation": "", "step": "", "agent": "", "tags": {}}
    opened: list[tuple[submeter.session, context.Scope]] = []
    meters: list[context.Meter] = []
    for level in levels:
        before, scope = context.current(), submeter.session(**level)
        meters.append(scope.__enter__())
        opened.append((scope, before))
        tags = {**expected["tags"], **level.get("tags", {})}
        expected = {**{name: level[name] or expected[name] for name in expected if name != "tags"}, "tags": tags}
        now = context.current()
        found = (now.session_id, now.user_id, now.operation, now.step, now.agent, dict(now.tags))
        assert found == tuple(expected.values())
        assert now.meters == tuple(meters)
        assert now.attributes == now.named()
    for scope, before in reversed(opened):
        scope.__exit__(None, None, None)
        assert context.current() is before


def test_values_are_kept_as_text_and_none_is_not_said() -> None:
    with submeter.session(42, user=None, tags={"n": 1, "m": None}):
        scope = context.current()
        assert (scope.session_id, scope.user_id, dict(scope.tags)) == ("42", "", {"n": "1", "m": ""})


def test_a_value_of_an_enumeration_is_its_text() -> None:
    class Operation(str, enum.Enum):  # noqa: UP042  (as it is still written, and another text for `str`)
        SEARCH = "search"

    with submeter.session("s", operation=Operation.SEARCH, tags={"kind": Operation.SEARCH}):
        scope = context.current()
        assert (type(scope.operation), scope.operation, scope.tags) == (str, "search", {"kind": "search"})


def test_half_a_character_becomes_a_question_mark_and_whole_ones_stay() -> None:
    # A name of a file that is no UTF-8; a pair of halves, which Python takes for two; and sound ones.
    for text, kept in (("caf\udce9", "caf?"), ("\ud83d\ude00", "??"), ("café 😀", "café 😀")):
        with submeter.session(text, user=text, operation=text, step=text, agent=text, tags={text: text}):
            scope = context.current()
            assert {scope.session_id, scope.user_id, scope.operation, scope.step, scope.agent} == {kept}
            assert scope.tags == {kept: kept}
            "".join((*scope.attributes, *scope.attributes.values())).encode()


def test_an_exception_passes_through_and_ends_the_scope() -> None:
    error = RuntimeError("the application's own")
    with pytest.raises(RuntimeError) as caught, submeter.session("s"):
        raise error
    assert caught.value is error


def test_one_session_object_may_be_opened_again_and_within_itself() -> None:
    scope = submeter.session("s")
    with scope, scope:
        assert len(context.current().meters) == 2
    with scope:
        assert here() == "s"


async def test_tasks_have_scopes_of_their_own() -> None:
    async def work(name: str, *, turns: int) -> list[str]:
        async with submeter.session(name):
            found = list[str]()
            for _ in range(turns):
                await asyncio.sleep(0)
                found.append(here())
            return found

    results = await asyncio.gather(*(work(f"s-{number}", turns=number) for number in range(1, 6)))
    assert results == [[f"s-{number}"] * number for number in range(1, 6)]


async def test_a_task_started_within_keeps_the_scope_and_changes_nothing_outside() -> None:
    async def child() -> tuple[str, str]:
        outer = here()
        with submeter.session("inner"):
            await asyncio.sleep(0)
            return outer, here()

    with submeter.session("outer"):
        task = asyncio.create_task(child())
        await asyncio.sleep(0)
        assert here() == "outer"
    assert await task == ("outer", "inner")


async def test_left_in_another_task_a_scope_harms_neither() -> None:
    scope = submeter.session("s")

    async def enter() -> None:
        scope.__enter__()

    await asyncio.create_task(enter())
    scope.__exit__(None, None, None)
    with submeter.session("mine"):
        scope.__exit__(None, None, None)
        assert here() == "mine"


def test_left_in_a_copy_of_its_context_a_scope_ends_there() -> None:
    scope = submeter.session("s")
    scope.__enter__()

    def leave() -> str:
        scope.__exit__(None, None, None)
        return here()

    assert contextvars.copy_context().run(leave) == ""
    assert here() == "s"
    current_scope.set(context.EMPTY)


async def test_asyncio_carries_the_scope_into_its_threads() -> None:
    with submeter.session("s"):
        assert await asyncio.to_thread(here) == "s"


def test_a_thread_started_within_has_the_scope(carried: None) -> None:
    found: list[str] = []
    with submeter.session("s"):
        thread = threading.Thread(target=lambda: found.append(here()))
        thread.start()
    thread.join()
    assert found == ["s"]


def test_a_thread_class_with_a_run_of_its_own_has_the_scope(carried: None) -> None:
    class Worker(threading.Thread):
        found = ""

        def run(self) -> None:
            self.found = here()

    with submeter.session("s"):
        worker = Worker()
        worker.start()
    worker.join()
    assert worker.found == "s"


def test_a_pool_gives_each_piece_of_work_the_scope_it_was_submitted_in(carried: None) -> None:
    with ThreadPoolExecutor(1) as pool:
        with submeter.session("first"):
            first = pool.submit(here)
        with submeter.session("second"):
            second = pool.submit(here)
        third = pool.submit(here)
        assert (first.result(), second.result(), third.result()) == ("first", "second", "")


def test_a_pool_gives_the_results_and_exceptions_of_the_work_itself(carried: None) -> None:
    def fail() -> None:
        raise ZeroDivisionError("own")

    with ThreadPoolExecutor(2) as pool, submeter.session("s"):
        assert list(pool.map(str, [1, 2, 3])) == ["1", "2", "3"]
        with pytest.raises(ZeroDivisionError, match="own"):
            pool.submit(fail).result()


def test_outside_of_every_scope_threads_are_left_as_they_are(carried: None) -> None:
    def work() -> None:
        return None

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert "run" not in vars(thread)


def test_threads_are_left_alone_where_that_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBMETER_PROPAGATE_THREADS", "0")
    before = threading.Thread.start
    threads.start()
    assert threading.Thread.start is before


def test_carry_binds_the_scope_of_the_moment_for_executors_of_any_kind() -> None:
    with submeter.session("s"):
        bound = submeter.carry(here)
    assert here() == ""
    assert bound() == "s"
    assert bound.__name__ == "here"
    with submeter.session("other"):
        assert bound() == "s"
        assert here() == "other"
