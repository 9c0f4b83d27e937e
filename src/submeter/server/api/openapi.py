"""The OpenAPI document, made from the questions' own parameter and answer models."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from submeter.evaluator.rulemodels import Limit
from submeter.server import problem
from submeter.server.api import ROOT
from submeter.server.api.export import EXPORT, FORMATS
from submeter.server.api.keeping import BACKUP_MEDIA, Recompute, Recomputed, Retention
from submeter.server.api.purging import AUDIT, Purge, Purged
from submeter.server.api.questions import QUESTIONS
from submeter.server.feed import LiveCall, LiveWarning
from submeter.server.limiting import LimitInForce, Limits
from submeter.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic.json_schema import JsonSchemaMode

    from submeter.server.api.question import Question

_REF: Final = "#/components/schemas/{model}"
_REFUSALS: Final = {
    "400": "A parameter cannot be used; the detail says what is accepted.",
    "401": "The server wants its token.",
    "403": "The token's role does not allow this, or the request comes from another site's page.",
    "404": "There is no such session or limit.",
    "414": "The address is longer than 65,535 bytes.",
    "421": "The server answers to localhost only.",
    "429": "Too many questions a second; Retry-After says when to ask again.",
    "503": "The store cannot answer now.",
}
_NAMED: Final = [
    {
        "name": "name",
        "in": "path",
        "required": True,
        "description": "the limit's name",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,100}$"},
    }
]
_ABOUT: Final = (
    "Ask a submeter server about calls to language models: tokens, cost, sessions, users, warnings. Times are in UTC "
    "and ISO 8601; money is in US dollars; a count or cost that nobody reported is null, never 0. Every refusal is "
    "application/problem+json, and its detail says what to do."
)


class Health(BaseModel):
    """The server is alive."""

    status: str
    version: str


@cache
def document() -> dict[str, Any]:
    """The document, as OpenAPI 3.1 has it."""
    questions = [*QUESTIONS.values(), AUDIT]
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [
        *((question.answer, "serialization") for question in questions),
        (problem.Problem, "serialization"),
        (Health, "serialization"),
        (Purged, "serialization"),
        (Recomputed, "serialization"),
        (LiveCall, "serialization"),
        (LiveWarning, "serialization"),
        (LimitInForce, "serialization"),
        (Limits, "serialization"),
        (Purge, "validation"),
        (Recompute, "validation"),
        (Retention, "validation"),
        (Limit, "validation"),
    ]
    _, schemas = models_json_schema(models, ref_template=_REF)
    del schemas["$defs"][Limit.__name__]["required"]  # the path names it
    return {
        "openapi": "3.1.0",
        "info": {"title": "submeter", "version": VERSION, "description": _ABOUT},
        "servers": [{"url": ROOT}],
        "security": [{}, {"token": []}],
        "paths": dict(_paths(questions)),
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _paths(questions: Iterable[Question]) -> Iterable[tuple[str, dict[str, Any]]]:
    yield "/health", {"get": _operation("health", "Is the server alive?", [], _json(Health))}
    for question in sorted(questions, key=lambda question: question.path):
        operation = _operation(question.name, question.summary, _parameters(question), _json(question.answer))
        yield question.path, {"get": operation}
    files = {media.partition(";")[0]: {"schema": {"type": "string"}} for media in FORMATS.values()}
    yield EXPORT.path, {"get": _operation("export", EXPORT.summary, _parameters(EXPORT), files)}
    events = {"text/event-stream": {"schema": {"type": "string"}}}
    live = "Calls (LiveCall) and warnings (LiveWarning) as they are stored; /live/ws is the same as a WebSocket"
    yield "/live", {"get": _operation("live", live, [], events)}
    yield "/purge", {"post": _change("purge", "Erase a user, a session, or what is old", [], Purge, Purged)}
    again = "Give stored calls the cost of today's price table"
    yield "/recompute", {"post": _change("recompute", again, [], Recompute, Recomputed)}
    kept = "For how many days are rows kept? Admins only"
    yield (
        "/retention",
        {
            "get": _operation("retention", kept, [], _json(Retention)),
            "put": _change("retain", "Keep rows for so many days, 0 for good", [], Retention, Retention),
        },
    )
    packed = {BACKUP_MEDIA: {"schema": {"type": "string", "format": "binary"}}}
    yield "/backup", {"post": _operation("backup", "A backup of the embedded store; admins only", [], packed)}
    yield "/limits", {"get": _operation("limits", "Which limits are in force?", [], _json(Limits))}
    yield "/limits/{name}", {"put": _change("limit", "Put a limit", _NAMED, Limit, LimitInForce), "delete": _taken()}


def _change(
    name: str, summary: str, parameters: list[Any], body: type[BaseModel], answer: type[BaseModel]
) -> dict[str, Any]:
    """An operation with a body, which only an admin may ask for."""
    operation = _operation(name, f"{summary}; admins only", parameters, _json(answer))
    operation["requestBody"] = {"required": True, "content": _json(body)}
    operation["responses"]["413"] = _refusal("The body is too large.")
    operation["responses"]["408"] = _refusal("The body did not come in time.")
    return operation


def _taken() -> dict[str, Any]:
    """The operation that takes a limit back, which answers nothing."""
    operation = _operation("take-back", "Take back a limit that was put over REST; admins only", _NAMED, {})
    del operation["responses"]["200"]
    operation["responses"]["204"] = {"description": "It is gone."}
    return operation


def _operation(name: str, summary: str, parameters: list[Any], content: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": summary,
        "parameters": parameters,
        "responses": {
            "200": {"description": "The answer.", "content": content},
            **{status: _refusal(meaning) for status, meaning in _REFUSALS.items()},
        },
    }


def _json(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": _REF.format(model=model.__name__)}}}


def _refusal(meaning: str) -> dict[str, Any]:
    schema = {"$ref": _REF.format(model=problem.Problem.__name__)}
    return {"description": meaning, "content": {problem.MEDIA_TYPE: {"schema": schema}}}


def _parameters(question: Question) -> list[dict[str, Any]]:
    """Every parameter, from the fields of the question's model; those that the path names are in the path."""
    schema = question.parameters.model_json_schema(mode="validation")
    assert "$defs" not in schema  # noqa: S101  (parameters are plain values)
    return [
        {
            "name": name,
            "in": "path" if f"{{{name}}}" in question.path else "query",
            "required": f"{{{name}}}" in question.path or name in schema.get("required", ()),
            "description": field.get("description", ""),
            "schema": _plain(field),
        }
        for name, field in schema["properties"].items()
    ]


def _plain(field: dict[str, Any]) -> dict[str, Any]:
    """A parameter's schema without what an address cannot say: null is told by leaving the parameter out."""
    kept = {key: value for key, value in field.items() if key not in {"title", "description", "anyOf"}}
    if kept.get("default", "") is None:
        del kept["default"]
    real = [option for option in field.get("anyOf", ()) if option.get("type") != "null"]
    return {**(real[0] if real else {}), **kept}
