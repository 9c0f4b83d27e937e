"""Presence: the file in the data folder by which the command line finds the server that holds it."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME: Final = "server.json"
_FILE_MODE: Final = 0o600
_LISTENING_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Presence:
    """A running server: its process, its HTTP address, its other ports and when it started (ISO, UTC)."""

    pid: int
    url: str
    grpc: int | None
    started: str
    clickhouse: int | None = None

    @property
    def is_alive(self) -> bool:
        """Whether a process of that number runs; after a crash it may be another program's."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True

    @property
    def is_listening(self) -> bool:
        """Whether anything does at its address; what does not answer at once may be busy."""
        try:
            place = urlsplit(self.url)
            socket.create_connection((place.hostname or "", place.port or 0), _LISTENING_S).close()
        except ConnectionRefusedError:
            return False
        except (OSError, ValueError):  # a damaged file's address is told where it is asked
            return True
        return True


def this_process(url: str, grpc: int | None, clickhouse: int | None = None) -> Presence:
    """The presence of the calling process, from now on."""
    return Presence(os.getpid(), url, grpc, datetime.now(UTC).isoformat(timespec="seconds"), clickhouse)


def announce(folder: Path, presence: Presence) -> None:
    """Writes the file, readable by its owner only; readers never see half of it."""
    draft = folder / f".{FILE_NAME}.{presence.pid}"
    draft.unlink(missing_ok=True)
    draft.touch(_FILE_MODE, exist_ok=False)
    draft.write_text(json.dumps(asdict(presence)), "utf-8")
    draft.replace(folder / FILE_NAME)


def found(folder: Path) -> Presence | None:
    """The server that runs on `folder`, or nothing: no file, a damaged one, or one that a crash left behind."""
    try:
        content: Any = json.loads((folder / FILE_NAME).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(content, dict):
        return None
    fields = cast("dict[str, Any]", content)
    pid, url = fields.get("pid"), fields.get("url")
    if not isinstance(pid, int) or pid <= 0 or not isinstance(url, str):
        return None
    presence = Presence(pid, url, fields.get("grpc"), str(fields.get("started", "")), fields.get("clickhouse"))
    return presence if presence.is_alive else None


def withdraw(folder: Path) -> None:
    """Removes the file, if it is still this process's own."""
    presence = found(folder)
    if presence is not None and presence.pid == os.getpid():
        (folder / FILE_NAME).unlink(missing_ok=True)
