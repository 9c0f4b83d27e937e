"""Poison: a request that the store will never take, told from a store that takes nothing at the moment."""

from __future__ import annotations

import struct
from collections import OrderedDict
from typing import Final

from submeter.store import WriteRefused

_STRIKES: Final = 3
_REMEMBERED: Final = 1000
_DATA_FAULTS: Final = (ValueError, TypeError, ArithmeticError, LookupError, RecursionError, struct.error)


class Poison:
    """Counts how often a request was refused by a store that took others in between."""

    def __init__(self) -> None:
        self._stored = 0
        self._refused = OrderedDict[str, tuple[int, int]]()

    def stored(self) -> None:
        """The store has taken a batch."""
        self._stored += 1

    def is_poison(self, digest: str, error: BaseException) -> bool:
        """Whether the request is to be given up after it failed alone with `error`.

        Data that cannot even be turned into rows is, at once. Data that the engine refuses is, the third time,
        if the engine took others each time in between. Anything else, a full disk above all, is the store's fault.
        """
        if isinstance(error, _DATA_FAULTS):
            return True
        if not isinstance(error, WriteRefused):
            return False
        strikes, stored_then = self._refused.get(digest, (0, -1))
        if self._stored > stored_then:
            strikes += 1
        self._refused[digest] = (strikes, self._stored)
        while len(self._refused) > _REMEMBERED:
            self._refused.popitem(last=False)
        return strikes >= _STRIKES and self._stored > 0
