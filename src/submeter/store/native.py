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
_CODES: Final = "BHI"
ONE_BYTE: Final = tuple(bytes((n,)) for n in range(128))
"""The lengths that take one byte, as that byte."""


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
    return (ONE_BYTE[size] if size < 128 else varint(size)) + data  # noqa: PLR2004


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

    def prefix(self) -> bytes:
        """See `Column.prefix`."""
        return b""

    def data(self) -> bytes:
        """See `Column.data`."""
        return b"".join(self.values)


class Ids:
    """Ids in bytes, as hexadecimal texts; where each has its right length, `width` bytes, all are written at once."""

    __slots__ = ("_mark", "type_name", "values", "width")

    def __init__(self, width: int) -> None:
        self.type_name = "String"
        self.values: list[bytes] = []
        self.width = width
        self._mark = chr(2 * width)

    def extend(self, ids: Sequence[bytes]) -> list[str]:
        """Adds ids; their texts. The length before each text is what separates them."""
        if set(map(len, ids)) != {self.width}:
            texts = [id_.hex() for id_ in ids]
            self.values.extend(map(text, texts))
            return texts
        joined = b"".join(ids).hex(self._mark, self.width)
        self.values.append((self._mark + joined).encode())
        return joined.split(self._mark)

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
        count = len(self.indices)
        return b"".join((*_dictionary(self.index, count), _little(array(_code_of(self.index), self.indices))))


class Maps:
    """Attributes: keys from a dictionary, values as texts. A batch's maps have the same few sets of keys."""

    __slots__ = ("_texts", "keys", "type_name", "values")

    def __init__(self, texts: Texts) -> None:
        self.type_name = "Map(LowCardinality(String), String)"
        self.keys: list[tuple[str, ...]] = []
        self.values: list[bytes] = []
        self._texts = texts

    def add(self, entries: Mapping[str, str]) -> None:
        """Adds one map."""
        self.extend((entries,))

    def extend(self, maps: Sequence[Mapping[str, str]]) -> None:
        """Adds maps."""
        self.keys.extend(map(tuple, maps))
        values = chain.from_iterable([entries.values() for entries in maps])
        self.values.extend(map(self._texts.__getitem__, values))

    def repeat(self, entries: Mapping[str, str], times: int) -> None:
        """Adds one map `times` times."""
        self.keys.extend([tuple(entries)] * times)
        self.values.extend([self._texts[value] for value in entries.values()] * times)

    def prefix(self) -> bytes:
        """See `Column.prefix`."""
        return _VERSION

    def data(self) -> bytes:
        """See `Column.data`."""
        index = Index()
        numbers = {keys: [index[key] for key in keys] for keys in dict.fromkeys(self.keys)}
        code = _code_of(index)
        encoded = {keys: _little(array(code, row)) for keys, row in numbers.items()}
        count = len(self.values)
        ends = _little(array("Q", accumulate(map(len, self.keys))))
        return b"".join((ends, *_dictionary(index, count), *map(encoded.__getitem__, self.keys), *self.values))


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


def _dictionary(index: Index, count: int) -> tuple[bytes, ...]:
    """What stands before `count` indices into a dictionary: their width, its words, and how many they are."""
    if not count:
        return ()
    width = _CODES.index(_code_of(index))
    size = len(index).to_bytes(8, "little")
    return (_HAS_KEYS | width).to_bytes(8, "little"), size, *map(text, index), count.to_bytes(8, "little")


def _code_of(index: Index) -> str:
    """The `array` code of the narrowest numbers that hold an index into a dictionary."""
    return _CODES[0 if len(index) <= 1 << 8 else 1 if len(index) <= 1 << 16 else 2]


def _little(values: array[int] | array[float]) -> bytes:
    if sys.byteorder == "big":
        values = array(values.typecode, values)
        values.byteswap()
    return values.tobytes()
