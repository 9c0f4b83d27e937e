"""The journal: what a shard has acknowledged since its memory was last saved, on disk.

Files of frames, each a received request with its time and a check sum. A new file is begun when the memory is
saved; the files before it are then of no use. A torn frame at the end of a file was never acknowledged.
"""

from __future__ import annotations

import os
import struct
import zlib
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PREFIX: Final = "journal-"
_FILE_MODE: Final = 0o600
_HEAD: Final = struct.Struct("<IIqB")
"""Length of the body, check sum of the rest, time of reception in nanoseconds, and the signal."""


class Entry(NamedTuple):
    """A request as it was received: the signal's number, the time in nanoseconds since the epoch, the body."""

    signal: int
    received_ns: int
    body: bytes


class Journal:
    """The journal in a folder; written by one thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = sorted(_number(path) for path in folder.glob(f"{_PREFIX}*"))
        self._file = self._begun(self._numbers[-1] + 1 if self._numbers else 1)

    @property
    def number(self) -> int:
        """The number of the file that is written now."""
        return self._numbers[-1]

    def append(self, entry: Entry) -> None:
        """Adds an entry; on disk when it returns.

        Raises:
            OSError: it cannot be written; nothing of it counts.
        """
        rest = _HEAD.pack(0, 0, entry.received_ns, entry.signal)[8:] + entry.body
        left = memoryview(struct.pack("<II", len(entry.body), zlib.crc32(rest)) + rest)
        try:
            while left:
                left = left[os.write(self._file, left) :]
            os.fdatasync(self._file)
        except OSError:
            os.ftruncate(self._file, self.size)
            raise
        self.size = os.lseek(self._file, 0, os.SEEK_CUR)

    def turn(self) -> int:
        """Begins a new file; its number. What came before is in files of lower numbers."""
        os.close(self._file)
        self._file = self._begun(self.number + 1)
        return self.number

    def forget(self, before: int) -> None:
        """Removes the files of lower numbers."""
        for number in [number for number in self._numbers if number < before]:
            self._path(number).unlink(missing_ok=True)
            self._numbers.remove(number)

    def entries(self, since: int = 0) -> Iterator[Entry]:
        """The entries of all files from this number on, but of the one that is written now."""
        for number in self._numbers[:-1]:
            if number >= since:
                yield from _entries(self._path(number))

    def close(self) -> None:
        """Closes the file."""
        os.close(self._file)

    def _begun(self, number: int) -> int:
        self.size = 0
        self._numbers.append(number)
        file = os.open(self._path(number), os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_APPEND, _FILE_MODE)
        folder = os.open(self._folder, os.O_RDONLY)
        os.fsync(folder)  # the file's name, too, must outlive a power cut
        os.close(folder)
        return file

    def _path(self, number: int) -> Path:
        return self._folder / f"{_PREFIX}{number:08}"


def _number(path: Path) -> int:
    return int(path.name.removeprefix(_PREFIX))


def _entries(path: Path) -> Iterator[Entry]:
    with path.open("rb") as file:
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            length, check, received_ns, signal = _HEAD.unpack(head)
            body = file.read(length)
            if len(body) < length or zlib.crc32(head[8:] + body) != check:
                return
            yield Entry(signal, received_ns, body)
