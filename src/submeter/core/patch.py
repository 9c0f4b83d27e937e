"""Patch: replaces a function of an SDK by ours, once, and puts the SDK's own back on demand."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_MARK = "__submeter__"
_done: dict[str, list[tuple[Any, str, Any]]] = {}


class Missing(LookupError):
    """The SDK has no such function: it changed under us, or is too old."""


def patch(package: str, target: str, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Replaces `target` ("module:Class.function") by `wrap(original)`; a second time does nothing.

    Raises:
        Missing: there is no such module or function, and nothing was changed.
    """
    path, _, names = target.partition(":")
    *owners, name = names.split(".")
    try:
        owner: Any = importlib.import_module(path)
        for part in owners:
            owner = getattr(owner, part)
        # From the class's own namespace, so that undoing never leaves a copy of an inherited function behind.
        original = vars(owner)[name]
    except (ImportError, AttributeError, KeyError) as error:
        raise Missing(target) from error
    if getattr(original, _MARK, False):
        return
    replacement = wrap(original)
    setattr(replacement, _MARK, True)
    setattr(owner, name, replacement)
    _done.setdefault(package, []).append((owner, name, original))


def undo(package: str) -> None:
    """Puts back every function of `package` that `patch` replaced, unless somebody replaced ours since."""
    for owner, name, original in reversed(_done.pop(package, [])):
        if getattr(vars(owner).get(name), _MARK, False):
            setattr(owner, name, original)


def patched(package: str) -> list[str]:
    """The functions of `package` that are replaced now, for `submeter doctor`."""
    return [f"{getattr(owner, '__name__', owner)}.{name}" for owner, name, _ in _done.get(package, [])]
