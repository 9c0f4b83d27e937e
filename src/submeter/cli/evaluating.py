"""`submeter evaluate`: one evaluator of several, each of which gets the calls of its own users."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from submeter import settings
from submeter.cli import serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from submeter.server.options import Options

HTTP_PORT = 4328
GRPC_PORT = 4327


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter evaluate`."""
    serving.add_listening(parser, "HTTP port: OTLP", HTTP_PORT, GRPC_PORT)
    parser.add_argument(
        "--shard",
        type=_shard,
        default=(1, 1),
        metavar="N/ALL",
        help="which of how many this one is, such as 1/2 (default: 1/1)",
    )
    parser.add_argument(
        "--data", metavar="DIR", help="folder of this shard alone (default: shard-N in the user's data folder)"
    )
    parser.add_argument(
        "--store", metavar="URL", default="", help="database to learn the past from, such as clickhouse://host/db"
    )
    parser.set_defaults(clickhouse_port=None, tokens=None)
    serving.add_limits(parser)


def run(arguments: argparse.Namespace) -> int:
    """Evaluates until SIGINT or SIGTERM."""
    number, _ = shard = arguments.shard
    folder = Path(arguments.data) if arguments.data else Path(settings.data_home()) / f"shard-{number}"

    def load() -> Callable[[Options], None]:
        from submeter.server.shard import evaluate  # noqa: PLC0415  (takes half a second to load)

        return partial(evaluate, shard=shard)

    return serving.serve(arguments, folder, load)


def _shard(text: str) -> tuple[int, int]:
    number, _, count = text.partition("/")
    if number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count):
        return int(number), int(count)
    raise argparse.ArgumentTypeError(f"{text!r} is no shard: write which of how many it is, such as 1/2")
