"""Reload: a rules file that may change while it is in force; wrong rules leave the old ones standing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from submeter.evaluator.rulefile import RuleFileError, read_contents

if TYPE_CHECKING:
    from submeter.evaluator.rules import Rule
    from submeter.evaluator.sinkmodels import Described


class RuleSource:
    """The rules of a file, as of the last time it was right.

    Raises:
        RuleFileError: the file cannot be used from the start.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._seen = _state(self._path)
        self._contents = read_contents(path)
        self.error = ""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The file's rules."""
        return self._contents.rules

    @property
    def sinks(self) -> tuple[Described, ...]:
        """Where the file sends warnings."""
        return self._contents.sinks

    def poll(self) -> bool:
        """Reads the file if it has changed; whether there is anything new in it.

        `error` then says what is wrong with the file as it is, empty when nothing is.
        """
        state = _state(self._path)
        if state == self._seen:
            return False
        self._seen = state
        try:
            contents = read_contents(self._path)
        except RuleFileError as error:
            self.error = f"{error}\nThe rules of before stay in force."
            return False
        self.error = ""
        is_new = contents != self._contents
        self._contents = contents
        return is_new


def _state(path: Path) -> tuple[int, int, int]:
    """What changes when a file does, also when it is replaced by another of the same age and size."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)
