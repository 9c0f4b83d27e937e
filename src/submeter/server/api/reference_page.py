"""The page that shows the OpenAPI document: three files of our own, no library and nothing from elsewhere."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final

from starlette.responses import Response
from starlette.routing import Route

from submeter.server.page import HEADERS

if TYPE_CHECKING:
    from starlette.requests import Request as HttpRequest

PATH: Final = "/api"
_FILES: Final = {
    PATH: ("reference.html", "text/html; charset=utf-8"),
    f"{PATH}/reference.css": ("reference.css", "text/css; charset=utf-8"),
    f"{PATH}/reference.js": ("reference.js", "text/javascript; charset=utf-8"),
}


def routes() -> list[Route]:
    """The page and what it loads."""
    return [Route(path, _file) for path in _FILES]


async def _file(request: HttpRequest) -> Response:
    name, media = _FILES[request.url.path]
    return Response((files("submeter.server.api") / "reference" / name).read_bytes(), media_type=media, headers=HEADERS)
