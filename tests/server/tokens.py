"""Tokens of a guarded server, one for each role and one for a reader of a single service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from submeter.server.principal import hashed

if TYPE_CHECKING:
    from pathlib import Path

TOKENS = {"reader": "r-token", "writer": "w-token", "admin": "a-token", "shopper": "s-token"}
"""Tokens by name; the shopper is a reader who sees the service `shop` alone."""


def written(folder: Path) -> tuple[str, str]:
    """The arguments of a server that takes these tokens, written into a file of the folder."""
    entries = [
        {"name": name, "role": "reader" if name == "shopper" else name, "hash": hashed(token)}
        | ({"services": ["shop"]} if name == "shopper" else {})
        for name, token in TOKENS.items()
    ]
    (folder / "tokens.yaml").write_text(json.dumps({"tokens": entries}))
    return "--tokens", str(folder / "tokens.yaml")


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKENS[name]}"}
