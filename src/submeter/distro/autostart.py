"""Autostart: what the start file runs in every interpreter of an environment where `SUBMETER` is set.

It must never raise and must cost a program that makes no call nothing it could notice, so all it does is put a
finder in front of the import system that waits for an SDK.
"""

from __future__ import annotations

from submeter import settings


def start() -> None:
    """Waits for the first import of an SDK, if `SUBMETER` is on."""
    if settings.is_on():
        from submeter.core.guard import attempt  # noqa: PLC0415  (nothing at all when off)
        from submeter.distro import imports  # noqa: PLC0415

        attempt(imports.wait)
