"""`submeter up`: the server, in the foreground."""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from submeter import settings
from submeter.cli.failure import CommandError
from submeter.server.options import CLICKHOUSE_PORT, GRPC_PORT, HTTP_PORT, Limits, OptionError, Options

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_BYTES: Final = 2**31 - 1
"""Of a body: what protobuf and gRPC take at most."""
_LAST_PORT = 65535


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter up`."""
    add_listening(parser, "HTTP port: OTLP, REST, page", HTTP_PORT, GRPC_PORT)
    parser.add_argument(
        "--clickhouse-port",
        type=_clickhouse_port,
        default="auto",
        metavar="PORT",
        help=f"port for ClickHouse's clients (HTTP), or 'off' (default: {CLICKHOUSE_PORT} if it is free)",
    )
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--data", metavar="DIR", help=f"data folder (default: {settings.data_home()})")
    place.add_argument("--store", metavar="URL", default="", help="database, such as clickhouse://host/db")
    parser.add_argument("--tokens", metavar="FILE", help="tokens of readers, writers and admins (see `submeter token`)")
    add_limits(parser)


def add_listening(parser: argparse.ArgumentParser, purpose: str, http: int, grpc: int) -> None:
    """The options that say where a server listens."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=http, help=f"{purpose} (default: %(default)s)")
    parser.add_argument(
        "--grpc-port", type=_grpc_port, default=grpc, help="OTLP/gRPC port, or 'off' (default: %(default)s)"
    )


def add_limits(parser: argparse.ArgumentParser) -> None:
    """The options that limit what a server takes in, and what it prints."""
    limits = parser.add_argument_group("limits")
    limits.add_argument("--max-body", type=_body, metavar="BYTES", help="a request's body, unpacked")
    limits.add_argument("--max-queue", type=_number, metavar="BYTES", help="all requests that wait to be stored")
    limits.add_argument("--max-rate", type=_number, metavar="N", help="spans, log records and data points a second")
    limits.add_argument("--max-questions", type=_number, metavar="N", help="questions a second, for each token")
    limits.add_argument("--max-wait", type=_number, metavar="SECONDS", help="for a request's body to arrive")
    parser.add_argument("--quiet", action="store_true", help="print errors only")


def run(arguments: argparse.Namespace) -> int:
    """Serves until SIGINT or SIGTERM."""
    return serve(arguments, Path(arguments.data or settings.data_home()), _up)


def _up() -> Callable[[Options], None]:
    from submeter.server.process import up  # noqa: PLC0415  (the engine takes half a second to load)

    return up


def serve(arguments: argparse.Namespace, folder: Path, load: Callable[[], Callable[[Options], None]]) -> int:
    """Runs the server that `load` gives over `folder` until it ends.

    Raises:
        CommandError: it cannot run.
    """
    _log_to_stderr(is_quiet=arguments.quiet)
    if not settings.variable("GRPC_VERBOSITY"):
        settings.set_variable("GRPC_VERBOSITY", "NONE")
    from submeter.evaluator.rulefile import RuleFileError  # noqa: PLC0415  (the same)
    from submeter.server.serving import ServerError  # noqa: PLC0415  (the same)
    from submeter.server.sinks import SinkSettingError  # noqa: PLC0415  (the same)
    from submeter.store import StoreError  # noqa: PLC0415  (the same)

    options = Options(
        folder=folder.expanduser(),
        host=arguments.host,
        port=arguments.port,
        grpc_port=arguments.grpc_port,
        clickhouse_port=arguments.clickhouse_port,
        store=arguments.store,
        token=settings.api_token(),
        tokens_file=Path(arguments.tokens).expanduser() if arguments.tokens else None,
        limits=_limits(arguments),
    )
    try:
        load()(options)
    except (OptionError, ServerError, StoreError, RuleFileError, SinkSettingError, settings.SettingError) as error:
        raise CommandError(str(error)) from error
    return 0


def _log_to_stderr(*, is_quiet: bool) -> None:
    """Our own lines, and the errors of the web server; what libraries say besides only hides them."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("submeter: %(message)s"))
    logging.getLogger().addHandler(logging.NullHandler())
    for name, level in (("submeter", logging.INFO), ("uvicorn", logging.ERROR), ("asyncio", logging.ERROR)):
        logger = logging.getLogger(name)
        logger.setLevel(logging.ERROR if is_quiet else level)
        logger.addHandler(handler)


def _limits(arguments: argparse.Namespace) -> Limits:
    given = {
        "body_bytes": arguments.max_body,
        "queue_bytes": arguments.max_queue,
        "items_per_second": arguments.max_rate,
        "body_seconds": arguments.max_wait,
        "questions_per_second": arguments.max_questions,
    }
    return replace(Limits(), **{name: number for name, number in given.items() if number is not None})


def _body(text: str) -> int:
    if (size := _number(text)) <= _MOST_BYTES:
        return size
    raise argparse.ArgumentTypeError(f"{size:,} bytes are too many: use at most {_MOST_BYTES:,}")


def _number(text: str) -> int:
    if text.isascii() and text.isdecimal() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no whole number above 0")


def _port(text: str) -> int:
    if text.isdecimal() and int(text) <= _LAST_PORT:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no port: use a number from 0 (any free one) to {_LAST_PORT}")


def _grpc_port(text: str) -> int | None:
    return None if text.lower() == "off" else _port(text)


def _clickhouse_port(text: str) -> int | Literal["auto"] | None:
    return "auto" if text.lower() == "auto" else _grpc_port(text)
