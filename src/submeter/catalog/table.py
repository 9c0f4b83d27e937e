"""Table: the generated file of prices and limits, read one provider's section at a time.

`table.jsonl` has a header line (version, sources, and each provider's number of rows) and then one line a
model, section after section, so that a change of a price is a change of one line.
"""

from __future__ import annotations

import json
import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from submeter.catalog.model import Model, model_of

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = Path(__file__).with_name("table.jsonl")


class Section:
    """The models of one provider, found by exact name, alias or pattern."""

    def __init__(self, provider: str, rows: list[dict[str, Any]], sources: dict[str, list[str]]) -> None:
        self._provider = provider
        self._rows = rows
        self._sources = sources
        self._names = {name: row for row in rows for name in (row["name"].lower(), *row.get("also", ()))}
        self._patterns = [(pattern, row) for row in rows for pattern in row.get("like", ())]

    def named(self, name: str, match: str) -> Model | None:
        """The model with this name or alias, in lower case."""
        row = self._names.get(name)
        return None if row is None else self._model(row, match)

    def like(self, name: str, match: str) -> Model | None:
        """The first model of which a pattern fits `name`."""
        for pattern, row in self._patterns:
            if fits(pattern, name):
                return self._model(row, match)
        return None

    def models(self) -> Iterator[Model]:
        """Every model of the provider, in the table's order."""
        return (self._model(row, "exact") for row in self._rows)

    def _model(self, row: dict[str, Any], match: str) -> Model:
        return model_of(row, self._provider, self._sources, match)


def fits(pattern: str, name: str) -> bool:
    """Whether `name` fits `pattern`: `start*`, `*end`, `*part*`, or an expression between slashes."""
    if pattern.startswith("/"):
        return re.search(pattern[1:-1], name) is not None
    text = pattern.strip("*")
    if not pattern.startswith("*"):
        return name.startswith(text) if pattern.endswith("*") else name == text
    return text in name if pattern.endswith("*") else name.endswith(text)


class Table:
    """The file's header and those of its sections that were asked for."""

    def __init__(self, path: Path = TABLE) -> None:
        self._path = path
        with path.open(encoding="utf-8") as lines:
            header: dict[str, Any] = json.loads(next(lines))
        self.version: str = header["version"]
        self._sources: dict[str, list[str]] = header["sources"]
        self._extent: dict[str, tuple[int, str]] = header["sections"]
        self._sections: dict[str, Section] = {}

    @property
    def providers(self) -> tuple[str, ...]:
        """The providers with a section, in the file's order."""
        return tuple(self._extent)

    def section(self, provider: str) -> Section:
        """The models of `provider`, one of `providers`.

        Raises:
            KeyError: the table does not know it.
        """
        section = self._sections.get(provider)
        if section is None:
            usual = self._extent[provider][1]
            section = Section(provider, self._rows(provider), {**self._sources, "": self._sources[usual]})
            self._sections[provider] = section
        return section

    def _rows(self, provider: str) -> list[dict[str, Any]]:
        start = 1
        for name, (count, _) in self._extent.items():
            if name == provider:
                break
            start += count
        with self._path.open(encoding="utf-8") as lines:
            text = ",".join(islice(lines, start, start + self._extent[provider][0]))
        rows: list[dict[str, Any]] = json.loads(f"[{text}]")
        return rows
