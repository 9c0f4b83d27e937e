"""Opening the store in a folder at rest, where another command may be asking just now."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from submeter.cli import upgrading
from submeter.server.options import embedded_url
from submeter.server.presence import found

if TYPE_CHECKING:
    from pathlib import Path

    from submeter.store.database import Store

_PATIENCE_S: Final = 15.0
"""Seconds until whoever holds the folder is taken for more than another command."""
_PAUSE_S: Final = 0.2


def store_in(folder: Path) -> Store:
    """The store in `folder`; the engine lets in one process at a time, so another command is waited for.

    Raises:
        StoreError: it cannot be opened, or is held by a server or by what does not end.
    """
    from submeter.store import StoreInUse, open_store  # noqa: PLC0415  (the engine takes a moment)

    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            with upgrading.shown() as progress:
                return open_store(embedded_url(folder), progress=progress)
        except StoreInUse:
            if time.monotonic() > until or found(folder) is not None:
                raise
        time.sleep(_PAUSE_S)
