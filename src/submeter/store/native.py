"""Columns in the engine's own wire format, ClickHouse Native, built without numpy or arrow.

A column takes one value per row and writes itself as bytes. Texts that repeat within a batch are encoded
once; map keys travel as indices into a dictionary, which is what makes attributes cheap on both sides.
"""

from __future__ import annotations

import sys
from array import array
from itertools import accumulate, chain
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_VERSION: Final = (1).to_bytes(8, "little")
_HAS_KEYS: Final = (1 << 9) | (1 << 10)
_ONE_BYTE: Final = tuple(bytes((n,)) for n in range(128))


def varint(number: int) -> bytes:
    """`number` as the format's variable-length integer."""
    out = bytearray()
    while number >= 128:  # noqa: PLR2004
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def text(value: str) -> bytes:
    """`value` as a length and UTF-8; lone surrogates become question marks instead of failing a batch."""
    data = value.encode("utf-8", "replace")
    size = len(data)
    return (_ONE_BYTE[size] if size < 128 else varint(size)) + data  # noqa: PLR2004


class Texts(dict[str, bytes]):
    """Encoded texts of one batch: a text that repeats is encoded once."""

    def __missing__(self, value: str) -> bytes:
        encoded = self[value] = text(value)
        return encoded


class Column(Protocol):
    """A column under construction."""

    @property
    def type_name(self) -> str:
        """The engine's name of the column's type."""
        ...

    def prefix(self) -> bytes:
        """What stands before all data: versions of dictionaries."""
        ...

    def data(self) -> bytes:
        """The values, in the order they were added."""
        ...


class Numbers:
    """Fixed-width numbers: the type name and the `array` code belong together, `UInt64` and `Q`."""

    __slots__ = ("add", "extend", "type_name", "values")

    def __init__(self, type_name: str, code: str) -> None:
        self.type_name = type_name
        self.values: array[int] | array[float] = array(code)
        self.add = self.values.append
        self.extend = self.values.extend

    def prefix(self) -> bytes:
        """See `Column.prefix`."""
        return b""

    def data(self) -> bytes:
        """See `Column.data`."""
        return _little(self.values)


class Strings:
    """Texts that rarely repeat: ids, messages."""

    __slots__ = ("_texts", "type_name", "values")

    def __init__(self, texts: Texts) -> None:
        self.type_name = "String"
        self.values: list[bytes] = []
        self._texts = texts

    def add(self, value: str) -> None:
        """Adds one text."""
        self.values.append(self._texts[value])

    def extend(self, values: Iterable[str]) -> None:
        """Adds texts."""
        self.values.extend(map(self._texts.__getitem__, values))

    def extend_unique(self, values: Iterable[str]) -> None:
        """Adds texts of which none is met again."""
        self.values.extend(map(text, values))

    def prefix(self) -> bytes:
        """See `Column.prefix`."""
        return b""

    def data(self) -> bytes:
        """See `Column.data`."""
        return b"".join(self.values)


class Index(dict[str, int]):
    """The texts of a dictionary, numbered as they come."""

    def __missing__(self, value: str) -> int:
        number = self[value] = len(self)
        return number


class Words:
    """Texts that repeat all the time, as indices into the column's own dictionary."""

    __slots__ = ("index", "indices", "type_name")

    def __init__(self) -> None:
        self.type_name = "LowCardinality(String)"
        self.index = Index()
        self.indices: array[int] = array("I")

    def add(self, value: str) -> None:
        """Adds one text."""
        self.indices.append(self.index[value])

    def extend(self, values: Iterable[str]) -> None:
        """Adds texts."""
        self.indices.extend(map(self.index.__getitem__, values))

    def repeat(self, value: str, times: int) -> None:
        """Adds one text `times` times."""
        self.indices.extend(array("I", (self.index[value],)) * times)

    def prefix(self) -> bytes:
        """See `Column.prefix`."""
        return _VERSION

    def data(self) -> bytes:
        """See `Column.data`."""
        if not self.indices:
            return b""
        width = 0 if len(self.index) <= 1 << 8 else 1 if len(self.index) <= 1 << 16 else 2
        words = b"".join(map(text, self.index))
        return b"".join(
            (
                (_HAS_KEYS | width).to_bytes(8, "little"),
                len(self.index).to_bytes(8, "little"),
                words,
                len(self.indices).to_bytes(8, "little"),
                _little(array("BHI"[width], self.indices)),
            )
        )


class Maps:
    """Attributes: keys from a dictionary, values as texts."""

    __slots__ = ("_texts", "ends", "keys", "type_name", "values")

    def __init__(self, texts: Texts) -> None:
        self.type_name = "Map(LowCardinality(String), String)"
        self.ends: array[int] = array("Q")
        self.keys = Words()
        self.values: list[bytes] = []
        self._texts = texts

    def add(self, entries: Mapping[str, str]) -> None:
        """Adds one map."""
        self.extend((entries,))

    def extend(self, maps: Sequence[Mapping[str, str]]) -> None:
        """Adds maps."""
        first = len(self.values)
        self.keys.extend(chain.from_iterable(maps))
        values = chain.from_iterable([entries.values() for entries in maps])
        self.values.extend(map(self._texts.__getitem__, values))
        ends = accumulate(map(len, maps), initial=first)
        next(ends)
        self.ends.extend(ends)

    def repeat(self, entries: Mapping[str, str], times: int) -> None:
        """Adds one map `times` times."""
        first, size = len(self.values), len(entries)
        self.keys.indices.extend([self.keys.index[key] for key in entries] * times)
        self.values.extend([self._texts[value] for value in entries.values()] * times)
        self.ends.extend(range(first + size, first + size * times + 1, size) if size else [first] * times)

    def prefix(self) -> bytes:
        """See `Column.prefix`."""
        return self.keys.prefix()

    def data(self) -> bytes:
        """See `Column.data`."""
        return b"".join((_little(self.ends), self.keys.data(), *self.values))


class Lists:
    """One list per row, of whatever `items` holds."""

    __slots__ = ("count", "ends", "items", "type_name")

    def __init__(self, items: Numbers | Strings | Words | Maps) -> None:
        self.type_name = f"Array({items.type_name})"
        self.items = items
        self.ends: array[int] = array("Q")
        self.count = 0

    def add_none(self, times: int) -> None:
        """Adds `times` empty lists."""
        self.ends.extend((self.count,) * times)

    def add(self, values: Sequence[object]) -> None:
        """Adds one list."""
        if values:
            add = self.items.add
            for value in values:
                add(value)  # pyright: ignore[reportArgumentType]
            self.count += len(values)
        self.ends.append(self.count)

    def prefix(self) -> bytes:
        """See `Column.prefix`."""
        return self.items.prefix()

    def data(self) -> bytes:
        """See `Column.data`."""
        return _little(self.ends) + self.items.data()


def block(columns: Iterable[tuple[str, Column]], rows: int) -> bytes:
    """The columns as one block of `rows` rows; every column must hold that many."""
    named = list(columns)
    parts = [varint(len(named)), varint(rows)]
    for name, column in named:
        parts += (text(name), text(column.type_name), column.prefix(), column.data())
    return b"".join(parts)


def _little(values: array[int] | array[float]) -> bytes:
    if sys.byteorder == "big":
        values = array(values.typecode, values)
        values.byteswap()
    return values.tobytes()
