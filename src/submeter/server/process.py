"""The server process: opens its ports and its store, serves until it is told to stop, leaves nothing undone.

The ports come first, because a port in use is the cheapest thing to find out; the store second; what other
programs look for (the presence file, the printed line) last, when everything answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import uvicorn

from submeter.evaluator import SERVER_BOUNDS, Evaluator
from submeter.evaluator.rulefile import configured_rules
from submeter.server.app import build, build_clickhouse
from submeter.server.counters import Counters
from submeter.server.feed import Feed
from submeter.server.intake import Intake
from submeter.server.options import CLICKHOUSE_PORT
from submeter.server.otlp_grpc import OtlpGrpc
from submeter.server.patience import PatientProtocol
from submeter.server.presence import announce, this_process, withdraw
from submeter.server.principal import Principals
from submeter.server.watching import Watching
from submeter.server.writing import Writing
from submeter.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from submeter.server.options import Options
    from submeter.store.database import Store

_GRACE_S = 10
_BACKLOG = 1024
_CONNECTIONS = 1024
_IDLE_S = 30
_MOST_HEARD = 1024
_PORT_IN_USE = (
    "cannot listen on {}:{} ({}); another submeter or a collector may be running there, "
    "choose another port with {} (0 takes any free one)"
)


class ServerError(Exception):
    """The server cannot run; the message says why and what to do."""


class _Http(uvicorn.Server):
    """uvicorn without its own signal handlers, telling when it listens."""

    on_listening: Callable[[], None] = staticmethod(lambda: None)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leaves the signals to `_serve`: uvicorn would raise them again at the end, and the exit code be theirs."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listens, then tells."""
        await super().startup(sockets)
        self.on_listening()


def up(options: Options) -> None:
    """Runs a server until SIGINT or SIGTERM.

    Raises:
        ServerError: a port or the folder cannot be used.
        OptionError: the options do not go together.
        StoreError: the store cannot be opened.
        RuleFileError: the rules file cannot be used.
        SettingError: a variable cannot be used.
    """
    options.check()
    principals = Principals(options.token, options.tokens_file)
    evaluator = Evaluator(configured_rules(), bounds=SERVER_BOUNDS)
    _make_folder(options.folder)
    with contextlib.ExitStack() as stack:
        listeners = _Listeners(
            stack.enter_context(_bound(options.host, options.port, "--port")), _clickhouse_listener(options, stack)
        )
        store = open_store(options.store_url)
        stack.callback(store.close)
        asyncio.run(_serve(options, principals, listeners, store, evaluator))


class _Listeners(NamedTuple):
    """The sockets that are listened on: for OTLP, REST and the page, and for ClickHouse's clients."""

    http: socket.socket
    clickhouse: socket.socket | None

    @property
    def ports(self) -> tuple[int, int | None]:
        """Their ports."""
        return self.http.getsockname()[1], self.clickhouse.getsockname()[1] if self.clickhouse else None


def _clickhouse_listener(options: Options, stack: contextlib.ExitStack) -> socket.socket | None:
    port = options.clickhouse_port
    is_for_tokens = options.tokens_file is not None and not options.token
    if port is None or not options.is_embedded or is_for_tokens:  # it knows one token, and no services
        return None
    try:
        number = CLICKHOUSE_PORT if port == "auto" else port
        return stack.enter_context(_bound(options.host, number, "--clickhouse-port"))
    except ServerError:
        if port != "auto":
            raise
        return None


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ServerError(
            f"the data folder {folder} cannot be written ({error.strerror}); choose another with --data DIR"
        ) from error


def _bound(host: str, port: int, option: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host.strip("[]"), port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ServerError(_PORT_IN_USE.format(host, port, reason, option)) from error
    return listener


async def _serve(
    options: Options, principals: Principals, listeners: _Listeners, store: Store, evaluator: Evaluator
) -> None:
    counters = Counters()
    watching = Watching(store, evaluator, options.folder)
    intake = Intake(Writing(store), watching, options.limits, counters, options.folder if options.is_embedded else None)
    feed = Feed()
    intake.on_stored, watching.on_said = feed.stored, feed.said
    server = _Http(_config(build(options, principals, store, intake, counters, feed)))
    running = [(server, listeners.http)]
    if listeners.clickhouse is not None:
        endpoint = build_clickhouse(options, store, intake, counters)
        running.append((_Http(_config(endpoint)), listeners.clickhouse))
    grpc = OtlpGrpc(intake, options.limits, counters, principals)
    intake.start()
    try:
        grpc_port = await _started(grpc, options)
        server.on_listening = partial(_tell, options, *listeners.ports, grpc_port)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, _stop, [http for http, _ in running], feed)
        await asyncio.gather(*(http.serve(sockets=[listener]) for http, listener in running))
    finally:
        await grpc.stop()
        await intake.close()
        withdraw(options.folder)


async def _started(grpc: OtlpGrpc, options: Options) -> int | None:
    if options.grpc_port is None:
        return None
    try:
        return await grpc.start(f"{_bracketed(options.host)}:{options.grpc_port}")
    except OSError as error:
        raise ServerError(_PORT_IN_USE.format(options.host, options.grpc_port, "gRPC", "--grpc-port")) from error


def _tell(options: Options, port: int, clickhouse_port: int | None, grpc_port: int | None) -> None:
    url = f"http://{_bracketed(options.host)}:{port}"
    announce(options.folder, this_process(url, grpc_port, clickhouse_port))
    ports = f", OTLP/gRPC on port {grpc_port}" if grpc_port is not None else ""
    if clickhouse_port is not None:
        ports += f", ClickHouse on port {clickhouse_port}"
    elif options.is_embedded and options.clickhouse_port == "auto":
        ports += f", no ClickHouse endpoint (port {CLICKHOUSE_PORT} is taken: choose one with --clickhouse-port)"
    sys.stdout.write(f"submeter is up on {url}{ports}; data in {options.store or options.folder}\n")
    sys.stdout.flush()


def _bracketed(host: str) -> str:
    return f"[{host.strip('[]')}]" if ":" in host else host


def _stop(servers: list[_Http], feed: Feed) -> None:
    feed.end()
    for server in servers:
        if server.should_exit:
            server.force_exit = True
        server.should_exit = True


def _config(app: object) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # pyright: ignore[reportArgumentType]
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=True,
        limit_concurrency=_CONNECTIONS,
        timeout_graceful_shutdown=_GRACE_S,
        http=PatientProtocol,
        ws="websockets-sansio",
        ws_max_size=_MOST_HEARD,
        timeout_keep_alive=_IDLE_S,
    )
