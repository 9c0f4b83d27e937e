"""Ways to speak to the ClickHouse endpoint: clickhouse-connect, and requests made by hand."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import clickhouse_connect
from tests.server.running import Answer

if TYPE_CHECKING:
    from tests.server.running import RunningServer


def client(server: RunningServer, user: str = "default", **more: Any) -> Any:
    connect: Any = clickhouse_connect.get_client  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return connect(host="127.0.0.1", port=server.clickhouse_port, username=user, database="otel", **more)


def ask(
    server: RunningServer, body: bytes = b"", headers: dict[str, str] | None = None, /, **parameters: str
) -> Answer:
    url = f"http://127.0.0.1:{server.clickhouse_port}/?{urlencode(parameters)}"
    request = urllib.request.Request(url, body or None, headers or {})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310  (the same)
            return Answer(response.status, response.read(), _lower(response.headers))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read(), _lower(error.headers))


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
