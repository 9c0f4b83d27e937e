"""`submeter token`: makes a token for a reader, a writer or an admin, and the lines for the tokens file."""

from __future__ import annotations

import secrets
import sys
from typing import TYPE_CHECKING, Final

from submeter.cli import narrowing

if TYPE_CHECKING:
    import argparse

_BYTES: Final = 32


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of `submeter token`."""
    parser.add_argument("name", help="whose token it is; named in the audit of erasures")
    parser.add_argument("--role", choices=("reader", "writer", "admin"), default="reader", help="default: %(default)s")
    parser.add_argument(
        "--service",
        type=narrowing.text,
        action="append",
        default=[],
        metavar="NAME",
        help="the only services a reader sees",
    )


def run(arguments: argparse.Namespace) -> int:
    """Prints the token once; the file holds its hash alone, one entry of its list after the other."""
    from yaml import safe_dump  # noqa: PLC0415  (needed by this command alone)

    from submeter.cli.failure import UsageError  # noqa: PLC0415  (the same)
    from submeter.server.principal import LONGEST_NAME, hashed  # noqa: PLC0415  (the same)

    if arguments.service and arguments.role != "reader":
        raise UsageError("only a reader can be kept to services", "leave --service out or use --role reader")
    if not 0 < len(arguments.name) <= LONGEST_NAME:
        raise UsageError(f"a token's name has 1 to {LONGEST_NAME} letters", "choose another")
    token = f"submeter-{secrets.token_urlsafe(_BYTES)}"
    entry = {"name": arguments.name, "role": arguments.role, "hash": hashed(token)}
    if arguments.service:
        entry["services"] = arguments.service
    sys.stderr.write(f"the token, shown this once: {token}\nadd to the file that `submeter up --tokens FILE` reads:\n")
    sys.stdout.write(safe_dump([entry], sort_keys=False, allow_unicode=True))
    return 0
