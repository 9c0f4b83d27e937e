"""The page: static files of `web/`, with headers that let them run nothing but themselves."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request as HttpRequest

_TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}
"""What a page of ours may do: load its own files, and nothing else."""
_FOLDERS: Final = ("", "uplot")


def routes() -> list[Route]:
    """`/`, every dashboard's own address as in Grafana, and the files they load."""
    return [
        Route("/", _page),
        Route("/d/{uid}", _page),
        Route("/d/{uid}/{title}", _page),
        Route("/web/{name}", _file),
        Route("/web/{folder}/{name}", _file),
    ]


async def _page(_: HttpRequest) -> Response:
    return _answer("", "index.html")


async def _file(request: HttpRequest) -> Response:
    return _answer(request.path_params.get("folder", ""), request.path_params["name"])


def _answer(folder: str, name: str) -> Response:
    media = _TYPES.get(name.rpartition(".")[2])
    if folder not in _FOLDERS or media is None:
        raise HTTPException(404)
    place = files("submeter.server") / "web" / folder
    found = next((file for file in place.iterdir() if file.name == name), None)
    if found is None:
        raise HTTPException(404)
    return Response(found.read_bytes(), media_type=media, headers=HEADERS)
