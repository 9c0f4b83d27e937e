"""Everything Grafana needs to show the same dashboards: their files, and provisioning with this store's address."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from string import Template
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from submeter.server.boards import folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

NATIVE_PORTS: Final = {"clickhouse": 8123, "clickhouses": 8443}
"""The HTTP ports that a store's URL means when it names none."""

_DATE: Final = (2026, 1, 1, 0, 0, 0)
"""The same files make the same archive."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where Grafana's ClickHouse data source finds the store: over HTTP, on a port that may be none of ours.

    `note` says what has to be done first, if anything.
    """

    host: str = "localhost"
    port: int = 8123
    user: str = "default"
    is_secure: bool = False
    note: str = ""


def source_of(store_url: str, host: str, port: int | None) -> Source:
    """The data source for a store: a ClickHouse server itself, or this server's endpoint for its embedded store."""
    parts = urlsplit(store_url)
    if parts.scheme in NATIVE_PORTS and parts.hostname:
        return Source(
            host=parts.hostname,
            port=parts.port or NATIVE_PORTS[parts.scheme],
            user=unquote(parts.username or "default"),
            is_secure=parts.scheme == "clickhouses",
        )
    if port is None:
        return Source(host=host, note="Start `submeter up` with --clickhouse-port 8123 first: Grafana asks there.")
    return Source(host=host, port=port)


def files(source: Source) -> Iterator[tuple[str, str]]:
    """Every file by its path, the address written into those that need it."""
    values = {
        "host": json.dumps(source.host),
        "port": str(source.port),
        "user": json.dumps(source.user),
        "secure": str(source.is_secure).lower(),
        "note": source.note,
    }
    for name, text in sorted(_all(folder())):
        if name.endswith(".in"):
            yield name.removesuffix(".in"), Template(text).substitute(values)
        else:
            yield name, text


def archive(source: Source) -> bytes:
    """The files as one zip."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in files(source):
            made.writestr(zipfile.ZipInfo(f"submeter-grafana/{name}", _DATE), text, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _all(place: Traversable, prefix: str = "") -> Iterator[tuple[str, str]]:
    for entry in place.iterdir():
        if entry.is_dir():
            yield from _all(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name, entry.read_text(encoding="utf-8")
