"""One request to the ClickHouse endpoint, as far as it is read before anybody acts on it."""

from __future__ import annotations

from typing import Final, NamedTuple

from submeter.server.clickhouse_exception import ClickhouseError
from submeter.server.clickhouse_statement import DATABASE, settings_of

_TRANSPORT: Final = frozenset(
    {
        "query",
        "user",
        "password",
        "database",
        "default_format",
        "query_id",
        "session_id",
        "session_timeout",
        "session_check",
        "compress",
        "decompress",
        "client_protocol_version",
        "network_compression_method",
        "network_zstd_compression_level",
        "quota_key",
        "role",
        "stacktrace",
        "buffer_size",
    }
)
"""What parameters of a URL say about the exchange, and not about the statement."""

_BOUND: Final = "param_"


class Asked(NamedTuple):
    """One request as far as it is read: its parameters by name, headers in lower case, statement and data."""

    parameters: dict[str, str]
    headers: dict[str, str]
    text: bytes
    is_reading: bool

    @property
    def database(self) -> str:
        """Whose tables a bare name means."""
        named = self.parameters.get("database") or self.headers.get("x-clickhouse-database", "")
        return DATABASE if named in {"", "default"} else named

    @property
    def output_format(self) -> str:
        """The format of an answer that the statement names none for."""
        named = self.headers.get("x-clickhouse-format") or self.parameters.get("default_format")
        return named or "TabSeparated"

    @property
    def query(self) -> str:
        """The statement, where no data follow it.

        Raises:
            ClickhouseError: it is not UTF-8.
        """
        try:
            return self.text.decode()
        except UnicodeDecodeError as error:
            raise ClickhouseError(62, "the statement is not UTF-8", "SYNTAX_ERROR") from error

    def bound(self) -> dict[str, str]:
        """The values of the statement's parameters, escaped as the engine takes them."""
        given = self.parameters.items()
        return {name.removeprefix(_BOUND): value for name, value in given if name.startswith(_BOUND)}

    def settings(self) -> dict[str, str]:
        """What else is set, for the engine.

        Raises:
            ClickhouseError: a setting is not taken here.
        """
        given = self.parameters.items()
        return settings_of(
            {name: value for name, value in given if name not in _TRANSPORT and not name.startswith(_BOUND)}
        )
