"""Errors in each provider's own form: JSON documents, error events in a stream, headers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .wire import Event, Json, RefusalError

_OPENAI_TYPES = {401: "invalid_request_error", 429: "requests", 500: "server_error", 503: "server_error"}
_OPENAI_CODES = {401: "invalid_api_key", 429: "rate_limit_exceeded"}
_ANTHROPIC_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_MESSAGES = {
    401: "Incorrect API key provided.",
    403: "You are not allowed to do this.",
    429: "Rate limit reached for requests. Please try again later.",
    500: "The server had an error while processing your request. Sorry about that!",
    503: "The engine is currently overloaded, please try again later.",
    529: "Overloaded",
}


@dataclass(frozen=True)
class Dialect:
    """How a provider says no. `name` is `openai` or `anthropic`."""

    name: str

    def refusal(self, status: int) -> RefusalError:
        """The refusal a scripted status stands for."""
        message = _MESSAGES.get(status, "Something is wrong with this request.")
        return RefusalError(status, message, kind=self._type(status), code=self._code(status))

    def document(self, error: RefusalError, request_id: str) -> Json:
        """The error's JSON body."""
        kind = error.kind or self._type(error.status)
        if self.name == "anthropic":
            body = {"type": kind, "message": error.message}
            return {"type": "error", "error": body, "request_id": request_id}
        return {"error": {"message": error.message, "type": kind, "param": error.param, "code": error.code}}

    def event(self, kind: str, number: int) -> Event:
        """The event that ends a stream with an error; `number` is its place in the stream."""
        if self.name == "anthropic":
            body = {"type": "overloaded_error", "message": _MESSAGES[529]}
            return Event({"type": "error", "error": body}, name="error")
        if kind == "responses":
            body = {"code": "server_error", "message": _MESSAGES[500], "param": None}
            return Event({"type": "error", **body, "sequence_number": number}, name="error")
        body = {"message": _MESSAGES[500], "type": "server_error", "param": None, "code": None}
        return Event({"error": body})

    def headers(self, request_id: str) -> dict[str, str]:
        """The headers every answer has."""
        if self.name == "anthropic":
            return {"request-id": request_id, "anthropic-organization-id": "00000000-0000-0000-0000-000000000000"}
        return {"x-request-id": request_id, "openai-version": "2020-10-01", "openai-processing-ms": "1"}

    def retry_headers(self, status: int, after_s: float) -> dict[str, str]:
        """When to come back, for the statuses that say so."""
        if status not in {429, 503, 529}:
            return {}
        return {"retry-after": str(math.ceil(after_s)), "retry-after-ms": str(round(after_s * 1000))}

    def _type(self, status: int) -> str:
        if self.name == "anthropic":
            return _ANTHROPIC_TYPES.get(status, "invalid_request_error" if status < 500 else "api_error")
        return _OPENAI_TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")

    def _code(self, status: int) -> str | None:
        return None if self.name == "anthropic" else _OPENAI_CODES.get(status)
