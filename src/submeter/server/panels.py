"""Panels: the answers that the page shows. It sends a dashboard, a panel and values, never a query."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from submeter.server import boards, small_body
from submeter.server.body import BodyError
from submeter.server.call_detail import SpanError, call_detail
from submeter.server.grafana import archive, source_of
from submeter.server.interpolation import InterpolationError, Span, interpolated, interval_for
from submeter.server.presence import found
from submeter.server.sampling import Sampling
from submeter.store import QuestionRefused, StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request as HttpRequest

    from submeter.server.counters import Counters
    from submeter.server.intake import Intake
    from submeter.server.options import Options
    from submeter.server.principal import Principal
    from submeter.store.database import Reader, Store

ROOT: Final = "/page"
_AT_ONCE: Final = 4
"""How many panels are asked for at the same time; further ones wait their turn."""
_MOST_BYTES: Final = 64 * 1024
_MOST_VALUES: Final = 500
_MOST_LETTERS: Final = 1024
_MOST_SECONDS: Final = 100 * 366 * 86_400
_LAST_S: Final = 2**32 - 1
_BATCHES: Final = "submeter_intake_batches_total"
_WARNINGS: Final = "submeter_warnings_total"


class QuestionError(ValueError):
    """What the browser sent cannot be asked; the message says why."""


class Panels:
    """The page's own endpoints over a store."""

    def __init__(self, options: Options, store: Store, intake: Intake, counters: Counters) -> None:
        self._options = options
        self._store = store
        self._counters = counters
        self._sampling = Sampling(intake)
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._known: dict[tuple[str, ...] | None, tuple[int, dict[str, Any]]] = {}

    def routes(self) -> list[Route]:
        """Every endpoint of the page."""
        board = f"{ROOT}/dashboards/{{uid}}"
        return [
            Route(f"{ROOT}/dashboards", self._answering(self._summaries)),
            Route(board, self._answering(self._board)),
            Route(f"{board}/panels/{{panel:int}}", self._answering(self._panel), methods=["POST"]),
            Route(f"{board}/variables/{{name}}", self._answering(self._variable), methods=["POST"]),
            Route(f"{ROOT}/calls/{{trace}}/{{span}}", self._answering(self._call)),
            Route(f"{ROOT}/state", self._answering(self._state)),
            Route(f"{ROOT}/sample", self._answering(self._sample), methods=["POST"]),
            Route(f"{ROOT}/grafana.zip", self._answering(self._grafana)),
        ]

    def _answering(
        self, ask: Callable[[HttpRequest], Awaitable[Response]]
    ) -> Callable[[HttpRequest], Awaitable[Response]]:
        async def answer(request: HttpRequest) -> Response:
            try:
                response = await ask(request)
            except (boards.BoardError, SpanError) as error:
                return _refusal(HTTPStatus.NOT_FOUND, error)
            except (QuestionError, InterpolationError, QuestionRefused) as error:
                return _refusal(HTTPStatus.BAD_REQUEST, error)
            except StoreError as error:
                return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, error)
            response.headers["Cache-Control"] = "no-store"
            return response

        return answer

    async def _summaries(self, _: HttpRequest) -> Response:
        return JSONResponse(boards.summaries())

    async def _board(self, request: HttpRequest) -> Response:
        return JSONResponse(boards.shown(request.path_params["uid"]))

    async def _panel(self, request: HttpRequest) -> Response:
        asking = boards.panel(request.path_params["uid"], request.path_params["panel"])
        return await self._asked(asking, request)

    async def _variable(self, request: HttpRequest) -> Response:
        asking = boards.variable(request.path_params["uid"], request.path_params["name"])
        return await self._asked(asking, request)

    async def _asked(self, asking: boards.Asking, request: HttpRequest) -> Response:
        start_s, end_s, values = _question(await _body(request), asking.variables)
        span = Span(start_s, end_s, interval_for(end_s - start_s, asking.points, asking.least))
        query = interpolated(asking.query, values, span)
        async with self._turns:
            answer = await asyncio.to_thread(self._view(request).answer, query, "JSONCompact")
        body = b'{"interval_s":%d,"answer":%s}' % (span.interval_s, answer)
        return Response(body, media_type="application/json")

    async def _call(self, request: HttpRequest) -> Response:
        path = request.path_params
        return JSONResponse(await asyncio.to_thread(call_detail, self._view(request), path["trace"], path["span"]))

    def _view(self, request: HttpRequest) -> Reader:
        """The part of the store that whoever asks may see."""
        principal: Principal = request.scope["principal"]
        return principal.view(self._store)

    async def _state(self, request: HttpRequest) -> Response:
        """Whether anything new was stored that the asker may see, cheap enough to be asked every second."""
        version = self._counters.total(_BATCHES, outcome="stored") + self._counters.total(_WARNINGS)
        services = request.scope["principal"].services
        then, known = self._known.get(services, (-1, {}))
        if version != then or not known.get("calls"):
            (known,) = await asyncio.to_thread(self._view(request).ask, "presence", {})
            self._known[services] = (version, known)
        return JSONResponse({"version": version, **known})

    async def _sample(self, _: HttpRequest) -> Response:
        return JSONResponse({"spans": await self._sampling.send()}, HTTPStatus.CREATED)

    async def _grafana(self, request: HttpRequest) -> Response:
        """Dashboards and provisioning for Grafana, with the address at which it finds this store."""
        server = found(self._options.folder)
        port = server.clickhouse if server else None
        source = source_of(self._options.store, request.url.hostname or "localhost", port)
        named = {"Content-Disposition": 'attachment; filename="submeter-grafana.zip"'}
        return Response(await asyncio.to_thread(archive, source), media_type="application/zip", headers=named)


