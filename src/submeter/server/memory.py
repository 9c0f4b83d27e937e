"""The evaluator's memory between two runs: one file in the data folder, replaced as a whole."""

from __future__ import annotations

import json
import logging
import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_log = logging.getLogger("submeter.server")
FILE_NAME: Final = "evaluator.json"
_FILE_MODE: Final = 0o600


class Memory(NamedTuple):
    """A snapshot of the evaluator, its time in nanoseconds since the epoch, and the journal's file that follows it."""

    snapshot: Mapping[str, Any]
    at_ns: int
    journal: int = 0


def write(folder: Path, memory: Memory) -> None:
    """Replaces the file.

    Raises:
        OSError: it cannot be written.
    """
    draft = folder / f".{FILE_NAME}"
    draft.unlink(missing_ok=True)
    draft.touch(_FILE_MODE)
    with draft.open("w", encoding="utf-8") as file:
        json.dump(memory._asdict(), file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / FILE_NAME)


def read(folder: Path) -> Memory | None:
    """What the file holds; nothing if there is none or it is damaged, which is no loss: the store knows the rest."""
    try:
        found: Any = json.loads((folder / FILE_NAME).read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        _log.warning("the evaluator's memory in %s cannot be read (%s); reading the store instead", folder, error)
        return None
    if not isinstance(found, dict):
        return None
    fields = cast("dict[str, Any]", found)
    snapshot, at_ns, journal = fields.get("snapshot"), fields.get("at_ns"), fields.get("journal", 0)
    if not isinstance(snapshot, dict) or not isinstance(at_ns, int) or not isinstance(journal, int):
        return None
    return Memory(cast("dict[str, Any]", snapshot), at_ns, journal)
