"""Search: how a model's name leads to its row.

A name is tried as it stands (name or alias), then by pattern, then in shorter spellings, in the provider's
section first and then in those of the makers whose models it resells. A provider that the table does not know is
answered with the model's own maker, and the answer says so. The user's file is laid over whatever was found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from submeter import settings
from submeter.catalog.names import OPEN_MAKERS, SELF_HOSTED, maker_of, near_names, provider_of, same_names, sections_of
from submeter.catalog.table import Section, Table
from submeter.value import replace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from submeter.catalog.model import Model
    from submeter.catalog.overrides import Overrides


_LONGEST_NAME = 400


class Search:
    """The table and the user's file, as they were when first asked."""

    def __init__(self) -> None:
        self._table = Table()
        self._overrides = _overrides()
        self.version = self._table.version + (self._overrides.mark if self._overrides else "")

    def found(self, provider: str, model: str) -> Model | None:
        """The model that `provider` sells as `model`, `None` if unknown."""
        if not model or len(model) > _LONGEST_NAME:
            return None
        name = provider_of(provider)
        known = self._sold(name, model)
        merged = self._overrides.merged(name, model, known) if self._overrides else None
        return merged or known or self._made(name, model)

    def models(self) -> Iterator[Model]:
        """Every model of the table, merged with the user's file, then those that only the user's file has."""
        for provider in self._table.providers:
            for model in self._table.section(provider).models():
                merged = self._overrides.merged(provider, model.name, model) if self._overrides else None
                yield merged or model
        for provider, name in self._overrides.named() if self._overrides else ():
            if self._sold(provider, name) is None and (added := self.found(provider, name)) is not None:
                yield added

    def _sold(self, provider: str, model: str) -> Model | None:
        """The model as `provider` sells it."""
        for name in sections_of(provider):
            if name in self._table.providers and (found := _in_section(self._table.section(name), model)):
                return found
        return None

    def _made(self, provider: str, model: str) -> Model | None:
        """The model as its maker sells it, if the provider is a stranger to the table and runs no weights itself.

        A name like `groq/llama-3.3-70b-versatile` says itself who sells it. `openai` counts as a stranger to models
        that it does not make: its SDK is what people point at gateways.
        """
        is_openai = provider == "openai"
        if provider in SELF_HOSTED or (provider in self._table.providers and not is_openai):
            return None
        gateway, _, rest = model.partition("/")
        seller = provider_of(gateway) if rest else ""
        if seller not in self._table.providers or (is_openai and seller in OPEN_MAKERS):
            seller, rest = maker_of(model, is_closed=is_openai), model
        made = self._sold(seller, rest) if seller and seller != provider else None
        return made and replace(made, is_assumed=True)


def _overrides() -> Overrides | None:
    if not settings.prices_file():
        return None
    from submeter.catalog.overrides import read_overrides  # noqa: PLC0415  (3 ms that only owners of a file pay)

    return read_overrides()


def _in_section(section: Section, model: str) -> Model | None:
    same = tuple(same_names(model))
    near = tuple(near_names(model))
    return (
        _first(section.named(name, "exact") for name in same)
        or _first(section.like(name, "pattern") for name in same)
        or _first(section.named(name, "normalised") for name in near)
        or _first(section.like(name, "normalised") for name in near)
    )


def _first(answers: Iterator[Model | None]) -> Model | None:
    return next((answer for answer in answers if answer is not None), None)
