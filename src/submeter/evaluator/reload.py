"""Reload: a rules file that may change while it is in force; wrong rules leave the old ones standing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from submeter.evaluator.rulefile import RuleFileError, read_rules

if TYPE_CHECKING:
    from submeter.evaluator.rules import Rule


class RuleSource:
    """The rules of a file, as of the last time it was right.

    Raises:
        RuleFileError: the file cannot be used from the start.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._seen = _state(self._path)
        self.rules: tuple[Rule, ...] = read_rules(path)
        self.error = ""

    def poll(self) -> bool:
        """Reads the file if it has changed; whether there are new rules.

        `error` then says what is wrong with the file as it is, empty when nothing is.
        """
        state = _state(self._path)
        if state == self._seen:
            return False
        self._seen = state
        try:
            rules = read_rules(self._path)
        except RuleFileError as error:
            self.error = f"{error}\nThe rules of before stay in force."
            return False
        self.error = ""
        is_new = rules != self.rules
        self.rules = rules
        return is_new


def _state(path: Path) -> tuple[int, int, int]:
    """What changes when a file does, also when it is replaced by another of the same age and size."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)
