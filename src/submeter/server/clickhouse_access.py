"""Who a ClickHouse client is: one of two users, proven by the server's token where there is one.

`default` (also called `reader`) reads; `writer` may insert as well. A server without a token answers to this
machine alone, and takes any password.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import TYPE_CHECKING, Final

from submeter.server.clickhouse_exception import ClickhouseError

if TYPE_CHECKING:
    from collections.abc import Mapping

READERS: Final = frozenset({"default", "reader", ""})
WRITER: Final = "writer"


def is_writer(headers: Mapping[str, str], parameters: Mapping[str, str], token: str) -> bool:
    """Whether the request may insert.

    Raises:
        ClickhouseError: the user is not known, or does not show the token.
    """
    user, password = _credentials(headers, parameters)
    if (user not in READERS and user != WRITER) or (
        token and not hmac.compare_digest(password.encode(), token.encode())
    ):
        raise ClickhouseError(
            516,
            f"{user or 'default'}: Authentication failed: the users are 'default' (reads) and 'writer' (inserts too); "
            "where the server has a token (SUBMETER_TOKEN) it is their password",
            "AUTHENTICATION_FAILED",
        )
    return user == WRITER


def _credentials(headers: Mapping[str, str], parameters: Mapping[str, str]) -> tuple[str, str]:
    if "x-clickhouse-user" in headers or "x-clickhouse-key" in headers:
        return headers.get("x-clickhouse-user", ""), headers.get("x-clickhouse-key", "")
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return parameters.get("user", ""), given.strip()
    if scheme.lower() == "basic":
        return _basic(given)
    return parameters.get("user", ""), parameters.get("password", "")


def _basic(given: str) -> tuple[str, str]:
    try:
        user, _, password = base64.b64decode(given.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "?", ""
    return user, password
