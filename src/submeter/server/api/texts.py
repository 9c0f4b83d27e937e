"""The parameters of a request as texts: each once, and none that nobody asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from submeter.server.api.fault import shown, unknown
from submeter.server.api.question import ParameterError

if TYPE_CHECKING:
    from starlette.requests import Request as HttpRequest


def texts_of(request: HttpRequest) -> dict[str, str]:
    """The parameters of a request, those of its path and those of its query.

    Raises:
        ParameterError: one is given more than once; which of its values is meant cannot be known.
    """
    found: dict[str, str] = dict(request.path_params)
    for name, value in request.query_params.multi_items():
        if name in found:
            raise ParameterError(f"{shown(name)} is given more than once: give it once")
        found[name] = value
    return found


def refuse_all_but(request: HttpRequest, *known: str) -> None:
    """Raises `ParameterError` where the query has a parameter that is not known."""
    for name in request.query_params:
        if name not in known:
            raise ParameterError(f"{shown(name)} is no parameter here: {unknown(name, known)}")
