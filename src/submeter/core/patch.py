"""Patch: replaces a function of an SDK by ours, once, and puts the SDK's own back on demand."""

from __future__ import annotations

import importlib
import threading
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable

_MARK = "__submeter__"
_replacing = threading.Lock()
_done: dict[str, list[tuple[Any, str, Any, Any]]] = {}
_beneath: list[tuple[Any, str]] = []
"""Where ours could not be taken out, because somebody's wrapper has it."""


class MissingError(LookupError):
    """The SDK has no such function: it changed under us, or is too old."""


def patch(package: str, target: str, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Replaces `target` ("module:Class.function") by `wrap(original)`; a second time does nothing.

    Raises:
        MissingError: there is no such module or function, and nothing was changed.
    """
    path, _, names = target.partition(":")
    *owners, name = names.split(".")
    try:
        owner: Any = importlib.import_module(path)
        for part in owners:
            owner = getattr(owner, part)
        # From the class's own namespace, so that undoing never leaves a copy of an inherited function behind.
        original = cast("Any", vars(owner)[name])
    except (ImportError, AttributeError, KeyError) as error:
        raise MissingError(target) from error
    _replace(package, owner, name, original, wrap)


def replace(package: str, owner: Any, name: str, wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """`patch` for a class or module in hand, that has `name` in its own namespace."""
    _replace(package, owner, name, vars(owner)[name], wrap)


def _replace(package: str, owner: Any, name: str, original: Any, wrap: Callable[..., Any]) -> None:
    # `functools.wraps` copies the mark: it says that ours is at work, here or beneath somebody's wrapper.
    if hasattr(original, _MARK) or any(known is owner and part == name for known, part in _beneath):
        return
    replacement = wrap(original)
    setattr(replacement, _MARK, True)
    with _replacing:
        if vars(owner)[name] is not original:  # another thread was first
            return
        setattr(owner, name, replacement)
        _done.setdefault(package, []).append((owner, name, original, replacement))


def undo(package: str) -> None:
    """Puts back every function of `package` that `patch` replaced, unless somebody replaced ours since."""
    for owner, name, original, replacement in reversed(_done.pop(package, [])):
        if cast("dict[str, Any]", vars(owner)).get(name) is replacement:
            setattr(owner, name, original)
        else:
            _beneath.append((owner, name))


def patched(package: str) -> list[str]:
    """The functions of `package` that are replaced now, for `submeter doctor`."""
    return [f"{getattr(owner, '__name__', owner)}.{name}" for owner, name, *_ in _done.get(package, [])]
