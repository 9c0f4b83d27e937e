"""Instrumentation: which SDKs submeter meters, which frameworks it listens to, and switching that on and off.

`rows` has the registry. Everything else about one is in the module its row names. This module
is imported at interpreter start when `SUBMETER=1` is set, so it imports nothing heavy.
"""

from __future__ import annotations

import sys

from submeter.instrumentation.rows import FRAMEWORKS, PROVIDERS, ROWS, UNMETERED, Row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["FRAMEWORKS", "PROVIDERS", "ROWS", "UNMETERED", "Row", "active", "expect", "start", "stop"]

active: set[str] = set()
"""SDKs and frameworks that are patched now."""


def start(package: str) -> bool:
    """Meters what is imported of the SDK `package`; says whether it is metered now.

    An SDK that changed under us costs one warning and the `submeter.instrumentation.inactive` metric.
    """
    if package in active and len(ROWS[package].awaits) == 1:
        return True
    from submeter.core.guard import attempt  # noqa: PLC0415  (nothing heavy before an SDK is imported)

    reason: str = attempt(_install, package, default="submeter failed to patch it; see the log")
    if not reason:
        active.add(package)
        return True
    # Half a patch would count some calls and lose others.
    attempt(_undo, package)
    active.discard(package)
    _lament(package, reason)
    return False


def expect(package: str) -> None:
    """Laments now that the SDK `package`, which is imported, has none of the modules that would be patched later."""
    row = ROWS[package]
    if any(name in sys.modules for name in row.awaits):
        return
    import importlib.util  # noqa: PLC0415

    from submeter.core.release import installed  # noqa: PLC0415

    if not installed(row.distribution):  # `agents` may be the application's own
        return
    for name in row.awaits:
        try:
            if importlib.util.find_spec(name) is not None:
                return
        except ModuleNotFoundError:  # what should be its package is none
            continue
    _lament(package, f"this version has no {row.awaits[0]}")


def _lament(package: str, reason: str) -> None:
    from submeter.core import instruments  # noqa: PLC0415

    row = ROWS[package]
    lack = instruments.UNHEARD if package in FRAMEWORKS else instruments.UNMETERED
    instruments.lament(package, reason, row.distribution, lack=lack, since=row.since)


def _install(package: str) -> str:
    import importlib  # noqa: PLC0415

    from submeter.core import patch  # noqa: PLC0415

    row = ROWS[package]

    def table() -> Any:
        return getattr(importlib.import_module(f"submeter.instrumentation.{row.module}"), row.table)

    try:
        if row.shape:
            shape = importlib.import_module(f"submeter.shapes.{row.shape}")
            shape.install(package, table, tuple(name for name in row.awaits if name != package), **row.given)
        else:
            table().install()
    except patch.MissingError as missing:
        return f"this version has no {missing}"
    return ""


def _undo(package: str) -> None:
    from submeter.core import parents, patch, tellers  # noqa: PLC0415

    patch.undo(package)
    tellers.forget(package)
    parents.parents.pop(package, None)


def stop(package: str) -> None:
    """Puts the SDK's own functions back."""
    if package in active:
        _undo(package)
        active.discard(package)
