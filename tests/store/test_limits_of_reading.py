"""What one question may take, on every way of reading, and how it is told that it took too much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import pytest

from submeter.store import QuestionRefused
from submeter.store.reading import LIMITS
from submeter.store.visiting import Visit, visit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from submeter.store.chdb import ChdbEngine
    from submeter.store.database import Database, Store


def visited(store: Store, query: str) -> bytes:
    engine = cast("ChdbEngine", cast("Database", store).engine)
    return visit(engine, Visit(query, settings={"max_execution_time": "1000", "max_memory_usage": "0"})).data


WAYS: Final[Mapping[str, Callable[[Store, str], bytes]]] = {
    "read": lambda store, query: store.read(query, {}, "TSV"),
    "answer": lambda store, query: store.answer(query, "TSV"),
    "a reader of one service": lambda store, query: store.scoped(["shop"]).answer(query, "TSV"),
    "a client of the ClickHouse endpoint that asks for more": visited,
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_reading_has_its_limits(store: Store, way: str) -> None:
    names = ("max_execution_time", "max_result_rows", "max_memory_usage", "readonly", "result_overflow_mode")
    query = "SELECT " + ", ".join(f"getSetting('{name}')" for name in names)
    assert WAYS[way](store, query).decode().split() == ["60", "1000000", f"{4 << 30}", "1", "throw"]
    with pytest.raises(QuestionRefused, match=r"Code: (164|452|497)"):
        WAYS[way](store, f"{query} SETTINGS max_execution_time = 0, readonly = 0")


def test_too_much_memory_and_too_much_time_are_told_apart(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked as a reader of its own, because a reader keeps the limits that it was opened with."""
    monkeypatch.setitem(LIMITS, "bytes", 50_000_000)
    monkeypatch.setitem(LIMITS, "seconds", 1)
    reader = store.scoped(["nobody before"])
    with pytest.raises(QuestionRefused, match=r"of memory: ask for a shorter range .*Code: 241\."):
        reader.answer("SELECT length(groupArray(number)) FROM numbers(50000000)", "TSV")
    with pytest.raises(QuestionRefused, match=r"seconds: ask for a shorter range .*Code: 159\."):
        reader.answer("SELECT count() FROM numbers(100000000000) WHERE NOT ignore(sipHash64(number))", "TSV")
    assert reader.answer("SELECT 1", "TSV") == b"1\n"


def test_what_the_engine_quotes_need_not_be_utf_8(store: Store) -> None:
    with pytest.raises(QuestionRefused, match=r"the engine said: Code: 6\..*(\ufffd|no UTF-8)"):
        store.read("SELECT toUInt8(unhex('EEFF'))", {}, "TSV")
    assert store.read("SELECT 1", {}, "TSV") == b"1\n"
