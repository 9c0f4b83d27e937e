"""Limits over REST: those in force, putting and taking one back, and who is near them, for enforcement elsewhere."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import BaseModel, ValidationError
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from submeter.evaluator.limit import LimitRule
from submeter.evaluator.rulemodels import Limit
from submeter.evaluator.written import written
from submeter.server import problem, small_body
from submeter.server.api.question import ParameterError
from submeter.server.api.texts import refuse_all_but
from submeter.server.body import BodyError

if TYPE_CHECKING:
    from starlette.requests import Request as HttpRequest

    from submeter.server.ruling import Ruling
    from submeter.server.watching import Judging

ROOT: Final = "/api/v1/limits"
_LARGEST_BODY: Final = 4_000_000
NEAR: Final = 50.0
"""Subjects from this percentage of their limit on are told to those who enforce it."""

_OBJECT: Final = 'a limit is a JSON object such as {"per": "user", "measure": "cost_usd", "limit": 5, "every": "day"}'
_MOST_NEAR: Final = 100_000
_OF_ALL: Final = "limits and their sums are those of all services: use a token without services"
_UNWRITTEN: Final = (
    "the limits cannot be written into the server's data folder ({}) and stay as they were: "
    "make room there, or let the server write, and send this again"
)
_FRESH: Final = 20
"""An answer about sums stands for so many times the time that it took, a second at the least."""


class LimitInForce(BaseModel):
    """A limit as the rules write it; a rolling window in seconds, a calendar one by its unit. `is_put`: over REST."""

    name: str
    measure: str
    per: list[str]
    where: dict[str, list[str]]
    limit: float | None
    limits: dict[str, float | None]
    every: str | None
    time_zone: str | None
    last_s: float | None
    thresholds: list[float]
    forecast: bool
    enforce: bool
    is_put: bool


class Limits(BaseModel):
    """The limits in force, those of the rules file and those put over REST."""

    limits: list[LimitInForce]


class Limiting:
    """The endpoints over the rules in force and the sums of the evaluator."""

    def __init__(self, ruling: Ruling, judging: Judging) -> None:
        self._ruling = ruling
        self._judging = judging
        self._change = asyncio.Lock()
        self._near: dict[str, list[tuple[str, float]]] = {}
        self._near_until = 0.0

    def routes(self) -> list[Route]:
        """Every endpoint."""
        named = f"{ROOT}/{{name}}"
        return [
            Route(ROOT, self._list),
            Route(f"{ROOT}/enforced", self._enforced),
            Route(named, self._put, methods=["PUT"]),
            Route(named, self._take_back, methods=["DELETE"]),
        ]

    async def _list(self, request: HttpRequest) -> Response:
        if request.scope["principal"].services is not None:
            return _refusal(HTTPStatus.FORBIDDEN, _OF_ALL)
        try:
            refuse_all_but(request)
        except ParameterError as error:
            return _refusal(HTTPStatus.BAD_REQUEST, str(error))
        return _answer(Limits(limits=[self._in_force(rule) for rule in self._limits()]))

    def _in_force(self, rule: LimitRule) -> LimitInForce:
        return LimitInForce(**written(rule), is_put=rule.name in self._ruling.put_names)

    async def _put(self, request: HttpRequest) -> Response:
        try:
            fields = await _fields(request)
            limit = Limit.model_validate({**fields, "name": request.path_params["name"]})
            async with self._change:
                await asyncio.to_thread(self._ruling.put, limit)
        except BodyError as error:
            return _refusal(error.status, str(error))
        except ValidationError as error:
            return _refusal(HTTPStatus.BAD_REQUEST, _told(error))
        except ValueError as error:
            return _refusal(HTTPStatus.BAD_REQUEST, str(error))
        except OSError as error:
            return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, _UNWRITTEN.format(error.strerror))
        self._judging.rule()
        rule = next(rule for rule in self._limits() if rule.name == limit.name)
        return _answer(self._in_force(rule))

    async def _take_back(self, request: HttpRequest) -> Response:
        name = request.path_params["name"]
        try:
            refuse_all_but(request)
            async with self._change:
                is_known = await asyncio.to_thread(self._ruling.take_back, name)
        except ParameterError as error:
            return _refusal(HTTPStatus.BAD_REQUEST, str(error))
        except OSError as error:
            return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, _UNWRITTEN.format(error.strerror))
        if not is_known:
            put = ", ".join(sorted(self._ruling.put_names)) or "none"
            return _refusal(
                HTTPStatus.NOT_FOUND, f"no limit {name!r} was put; there are {put}. Those of a rules file change there"
            )
        self._judging.rule()
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def _enforced(self, request: HttpRequest) -> Response:
        """The limits to be enforced, unless the asker knows them, and the sums of the subjects near them."""
        if request.scope["principal"].services is not None:
            return _refusal(HTTPStatus.FORBIDDEN, _OF_ALL)
        limits = [written(rule) for rule in self._limits() if rule.enforce]
        version = hashlib.blake2b(json.dumps(limits).encode(), digest_size=8).hexdigest()
        await self._look()
        return _answer(
            {
                "at_ns": time.time_ns(),
                "version": version,
                "limits": None if request.query_params.get("known") == version else limits,
                "near": self._near,
            }
        )

    async def _look(self) -> None:
        begin = time.monotonic()
        if begin < self._near_until:
            return
        self._near_until = begin + 1.0
        self._near = await asyncio.to_thread(self._judging.evaluator.near, NEAR, time.time_ns(), _MOST_NEAR)
        self._near_until = time.monotonic() + max(1.0, (time.monotonic() - begin) * _FRESH)

    def _limits(self) -> list[LimitRule]:
        return [rule for rule in self._ruling.rules if isinstance(rule, LimitRule)]


async def _fields(request: HttpRequest) -> dict[str, Any]:
    """The fields of the limit in a request's body.

    Raises:
        ValueError: it is no JSON object, or the query has parameters.
        BodyError: it is too large or does not come.
    """
    refuse_all_but(request)
    body = await small_body.read(request, _LARGEST_BODY)
    try:
        fields: object = json.loads(body)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise ValueError(_OBJECT)  # noqa: TRY004  (what a client sent, answered like its other values)
    return cast("dict[str, Any]", fields)


def _answer(content: BaseModel | dict[str, Any]) -> Response:
    plain = content.model_dump(mode="json") if isinstance(content, BaseModel) else content
    return JSONResponse(plain, headers={"Cache-Control": "no-store"})


def _refusal(status: HTTPStatus, message: str) -> Response:
    return problem.response(status, message)


def _told(error: ValidationError) -> str:
    problems = [
        f"{'.'.join(str(step) for step in problem['loc']) or 'limit'}: {problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_url=False)
    ]
    return "; ".join(problems)
