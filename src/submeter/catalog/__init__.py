"""Catalog: finds a model's prices and limits by provider and name.

Answers are remembered, so that a call costs a dict lookup. The table is read on the first question, one
provider's section at a time, and so is the code that searches it: importing this package reads nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from submeter.catalog.model import UNITS, Model, Price

if TYPE_CHECKING:
    from collections.abc import Iterator

    from submeter.catalog.search import Search

__all__ = ["UNITS", "Model", "Price", "find", "models", "reload", "version"]

_REMEMBERED = 4_096
_found: dict[tuple[str, str], Model | None] = {}
_searches: list[Search] = []


def find(provider: str, model: str) -> Model | None:
    """The model that `provider` (the value of `gen_ai.provider.name`) sells as `model`, `None` if unknown."""
    asked = (provider, model)
    try:
        return _found[asked]
    except KeyError:
        pass
    if len(_found) >= _REMEMBERED:
        _found.clear()
    found = _found[asked] = _search().found(provider, model)
    return found


def answering(provider: str, request_model: str, response_model: str) -> Model | None:
    """The model that answered a call, by the name that its answer gave or, where it gave none, that was asked for.

    Where a place and a maker stand before the answer's name in the request's, the request's tells more: Bedrock sells
    `global.anthropic.NAME-v1:0` at another price than `eu.anthropic.NAME-v1:0`, and answers `NAME` to both.
    """
    is_asked = not response_model or "." + response_model in request_model
    return find(provider, request_model if is_asked else response_model)


def models() -> Iterator[Model]:
    """Every model of the table with the user's file merged in, then the models that only the user's file has."""
    return _search().models()


def version() -> str:
    """The table's version, a date, with a `+` and a mark of the user's file where there is one."""
    return _searches[0].version if _searches else _search().version


def reload() -> None:
    """Forgets everything read, so that the next question reads the table and the user's file again."""
    _searches.clear()
    _found.clear()


def _search() -> Search:
    if not _searches:
        from submeter.catalog.search import Search  # noqa: PLC0415  (read on the first question, not at the app's start)

        _searches.append(Search())
    return _searches[0]
