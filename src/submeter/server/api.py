"""REST: the questions under /api/v1, answered as JSON; errors are JSON with a `message` that names the fix."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from submeter.server.answering import ParameterError, answer
from submeter.store import QuestionRefused, StoreError, UnknownSession
from submeter.version import VERSION

if TYPE_CHECKING:
    from starlette.requests import Request as HttpRequest

    from submeter.server.counters import Counters
    from submeter.store.database import Store

ROOT: Final = "/api/v1"
_AT_ONCE: Final = 4
"""How many questions run at the same time; further ones wait their turn."""


class Api:
    """The REST endpoints over a store."""

    def __init__(self, store: Store, counters: Counters) -> None:
        self._store = store
        self._counters = counters
        self._turns = asyncio.Semaphore(_AT_ONCE)

    def routes(self) -> list[Route]:
        """Every endpoint. A session's id may contain slashes, so what comes after it is told apart first."""
        session = f"{ROOT}/sessions/{{session:path}}"
        return [
            Route("/health", _health),
            Route(f"{ROOT}/health", _health),
            Route(f"{ROOT}/sessions", partial(self._ask, "sessions")),
            Route(f"{session}/token-stats", partial(self._ask, "token-stats")),
            Route(session, partial(self._ask, "session")),
            *(Route(f"{ROOT}/{name}", partial(self._ask, name)) for name in ("usage", "warnings", "summary")),
        ]

    async def _ask(self, question: str, request: HttpRequest) -> Response:
        parameters = {**request.query_params, **request.path_params}
        now = datetime.now(UTC)
        try:
            async with self._turns:
                found = await asyncio.to_thread(answer, self._store, question, parameters, now)
        except (ParameterError, QuestionRefused) as error:
            return self._refusal(HTTPStatus.BAD_REQUEST, error)
        except UnknownSession as error:
            return self._refusal(HTTPStatus.NOT_FOUND, error)
        except StoreError as error:
            return self._refusal(HTTPStatus.SERVICE_UNAVAILABLE, error)
        self._counters.add("submeter_questions_total", outcome="ok")
        return JSONResponse(found, headers={"Cache-Control": "no-store"})

    def _refusal(self, status: HTTPStatus, error: Exception) -> Response:
        self._counters.add("submeter_questions_total", outcome=status.phrase.lower().replace(" ", "_"))
        return JSONResponse({"message": str(error)}, status)


async def _health(_: HttpRequest) -> Response:
    return JSONResponse({"status": "ok", "version": VERSION})
