"""The web application: intake, questions, page and metrics behind one access check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from submeter.server import problem
from submeter.server.access import Access
from submeter.server.api import ROOT
from submeter.server.api.openapi import document
from submeter.server.api.rest import routes as api_routes
from submeter.server.api.suggestion import spelled
from submeter.server.clickhouse_http import ClickhouseHttp
from submeter.server.otlp_http import OtlpHttp
from submeter.server.page import routes as page_routes
from submeter.server.panels import Panels
from submeter.server.principal import Principals
from submeter.store.chdb import ChdbEngine
from submeter.store.database import Database
from submeter.version import VERSION

_NOTHING = "nothing is at {}: the page is at /, questions at /api/v1 (described at /api), intake at /v1/traces"

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request as HttpRequest
    from starlette.types import ASGIApp

    from submeter.server.counters import Counters
    from submeter.server.feed import Feed
    from submeter.server.intake import Intake
    from submeter.server.limiting import Limiting
    from submeter.server.options import Options
    from submeter.store.database import Store


def build(
    options: Options,
    principals: Principals,
    store: Store,
    intake: Intake,
    counters: Counters,
    feed: Feed,
    limiting: Limiting,
) -> ASGIApp:
    """The ASGI application over an open store and a started intake."""
    questions = [
        *limiting.routes(),
        *api_routes(store, counters, feed),
        *Panels(options, store, intake, counters).routes(),
    ]
    return _guarded(options, principals, [*_intake_routes(options, intake, counters), *questions, *page_routes()])


def build_shard(options: Options, principals: Principals, intake: Intake, counters: Counters) -> ASGIApp:
    """The ASGI application of an evaluator without a store: intake, health and metrics."""

    async def health(_: HttpRequest) -> Response:
        return JSONResponse({"status": "ok", "version": VERSION})

    return _guarded(options, principals, [*_intake_routes(options, intake, counters), Route("/health", health)])


def _intake_routes(options: Options, intake: Intake, counters: Counters) -> list[BaseRoute]:
    async def metrics(_: HttpRequest) -> Response:
        requests, size = intake.depth
        gauges = (
            ("submeter_intake_queue_requests", "Requests that wait to be stored.", float(requests)),
            ("submeter_intake_queue_bytes", "Their bytes.", float(size)),
        )
        return PlainTextResponse(counters.text(gauges), media_type="text/plain; version=0.0.4")

    return [*OtlpHttp(intake, options.limits, counters).routes(), Route("/metrics", metrics)]


def _guarded(options: Options, principals: Principals, routes: list[BaseRoute]) -> ASGIApp:
    app = Starlette(routes=routes, exception_handlers={HTTPException: _refused, 500: _failed})
    return Access(app, principals=principals, is_local=options.is_loopback and not principals.is_asked_for)


def build_clickhouse(
    options: Options, principals: Principals, store: Store, intake: Intake, counters: Counters
) -> ASGIApp:
    """The ASGI application for ClickHouse's clients, over an open embedded store and a started intake.

    Users and their tokens are its own business; what speaks to this machine from elsewhere is turned away alike.
    """
    assert isinstance(store, Database)  # noqa: S101  (narrows the protocol for the checker)
    assert isinstance(store.engine, ChdbEngine)  # noqa: S101  (the same)
    endpoint = ClickhouseHttp(store.engine, intake, options.limits, counters, principals)
    is_local = options.is_loopback and not principals.is_asked_for
    return Access(Starlette(routes=endpoint.routes()), principals=Principals(), is_local=is_local)


async def _refused(request: HttpRequest, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  (registered for nothing else)
    message = error.detail
    if error.status_code == 404:  # noqa: PLR2004  (not found)
        message = _nothing(request.url.path)
    elif error.status_code == 405:  # noqa: PLR2004  (method not allowed)
        allowed = (error.headers or {}).get("Allow", "GET")
        message = f"{request.method} is not understood at {request.url.path}: use {allowed}"
    return problem.response(error.status_code, message, error.headers)


def _nothing(path: str) -> str:
    """What to ask where nothing is: the paths that are spelled alike or begin alike, or where all are told."""
    if path.startswith(f"{ROOT}/"):
        known: Mapping[str, object] = document()["paths"]
        asked = path.removeprefix(ROOT).rstrip("/")
        begun = [one for one in known if one.split("/")[1:2] == asked.split("/")[1:2]]
        near = [asked] if asked in known else begun or [one for one in [spelled(asked, known)] if one]
        if near:
            return f"nothing is at {path}: did you mean {' or '.join(f'{ROOT}{one}' for one in near)}? See /api"
    return _NOTHING.format(path)


async def _failed(_: HttpRequest, error: Exception) -> Response:
    message = f"submeter failed ({type(error).__name__}): its log says where; please report it"
    return problem.response(500, message)
