"""Tokens of a guarded server, one for each role and one for a reader of a single service."""

from __future__ import annotations

TOKENS = {"reader": "r-token", "writer": "w-token", "admin": "a-token", "shopper": "s-token"}
"""Tokens by name; the shopper is a reader who sees the service `shop` alone."""


def bearer(name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKENS[name]}"}