def _refusal(status: HTTPStatus, error: Exception) -> Response:
    return JSONResponse({"message": str(error)}, status)


async def _body(request: HttpRequest) -> dict[str, Any]:
    try:
        found: object = json.loads(await small_body.read(request, _MOST_BYTES))
    except BodyError as error:
        raise QuestionError(str(error)) from error
    except ValueError as error:
        raise QuestionError("a question is JSON: {from, to, variables}") from error
    if not isinstance(found, dict):
        raise QuestionError("a question is a JSON object: {from, to, variables}")
    return cast("dict[str, Any]", found)


def _question(body: dict[str, Any], known: frozenset[str]) -> tuple[int, int, dict[str, tuple[str, ...]]]:
    """The range in seconds and the values of the variables, all checked."""
    times = [body.get(name) for name in ("from", "to")]
    if not all(isinstance(at, int | float) and not isinstance(at, bool) and 0 <= at / 1000 <= _LAST_S for at in times):
        raise QuestionError("`from` and `to` are milliseconds since 1970")
    start_s, end_s = (int(cast("float", at) / 1000) for at in times)
    if not 0 < end_s - start_s <= _MOST_SECONDS:
        raise QuestionError("`from` comes before `to`")
    given: object = body.get("variables", {})
    if not isinstance(given, dict):
        raise QuestionError("`variables` is an object of lists of texts")
    return start_s, end_s, {name: _values(name, value, known) for name, value in cast("dict[str, Any]", given).items()}


def _values(name: str, value: object, known: frozenset[str]) -> tuple[str, ...]:
    if name not in known:
        raise QuestionError(f"{name!r} is no variable of this dashboard: use {', '.join(sorted(known))}")
    items = cast("list[object]", value) if isinstance(value, list) else [value]
    if len(items) > _MOST_VALUES or not all(isinstance(item, str) and len(item) <= _MOST_LETTERS for item in items):
        raise QuestionError(f"{name!r} takes at most {_MOST_VALUES} texts of at most {_MOST_LETTERS} letters")
    return tuple(cast("list[str]", items))
