"""Patching: once, of what is there, and back to the very same function."""

from __future__ import annotations

import sys
import threading
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from submeter.core import patch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PACKAGE = "a_package"


class Parent:
    def inherited(self) -> str:
        return "inherited"


class Client(Parent):
    def request(self) -> str:
        return "answer"


@pytest.fixture(autouse=True)
def module() -> Iterator[ModuleType]:
    made: Any = ModuleType(PACKAGE)
    made.Client = Client
    sys.modules[PACKAGE] = made
    yield made
    patch.undo(PACKAGE)
    del sys.modules[PACKAGE]


def louder(original: Callable[..., str]) -> Callable[..., str]:
    def loud(self: Client) -> str:
        return original(self) + "!"

    return loud


def test_a_function_is_replaced_once_and_put_back() -> None:
    before = Client.request
    patch.patch(PACKAGE, "a_package:Client.request", louder)
    patch.patch(PACKAGE, "a_package:Client.request", louder)
    patch.replace(PACKAGE, Client, "request", louder)
    assert Client().request() == "answer!"
    assert patch.patched(PACKAGE) == ["Client.request"]
    patch.undo(PACKAGE)
    assert Client.request is before
    assert patch.patched(PACKAGE) == []
    patch.undo(PACKAGE)


@pytest.mark.parametrize(
    "target",
    [
        "a_package:Client.missing",
        "a_package:Missing.request",
        "no_such_package:Client.request",
        "a_package:Client.inherited",
    ],
)
def test_what_is_not_there_is_named_and_nothing_changes(target: str) -> None:
    before = dict(vars(Client))
    with pytest.raises(patch.MissingError, match=target):
        patch.patch(PACKAGE, target, louder)
    assert dict(vars(Client)) == before
    assert patch.patched(PACKAGE) == []


def test_it_can_be_replaced_again_after_it_was_put_back() -> None:
    for _ in range(2):
        patch.patch(PACKAGE, "a_package:Client.request", louder)
        assert Client().request() == "answer!"
        patch.undo(PACKAGE)
        assert Client().request() == "answer"


def test_of_threads_that_replace_it_at_once_one_does() -> None:
    before, both = Client.request, threading.Barrier(2)

    def slow(original: Callable[..., str]) -> Callable[..., str]:
        both.wait()
        return louder(original)

    threads = [threading.Thread(target=patch.patch, args=(PACKAGE, "a_package:Client.request", slow)) for _ in "12"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Client().request() == "answer!"
    assert patch.patched(PACKAGE) == ["Client.request"]
    patch.undo(PACKAGE)
    assert Client.request is before
    patch.patch(PACKAGE, "a_package:Client.request", louder)
    assert Client().request() == "answer!"
