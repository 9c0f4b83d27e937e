"""NamedRoute: a path with ids in it, which may hold anything, also what would end or divide a path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

from starlette.routing import Match, Route

if TYPE_CHECKING:
    from starlette.types import Scope

_STAND_INS: Final = str.maketrans({"/": "\ud800", "\n": "\ud801"})
"""Letters that divide or end a path, with others that no address can hold."""
_MEANT: Final = str.maketrans({stand_in: chr(letter) for letter, stand_in in _STAND_INS.items()})


class NamedRoute(Route):
    """A route that takes a percent-encoded slash or line end as part of an id, not of the path."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the path is this route's, and the ids in it."""
        match, child = super().matches({**scope, "path": _path(scope)})
        if "path_params" in child:
            child["path_params"] = {name: text.translate(_MEANT) for name, text in child["path_params"].items()}
        return match, child


def _path(scope: Scope) -> str:
    """The path as it was sent, where the server knows it: decoded part by part."""
    raw: bytes | None = scope.get("raw_path")
    if raw is None:
        return scope["path"]
    parts = raw.partition(b"?")[0].split(b"/")
    return "/".join(unquote_to_bytes(part).decode("utf-8", "replace").translate(_STAND_INS) for part in parts)
