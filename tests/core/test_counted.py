"""Answers that can be fetched again count once, for as many as are remembered."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from submeter.core import counted

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    counted.forget()
    yield
    counted.forget()


def test_an_id_is_first_once() -> None:
    assert [counted.is_first(name) for name in ("a", "b", "a", "b", "c")] == [True, True, False, False, True]


def test_no_id_is_never_first() -> None:
    assert not counted.is_first("")


def test_the_ones_asked_for_longest_ago_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counted.calls, "kept", 2)
    assert [counted.is_first(name) for name in ("a", "b", "a", "c", "a", "b")] == [True, True, False, True, False, True]


def test_of_many_threads_one_is_first() -> None:
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(counted.is_first, ["a"] * 200)) == 1


def test_what_is_left_of_a_sum_is_what_was_not_counted_singly_and_nothing_the_second_time() -> None:
    counted.is_new("a", "first", 1)
    counted.note_singly("a", {"input_tokens": 3, "output_tokens": None, "reasoning_tokens": "many"})  # pyright: ignore[reportArgumentType]
    counted.note_singly("a", {"input_tokens": 4, "output_tokens": -9})
    odd: dict[str, int | None] = {"input_tokens": 10, "output_tokens": 5, "reasoning_tokens": None}
    odd["cache_read_tokens"] = "few"  # pyright: ignore[reportArgumentType]
    assert counted.left_of("a", odd) == {**odd, "input_tokens": 3}
    assert counted.left_of("a", odd) == {}


def test_many_threads_add_up() -> None:
    counted.is_new("a", "first", 1)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(counted.note_singly, ["a"] * 2_000, [{"input_tokens": 1}] * 2_000))
    assert counted.left_of("a", {"input_tokens": 2_003}) == {"input_tokens": 3}


def test_a_sum_of_which_everything_was_counted_leaves_nothing() -> None:
    counted.is_new("a", "first", 1)
    counted.note_singly("a", {"input_tokens": 3, "output_tokens": 4})
    assert counted.left_of("a", {"input_tokens": 3, "output_tokens": 4, "cache_read_tokens": 1}) == {}
    # What stands in the file later is in the sum, whatever it is.
    counted.note_singly("a", {"input_tokens": 3})
    assert counted.left_of("b", {"input_tokens": 0, "output_tokens": 0}) == {"input_tokens": 0, "output_tokens": 0}


def test_items_are_new_once_in_their_order() -> None:
    assert [counted.is_new("a", "first", at) for at in (1, 2, 1, 2, 3)] == [True, True, False, False, True]
    assert [counted.is_new("b", "first", at) for at in (1, 1)] == [True, False]
    assert counted.is_new("a", "another", 9) is None
    assert counted.is_new("a", "first", 4)


def test_of_many_readers_one_finds_each_item_new() -> None:
    def read(_reader: int) -> int:
        return sum(counted.is_new("a", "first", at) is True for at in range(1, 1_000))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(read, range(8))) == 999


def test_the_reports_read_longest_ago_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counted.reports, "kept", 2)
    assert [counted.is_new(address, "f", 1) for address in "abacab"] == [True, True, False, True, False, True]
    assert len(counted.progress) == 2
