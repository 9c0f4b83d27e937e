"""Serving: ports, folder, signals and the life of a server process, whatever it serves.

The ports come first, because a port in use is the cheapest thing to find out; what other programs look for (the
presence file, the printed line) last, when everything answers.
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

from submeter.server.counters import Counters
from submeter.server.couriers import Couriers
from submeter.server.options import CLICKHOUSE_PORT
from submeter.server.otlp_grpc import OtlpGrpc
from submeter.server.outbox import Outbox
from submeter.server.patience import PatientProtocol
from submeter.server.presence import announce, this_process, withdraw

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from starlette.types import ASGIApp

    from submeter.server.feed import Feed
    from submeter.server.intake import Intake
    from submeter.server.options import Options
    from submeter.server.principal import Principals
    from submeter.server.ruling import Ruling

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


class Listeners(NamedTuple):
    """The sockets that are listened on: for OTLP, REST and the page, and for ClickHouse's clients."""

    http: socket.socket
    clickhouse: socket.socket | None

    @property
    def ports(self) -> tuple[int, int | None]:
        """Their ports."""
        return self.http.getsockname()[1], self.clickhouse.getsockname()[1] if self.clickhouse else None


class Parts(NamedTuple):
    """What a server is made of: the intake, who may speak to it, the web applications, and who is told live."""

    intake: Intake
    principals: Principals
    app: ASGIApp
    clickhouse: ASGIApp | None = None
    feed: Feed | None = None


def make_folder(folder: Path) -> None:
    """Makes the data folder.

    Raises:
        ServerError: it cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ServerError(
            f"the data folder {folder} cannot be written ({error.strerror}); choose another with --data DIR"
        ) from error


def bound(host: str, port: int, option: str) -> socket.socket:
    """A socket that listens; `option` is the one that chooses another port.

    Raises:
        ServerError: the port cannot be used.
    """
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


def sending(options: Options, ruling: Ruling, stack: contextlib.ExitStack) -> tuple[Outbox, Couriers]:
    """The outbox of the folder, which must be this process's alone by now, and the couriers of the ruling's sinks."""
    outbox = Outbox(options.folder)
    stack.callback(outbox.close)
    couriers = Couriers(outbox, ruling.sinks)
    stack.callback(couriers.stop)
    return outbox, couriers


async def serve(options: Options, listeners: Listeners, parts: Callable[[Counters], Parts]) -> None:
    """Serves what `parts` makes until SIGINT or SIGTERM, then lets the intake finish.

    Raises:
        ServerError: the gRPC port cannot be used.
    """
    counters = Counters()
    made = parts(counters)
    server = _Http(_config(made.app))
    running = [(server, listeners.http)]
    if listeners.clickhouse is not None and made.clickhouse is not None:
        running.append((_Http(_config(made.clickhouse)), listeners.clickhouse))
    grpc = OtlpGrpc(made.intake, options.limits, counters, made.principals)
    made.intake.start()
    try:
        grpc_port = await _started(grpc, options)
        server.on_listening = partial(_tell, options, *listeners.ports, grpc_port)
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, _stop, [http for http, _ in running], made.feed)
        await asyncio.gather(*(http.serve(sockets=[listener]) for http, listener in running))
    finally:
        await grpc.stop()
        await made.intake.close()
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


def _stop(servers: list[_Http], feed: Feed | None) -> None:
    if feed is not None:
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
