"""An order: what an admin has the server do to the store, as a small JSON body."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from submeter.server import problem, small_body
from submeter.server.api.fault import order_refused
from submeter.server.api.question import ParameterError
from submeter.server.api.texts import refuse_all_but
from submeter.server.body import BodyError

if TYPE_CHECKING:
    from starlette.requests import Request as HttpRequest

_Order = TypeVar("_Order", bound=BaseModel)
_MOST_BYTES: Final = 64 * 1024
"""Room for the longest names, each character of them escaped."""


async def ordered(request: HttpRequest, order: type[_Order], example: str) -> _Order | Response:
    """The order in a request's body, or the answer that says what is wrong with it, with an example."""
    try:
        refuse_all_but(request)
        return order.model_validate_json(await small_body.read(request, _MOST_BYTES))
    except ParameterError as error:
        return problem.response(HTTPStatus.BAD_REQUEST, f"{error}; what is ordered stands in the body")
    except BodyError as error:
        return problem.response(error.status, str(error))
    except ValidationError as error:
        said = order_refused(error, order)
        return problem.response(HTTPStatus.BAD_REQUEST, f"{said}; send JSON such as {example}")


def answer(found: BaseModel | Response) -> Response:
    """What was done, as JSON, or the answer that says why not."""
    return found if isinstance(found, Response) else Response(found.model_dump_json(), media_type="application/json")


def only_text(value: Any) -> Any:
    """Refuses a number as a time: it would be taken for seconds since 1970, and mean what nobody meant."""
    if value is not None and not isinstance(value, (str, datetime)):
        raise ValueError("a time is written like 2026-05-31T14:30:00Z")
    return value
