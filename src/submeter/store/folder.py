"""The folder of an embedded store: who has it open, and the engine's configuration in it."""

from __future__ import annotations

import fcntl
import json
import os
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any, Final, cast
from xml.sax.saxutils import escape

from submeter.store.errors import StoreError, StoreInUse, StoreUrlError

if TYPE_CHECKING:
    from pathlib import Path

BACKUPS: Final = "backups"
"""The folder that the engine writes backups into and reads them from; it is given no other."""


def prepare(folder: Path) -> Path:
    """Makes the folder and writes the engine's configuration into it; the configuration's path.

    Raises:
        StoreError: the folder cannot be made or written to.
        StoreUrlError: the engine cannot open a folder of that name.
        StoreInUse: another process has it open.
    """
    if "?" in str(folder):
        raise StoreUrlError(f"the engine cannot open a folder with a question mark in its name: {folder}")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        refuse_in_use(folder)
        path = folder / "engine.xml"
        template = Template((files("submeter.store") / "engine.xml").read_text(encoding="utf-8"))
        text = template.substitute(file=escape(str(path)), backups=escape(str(folder.resolve() / BACKUPS)))
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"cannot use {folder} for the store: {error.strerror}. Choose a folder you may write to"
        ) from error
    return path


def refuse_in_use(folder: Path) -> None:
    """Raises `StoreInUse`, naming the holder, when another process has the store in `folder` open."""
    status = folder / "data" / "status"
    if not status.exists():
        return
    with status.open("rb") as file:
        if _is_locked(file.fileno()):
            pid = _pid_in(status.read_text(encoding="utf-8", errors="replace"))
            if pid != os.getpid():
                raise StoreInUse(_in_use(folder, pid))


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False


def _pid_in(status: str) -> int:
    first = status.partition("\n")[0].removeprefix("PID:").strip()
    return int(first) if first.isdigit() else 0


def _in_use(folder: Path, pid: int) -> str:
    holder = f"process {pid}" if pid else "another process"
    url = _server_url(folder)
    if url:
        return f"the store in {folder} is in use by {holder}, which serves it at {url}: ask there, or stop it"
    return f"the store in {folder} is in use by {holder}: stop it first, or ask its server"


def _server_url(folder: Path) -> str:
    """Where the server that has the store open listens, from the `server.json` it writes; empty if unknown."""
    try:
        server: object = json.loads((folder / "server.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    url = cast("dict[str, Any]", server).get("url") if isinstance(server, dict) else None
    return url if isinstance(url, str) else ""
