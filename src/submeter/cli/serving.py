"""`submeter up`: the server, in the foreground."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from submeter import settings
from submeter.cli.failure import CommandError
from submeter.server.options import GRPC_PORT, HTTP_PORT, OptionError, Options

_LAST_PORT = 65535


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter up`."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=_port, default=HTTP_PORT, help="HTTP port: OTLP, REST, page (default: %(default)s)"
    )
    parser.add_argument(
        "--grpc-port",
        type=_grpc_port,
        default=GRPC_PORT,
        help="OTLP/gRPC port, or 'off' (default: %(default)s)",
    )
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--data", metavar="DIR", help=f"data folder (default: {settings.data_home()})")
    place.add_argument("--store", metavar="URL", default="", help="database, such as clickhouse://host/db")
    parser.add_argument("--quiet", action="store_true", help="print errors only")


def run(arguments: argparse.Namespace) -> int:
    """Serves until SIGINT or SIGTERM."""
    logging.basicConfig(level=logging.ERROR if arguments.quiet else logging.WARNING, format="submeter: %(message)s")
    if not arguments.quiet:
        logging.getLogger("submeter.server").setLevel(logging.INFO)
    from submeter.server.process import ServerError, up  # noqa: PLC0415  (the engine takes half a second to load)
    from submeter.store import StoreError  # noqa: PLC0415  (the same)

    options = Options(
        folder=Path(arguments.data or settings.data_home()).expanduser(),
        host=arguments.host,
        port=arguments.port,
        grpc_port=arguments.grpc_port,
        store=arguments.store,
        token=settings.api_token(),
    )
    try:
        up(options)
    except (OptionError, ServerError, StoreError) as error:
        raise CommandError(str(error)) from error
    return 0


def _port(text: str) -> int:
    if text.isdecimal() and int(text) <= _LAST_PORT:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no port: use a number from 0 (any free one) to {_LAST_PORT}")


def _grpc_port(text: str) -> int | None:
    return None if text.lower() == "off" else _port(text)
