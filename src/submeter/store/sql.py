"""The SQL files of the store: schema, questions and the engine's own statements. No SQL stands anywhere else."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final, NamedTuple

from submeter.store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.resources.abc import Traversable

_OF_PRICES: Final = ("priced_as", "request_tokens")
_SHARED: Final = ("bounding", "bucket", "call", "filters", "hours", "of_session", "place", "shortfall", *_OF_PRICES)
"""Statements that stand within others, as `$NAME`."""


class SchemaFile(NamedTuple):
    """One table or view: the file's name without its ending, and its statement."""

    name: str
    text: str


@cache
def statement(name: str) -> str:
    """The engine statement `name`, with those in it that questions share."""
    return _with((_folder("statements") / f"{name}.sql").read_text(encoding="utf-8"), _OF_PRICES)


@cache
def question(name: str) -> str:
    """The question `name`, with the statements in it that several questions share, such as `$filters`.

    Raises:
        StoreError: there is no such question.
    """
    known = questions()
    if name not in known:
        raise StoreError(f"there is no question {name!r}; there are {', '.join(known)}")
    text = (_folder("queries") / f"{name}.sql").read_text(encoding="utf-8")
    return _with(text, _SHARED)


def _with(text: str, names: Iterable[str]) -> str:
    for name in names:
        if f"${name}" in text:
            text = text.replace(f"${name}", statement(name).strip())
    return text


@cache
def questions() -> tuple[str, ...]:
    """The names of all questions."""
    return _names("queries")


@cache
def schema() -> tuple[SchemaFile, ...]:
    """The schema files in the order in which they run."""
    folder = _folder("schema")
    return tuple(SchemaFile(name, (folder / f"{name}.sql").read_text(encoding="utf-8")) for name in _names("schema"))


def _names(folder: str) -> tuple[str, ...]:
    return tuple(
        sorted(entry.name.removesuffix(".sql") for entry in _folder(folder).iterdir() if entry.name.endswith(".sql"))
    )


def _folder(name: str) -> Traversable:
    return files("submeter.store") / name
