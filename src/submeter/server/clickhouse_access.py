"""Who a ClickHouse client is: a principal by the token that is its password, and one of two users by its name.

`default` (also called `reader`) reads; `writer` may insert as well, where the token's role allows it. A token that
may not read sees the tables and none of their rows. A server without tokens answers to this machine alone, and
takes any password.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Final, NamedTuple

from submeter.server.clickhouse_exception import ClickhouseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from submeter.server.principal import Principal, Principals

READERS: Final = frozenset({"default", "reader", ""})
WRITER: Final = "writer"


class Client(NamedTuple):
    """Who a client is and what it may: whether it inserts, and the services whose rows it sees (`None`: all)."""

    principal: Principal
    may_insert: bool
    services: tuple[str, ...] | None


def client_of(headers: Mapping[str, str], parameters: Mapping[str, str], principals: Principals) -> Client:
    """What the request's sender may.

    Raises:
        ClickhouseError: the user is not known, or shows no token.
    """
    user, password = _credentials(headers, parameters)
    principal = principals.of(f"Bearer {password}") if user in READERS or user == WRITER else None
    if principal is None:
        raise ClickhouseError(
            516,
            f"{user or 'default'}: Authentication failed: the users are 'default' (reads) and 'writer' (inserts too); "
            "where the server asks for tokens the password is one (SUBMETER_TOKEN, or of the tokens file)",
            "AUTHENTICATION_FAILED",
        )
    services = principal.services if principal.may("reader") else ()
    return Client(principal, user == WRITER and principal.may("writer"), services)


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
