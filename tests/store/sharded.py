"""A cluster of two shards in this process, made by the statements for a cluster and asked by the real engine.

The engine takes a shard at its own address and port for its own and asks it without a connection, so `Distributed`
tables gather what questions need as over a network. Both shards are this one engine with the same tables: every row is
stored once and read twice. What needs a keeper is left out: replicas, and `ON CLUSTER`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from unittest.mock import patch

from submeter.store import chdb
from submeter.store.cluster import statements
from submeter.store.database import Database
from submeter.store.folder import prepare

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SHARDS: Final = 2

_SHARD: Final = "<shard><replica><host>127.0.0.1</host><port>9000</port></replica></shard>"
_CONFIGURATION: Final = (
    f"<clickhouse><tcp_port>9000</tcp_port><remote_servers><both>{_SHARD * SHARDS}</both></remote_servers>"
)
_ON_CLUSTER: Final = " ON CLUSTER 'both'"
_REPLICATED: Final = re.compile(r"Replicated(\w+)\('[^']*', '[^']*'(?:, )?")


class ShardedEngine(chdb.ChdbEngine):
    """The embedded engine as two shards, on which every statement on the cluster runs once."""

    def run(self, statement: str, parameters: Mapping[str, object] | None = None) -> None:
        """See `Engine.run`."""
        super().run(_REPLICATED.sub(r"\1(", statement.replace(_ON_CLUSTER, "")), parameters)


def open_sharded(folder: Path) -> Database:
    """The cluster in `folder`, made by what `submeter schema --cluster both` prints, and then opened as a store."""
    with patch.object(chdb, "prepare", _prepared):
        engine = ShardedEngine(folder)
    for file in statements("both"):
        engine.run(file.text)
    return Database(engine)


def _prepared(folder: Path) -> Path:
    path = prepare(folder)
    path.write_text(path.read_text("utf-8").replace("<clickhouse>", _CONFIGURATION, 1), "utf-8")
    return path
