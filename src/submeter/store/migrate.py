"""Brings a database to the schema of this version, and refuses one that it does not know."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from submeter.store import sql
from submeter.store.cluster import schema_of
from submeter.store.errors import SchemaError
from submeter.store.filling import FILLS, fill, silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from submeter.store.database import Engine
    from submeter.store.filling import Progress

_BOOTSTRAP: Final = 2
"""How many schema files make the place where migrations are recorded; they run every time and change nothing."""

_REPLACED: Final = "CREATE OR REPLACE "
"""What begins a schema file that may change. Views, those that feed tables too, and what only passes rows on hold none,
so they are made anew in one step, in which no insert gets lost. Rows that a view wrote before stay as they are."""

_FORMER: Final = {
    "041_llm_call_rows": frozenset({"d8573c3050cd96528e241f3899b67323829b6e13801cbdd3d0db94bc559e5750"}),
}
"""Checksums of earlier texts of a table with the same columns and key, packed otherwise: a store keeps what it has."""


def migrate(engine: Engine, progress: Progress = silent) -> tuple[str, ...]:
    """Runs the schema files that have not run yet, in order; the names of those that ran.

    What ran is recorded at the end: a file that ran before a crash runs again, so every file must be one that
    changes nothing the second time. `progress` is told of tables that are filled with what is stored already.

    Raises:
        SchemaError: the database was made by a newer version, or has a table of another content.
    """
    schema = schema_of(engine)
    for file in sql.schema()[:_BOOTSTRAP]:
        engine.run(file.text)
    applied = {str(row["name"]): str(row["checksum"]) for row in engine.rows(sql.statement("applied"), {})}
    for file in schema:
        if _REPLACED in file.text and applied.get(file.name) != checksum(file.text):
            applied.pop(file.name, None)
    _refuse_unknown(applied, {file.name: checksum(file.text) for file in schema})
    missing = [file for file in schema if file.name not in applied]
    for file in missing:
        engine.run(file.text)
    for file in missing:
        if file.name in FILLS:
            fill(engine, FILLS[file.name], progress)
    if missing:
        _record(engine, missing)
    return tuple(file.name for file in missing)


def _record(engine: Engine, ran: Sequence[sql.SchemaFile]) -> None:
    engine.run(
        sql.statement("record"),
        {"names": [file.name for file in ran], "checksums": [checksum(file.text) for file in ran]},
    )


def checksum(text: str) -> str:
    """What identifies a schema file's content."""
    return hashlib.sha256(text.encode()).hexdigest()


def _refuse_unknown(applied: dict[str, str], known: dict[str, str]) -> None:
    newer = sorted(set(applied) - set(known))
    if newer:
        raise SchemaError(
            f"the store has schema parts that this version of submeter does not know ({', '.join(newer)}): "
            "it was opened by a newer version. Upgrade submeter here, or open another store"
        )
    changed = sorted(
        name for name, text in applied.items() if known[name] != text and text not in _FORMER.get(name, ())
    )
    if changed:
        raise SchemaError(
            f"the store was made with another content of {', '.join(changed)}: "
            "use the version of submeter that made it, or export its data and start a new store"
        )
