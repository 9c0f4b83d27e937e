"""Options of `submeter up`: where it listens, where the data lies, and what it takes in at most."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

if TYPE_CHECKING:
    from pathlib import Path

HTTP_PORT = 4318
GRPC_PORT = 4317
CLICKHOUSE_PORT = 8123
_ENGINE_FOLDER = "data"


class OptionError(ValueError):
    """Options that do not go together; the message names the fix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the server takes: sizes in bytes, times in seconds, the rate in items (spans, logs, points) a second.

    `questions_per_second` is for each token.
    """

    body_bytes: int = 20 * 2**20
    insert_bytes: int = 64 * 2**20
    insert_rows: int = 250_000
    body_seconds: float = 10.0
    queue_bytes: int = 128 * 2**20
    queue_requests: int = 4096
    commit_seconds: float = 30.0
    items_per_second: float = 50_000.0
    batch_items: int = 10_000
    batch_bytes: int = 16 * 2**20
    linger_seconds: float = 0.1
    free_disk_bytes: int = 256 * 2**20
    retry_after_seconds: int = 2
    questions_per_second: float = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How one server runs. `folder` holds its presence file and, unless `store` names another, the database.

    `clickhouse_port` "auto" is `CLICKHOUSE_PORT`, or none where that is taken; a server that only passes on to a
    ClickHouse server has none.
    """

    folder: Path
    host: str = "127.0.0.1"
    port: int = HTTP_PORT
    grpc_port: int | None = GRPC_PORT
    clickhouse_port: int | Literal["auto"] | None = "auto"
    store: str = ""
    token: str = ""
    tokens_file: Path | None = None
    limits: Limits = field(default_factory=Limits)

    @property
    def store_url(self) -> str:
        """The database in use: `store`, else the embedded one in the folder."""
        return self.store or embedded_url(self.folder)

    @property
    def is_embedded(self) -> bool:
        """Whether the database is a folder on this machine's disk."""
        return self.store_url.startswith("chdb:")

    @property
    def is_loopback(self) -> bool:
        """Whether only programs on this machine can reach the server."""
        return is_loopback(self.host)

    def check(self) -> None:
        """Refuses a server that strangers could read.

        Raises:
            OptionError: bound beyond this machine without a token.
        """
        if not self.is_loopback and not (self.token or self.tokens_file):
            raise OptionError(
                f"--host {self.host} would let anyone on the network read and write your data; "
                "set SUBMETER_TOKEN to a long random text first (or give --tokens), or keep to --host 127.0.0.1"
            )


def embedded_url(folder: Path) -> str:
    """The URL of the embedded database in a data folder."""
    return f"chdb://{quote(str(folder.absolute()))}"


def has_database(folder: Path) -> bool:
    """Whether a server has ever stored anything in `folder`."""
    return (folder / _ENGINE_FOLDER).is_dir()


def is_loopback(host: str) -> bool:
    """Whether `host` names this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
