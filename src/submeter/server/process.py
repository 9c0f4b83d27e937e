"""The process of `submeter up`: receiver, store, evaluator, questions and page until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from submeter.evaluator import SERVER_BOUNDS, Evaluator
from submeter.server.app import build, build_clickhouse
from submeter.server.feed import Feed
from submeter.server.intake import Intake
from submeter.server.limiting import Limiting
from submeter.server.options import CLICKHOUSE_PORT
from submeter.server.principal import Principals
from submeter.server.ruling import Ruling
from submeter.server.serving import Listeners, Parts, ServerError, bound, make_folder, sending, serve
from submeter.server.watching import Watching
from submeter.server.writing import Writing
from submeter.store import open_store

if TYPE_CHECKING:
    import socket

    from submeter.server.counters import Counters
    from submeter.server.options import Options

_log = logging.getLogger(__name__)


def up(options: Options) -> None:
    """Runs a server until SIGINT or SIGTERM.

    Raises:
        ServerError: a port or the folder cannot be used.
        OptionError: the options do not go together.
        StoreError: the store cannot be opened.
        RuleFileError: the rules file cannot be used.
        SettingError: a variable cannot be used.
        SinkSettingError: a variable that a sink names is not set.
    """
    options.check()
    principals = Principals(options.token, options.tokens_file, options.limits.questions_per_second)
    ruling = Ruling(options.folder)
    make_folder(options.folder)
    with contextlib.ExitStack() as stack:
        listeners = Listeners(
            stack.enter_context(bound(options.host, options.port, "--port")), _clickhouse_listener(options, stack)
        )
        store = open_store(options.store_url, progress=_tell_upgrade)
        stack.callback(store.close)
        _, couriers = sending(options, ruling, stack)
        evaluator = Evaluator(ruling.rules, bounds=SERVER_BOUNDS)
        watching = Watching(store, evaluator, options.folder, ruling, couriers)

        def parts(counters: Counters) -> Parts:
            folder = options.folder if options.is_embedded else None
            intake = Intake(Writing(store), watching, options.limits, counters, folder)
            feed = Feed()
            intake.on_stored, watching.on_said = feed.stored, feed.said
            app = build(options, principals, store, intake, counters, feed, Limiting(ruling, watching))
            has_endpoint = listeners.clickhouse is not None
            endpoint = build_clickhouse(options, principals, store, intake, counters) if has_endpoint else None
            return Parts(intake, principals, app, endpoint, feed)

        asyncio.run(serve(options, listeners, parts))


def _tell_upgrade(table: str, share: float) -> None:
    _log.info("bringing %s up to date with the calls stored before, once: %.0f %%", table, share * 100)


def _clickhouse_listener(options: Options, stack: contextlib.ExitStack) -> socket.socket | None:
    port = options.clickhouse_port
    if port is None or not options.is_embedded:
        return None
    try:
        number = CLICKHOUSE_PORT if port == "auto" else port
        return stack.enter_context(bound(options.host, number, "--clickhouse-port"))
    except ServerError:
        if port != "auto":
            raise
        return None
