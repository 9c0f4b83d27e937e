"""Exceptions as ClickHouse's clients read them: a code in a header, a text that ends with the code's name."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Final

_CODE: Final = re.compile(r"Code: (\d+)\. DB::Exception: (?:Code: \1\. DB::Exception: )?(.*)", re.DOTALL)
_NAME: Final = re.compile(r"\(([A-Z_0-9]+)\)\s*$")
_WHERE: Final = re.compile(r"\s*:\s*(?:\(in file/uri [^)]*\)|While executing \w+|data for INSERT was parsed from file)")
"""Where in its own pipeline the engine was, which tells a client nothing of its data."""

_VERSION: Final = re.compile(r"\s*\(version [\w.() ]+\)(?=[.\s]|$)")

_STATUS: Final = {
    16: HTTPStatus.BAD_REQUEST,
    36: HTTPStatus.BAD_REQUEST,
    42: HTTPStatus.BAD_REQUEST,
    43: HTTPStatus.BAD_REQUEST,
    53: HTTPStatus.BAD_REQUEST,
    46: HTTPStatus.NOT_FOUND,
    47: HTTPStatus.NOT_FOUND,
    50: HTTPStatus.NOT_FOUND,
    60: HTTPStatus.NOT_FOUND,
    73: HTTPStatus.NOT_FOUND,
    81: HTTPStatus.NOT_FOUND,
    62: HTTPStatus.BAD_REQUEST,
    48: HTTPStatus.NOT_IMPLEMENTED,
    158: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    159: HTTPStatus.REQUEST_TIMEOUT,
    164: HTTPStatus.FORBIDDEN,
    201: HTTPStatus.TOO_MANY_REQUESTS,
    202: HTTPStatus.SERVICE_UNAVAILABLE,
    243: HTTPStatus.SERVICE_UNAVAILABLE,
    452: HTTPStatus.BAD_REQUEST,
    456: HTTPStatus.BAD_REQUEST,
    457: HTTPStatus.BAD_REQUEST,
    497: HTTPStatus.FORBIDDEN,
    516: HTTPStatus.FORBIDDEN,
    117: HTTPStatus.BAD_REQUEST,
    307: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
}

READONLY: Final = 164
_ACCESS_DENIED: Final = 497


class ClickhouseError(Exception):
    """An answer that is an exception; `code` is ClickHouse's number, `name` its word.

    `is_of_data` says that what the client sent is at fault, so that it makes no sense to send it again.
    """

    def __init__(self, code: int, message: str, name: str, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.name = name
        self.retry_after_s = retry_after_s
        self.is_of_data = name.startswith("CANNOT_")

    @property
    def status(self) -> HTTPStatus:
        """The HTTP status that ClickHouse would answer with."""
        usual = HTTPStatus.BAD_REQUEST if self.is_of_data else HTTPStatus.INTERNAL_SERVER_ERROR
        return _STATUS.get(self.code, usual)

    @property
    def text(self) -> str:
        """The body of the answer."""
        return f"Code: {self.code}. DB::Exception: {self}. ({self.name})\n"


def of_engine(message: str) -> ClickhouseError:
    """The exception in what the engine said; what is our own refusal has no number and is an access denied."""
    found = _CODE.search(message)
    if found is None:
        return ClickhouseError(_ACCESS_DENIED, message, "ACCESS_DENIED")
    text = _WHERE.sub("", _VERSION.sub("", found[2])).strip()
    name = _NAME.search(text)
    return ClickhouseError(int(found[1]), _NAME.sub("", text).rstrip(" ."), name[1] if name else "UNKNOWN_EXCEPTION")
