"""The routes of REST: each question as a GET, and what is no question."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeVar, cast

from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from submeter.server import problem
from submeter.server.api import ROOT
from submeter.server.api.export import Export
from submeter.server.api.keeping import Keeping
from submeter.server.api.live import Live
from submeter.server.api.named_route import NamedRoute
from submeter.server.api.openapi import document
from submeter.server.api.purging import Purging
from submeter.server.api.question import ParameterError, Question
from submeter.server.api.questions import QUESTIONS
from submeter.server.api.reference_page import routes as reference_routes
from submeter.server.api.texts import texts_of
from submeter.store import QuestionRefused, StoreError, UnknownSession
from submeter.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request as HttpRequest

    from submeter.server.counters import Counters
    from submeter.server.feed import Feed
    from submeter.server.principal import Principal
    from submeter.store.database import Database, Store

_Found = TypeVar("_Found")
_AT_ONCE: Final = 4
"""How many questions run at the same time; further ones wait their turn."""

_STATUSES: Final[tuple[tuple[type[Exception], HTTPStatus], ...]] = (
    (ParameterError, HTTPStatus.BAD_REQUEST),
    (QuestionRefused, HTTPStatus.BAD_REQUEST),
    (UnknownSession, HTTPStatus.NOT_FOUND),
    (StoreError, HTTPStatus.SERVICE_UNAVAILABLE),
)


class Desk:
    """Where questions are put: a few at a time, each to what the asker may see of the store."""

    def __init__(self, store: Store, counters: Counters) -> None:
        self.store = store
        self._counters = counters
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def take(self, work: Callable[[], _Found]) -> _Found | Response:
        """What `work` returns, done in a thread, or the answer to why it cannot."""
        try:
            async with self._turns:
                found = await asyncio.to_thread(work)
        except (ParameterError, StoreError) as error:
            status = next(status for kind, status in _STATUSES if isinstance(error, kind))
            self._counters.add("submeter_questions_total", outcome=status.phrase.lower().replace(" ", "_"))
            return problem.response(status, str(error))
        self._counters.add("submeter_questions_total", outcome="ok")
        return found


def routes(store: Store, counters: Counters, feed: Feed) -> list[BaseRoute]:
    """Every route. An id may contain slashes as they are, so what comes after it is told apart first."""
    desk = Desk(store, counters)
    return [
        Route("/health", _health),
        Route(f"{ROOT}/health", _health),
        Route(f"{ROOT}/openapi.json", _openapi),
        *reference_routes(),
        *Live(feed).routes(),
        *Export(desk).routes(),
        *Purging(desk, cast("Database", store)).routes(),
        *Keeping(desk, cast("Database", store)).routes(),
        *(NamedRoute(_path(question), partial(_ask, desk, question)) for question in QUESTIONS.values()),
    ]


def principal_of(request: HttpRequest) -> Principal:
    """Who asks, as the access check found."""
    return request.scope["principal"]


def _path(question: Question) -> str:
    """The path with its last parameter open to slashes."""
    head, brace, tail = question.path.rpartition("}")
    return f"{ROOT}{head}:path{brace}{tail}" if brace else f"{ROOT}{tail}"


async def _ask(desk: Desk, question: Question, request: HttpRequest) -> Response:
    store = principal_of(request).view(desk.store)
    found = await desk.take(
        lambda: question.answered(store, texts_of(request), datetime.now(UTC)).model_dump_json().encode()
    )
    if isinstance(found, Response):
        return found
    return Response(found, media_type="application/json", headers={"Cache-Control": "no-store"})


async def _health(_: HttpRequest) -> Response:
    return JSONResponse({"status": "ok", "version": VERSION})


async def _openapi(_: HttpRequest) -> Response:
    return JSONResponse(document(), headers={"Cache-Control": "no-cache"})
