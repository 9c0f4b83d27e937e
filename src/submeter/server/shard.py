"""The process of `submeter evaluate`: receiver, journal and evaluator of one shard until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
from typing import TYPE_CHECKING

from submeter.evaluator import SERVER_BOUNDS, Evaluator
from submeter.server.app import build_shard
from submeter.server.intake import Intake
from submeter.server.journal import Journal
from submeter.server.principal import Principals
from submeter.server.ruling import Ruling
from submeter.server.serving import Listeners, Parts, ServerError, bound, make_folder, sending, serve
from submeter.server.sharding import ShardWatching, ShardWriting
from submeter.store import open_store

if TYPE_CHECKING:
    from pathlib import Path

    from submeter.server.counters import Counters
    from submeter.server.options import Options


def evaluate(options: Options, shard: tuple[int, int]) -> None:
    """Runs one shard of several evaluators until SIGINT or SIGTERM: number and count, from 1.

    Without `options.store` the shard knows what it was sent, and nothing else.

    Raises:
        ServerError: a port or the folder cannot be used.
        OptionError, StoreError, RuleFileError, SettingError, SinkSettingError: as for `up`.
    """
    options.check()
    principals = Principals(options.token, options.tokens_file, options.limits.questions_per_second)
    ruling = Ruling(options.folder)
    make_folder(options.folder)
    with contextlib.ExitStack() as stack:
        _lock(options.folder, stack)
        listeners = Listeners(stack.enter_context(bound(options.host, options.port, "--port")), None)
        store = open_store(options.store, is_read=True) if options.store else None
        if store is not None:
            stack.callback(store.close)
        outbox, couriers = sending(options, ruling, stack)
        journal = Journal(options.folder)
        stack.callback(journal.close)
        evaluator = Evaluator(ruling.rules, bounds=SERVER_BOUNDS)
        watching = ShardWatching(
            evaluator, options.folder, ruling, couriers, journal=journal, outbox=outbox, store=store, shard=shard
        )

        def parts(counters: Counters) -> Parts:
            intake = Intake(ShardWriting(journal), watching, options.limits, counters, options.folder)
            return Parts(intake, principals, build_shard(options, principals, intake, counters))

        asyncio.run(serve(options, listeners, parts))


def _lock(folder: Path, stack: contextlib.ExitStack) -> None:
    file = stack.enter_context((folder / ".lock").open("w"))
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise ServerError(
            f"another submeter process works in {folder}; stop it first, or choose another folder with --data DIR"
        ) from error
