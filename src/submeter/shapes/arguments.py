"""Arguments: those of a call by name, however the caller gave them."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Arguments:
    """The parameters of one function.

    Args:
        original: the function.
        skipped: how many of its first parameters are not named, such as `self`.
    """

    __slots__ = ("_names", "_rest")

    def __init__(self, original: Callable[..., Any], *, skipped: int = 0) -> None:
        parameters = list(inspect.signature(original).parameters.values())[skipped:]
        names = (one.name for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD))
        self._names = tuple(names)
        self._rest = next((one.name for one in parameters if one.kind is one.VAR_POSITIONAL), "")

    def named(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Mapping[str, Any]:
        """The arguments by name; what goes into `*args` under that parameter's name."""
        if not args:
            return kwargs
        named = {**dict(zip(self._names, args, strict=False)), **kwargs}
        if self._rest:
            named[self._rest] = args[len(self._names) :]
        return named
