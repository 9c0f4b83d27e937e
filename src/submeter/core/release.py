"""Release: which release of an SDK is installed, and what helps where it is one that cannot be metered."""

from __future__ import annotations

import re


def installed(distribution: str) -> str:
    """The installed version of a distribution, empty where it is not installed."""
    from importlib import metadata  # noqa: PLC0415  (only the unhappy path and the doctor need it)

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def named(name: str, distribution: str) -> str:
    """The installed release in a reader's words: `name` is the import name of it or of a module of it."""
    is_same = _plain(name) == _plain(distribution)
    return f"{'' if is_same else f'{name} of '}{_plain(distribution)} {installed(distribution)}".strip()


def remedy(distribution: str, since: str = "") -> str:
    """What to do about a release of `distribution` that cannot be metered; `since` is the oldest that can."""
    if since and _numbers(installed(distribution)) < _numbers(since):
        return f"Upgrade it: pip install --upgrade '{distribution}>={since}'"
    older = f", from {since} on" if since else ""
    return f"Upgrade submeter (pip install --upgrade submeter), or use an older release of {distribution}{older}"


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:3]))
