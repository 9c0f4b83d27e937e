"""StandIn: the stand-in provider as an object that is started, scripted, asked for its ledger, and stopped."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, replace
from http.server import ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from .faults import Fault
from .handler import Handler
from .ledger import Entry, Ledger, Totals
from .memory import Memory

if TYPE_CHECKING:
    from types import TracebackType


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], standin: StandIn) -> None:
        self.standin = standin
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(address, Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that left is no error of ours; anything else is shown as the base class does."""
        import sys  # noqa: PLC0415  (only for the rare failure)

        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def hang_up_all(self) -> None:
        with self._guard:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue


@dataclass
class _Rule:
    fault: Fault
    path: str
    contains: bytes
    left: int


class StandIn:
    """A provider on a loopback socket, speaking OpenAI's and Anthropic's formats.

    `models` adds models by name and context window in tokens; `keep` is how many requests the ledger holds.
    Use it as a context manager, or `start()` and `stop()`. Port 0 takes a free one.
    """

    def __init__(
        self, *, host: str = "127.0.0.1", port: int = 0, models: dict[str, int] | None = None, keep: int = 20_000
    ) -> None:
        self._address = (host, port)
        self._models = dict(models or {})
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self.book = Ledger(keep)
        self.memory = Memory(self._models)
        self.stopping = threading.Event()

    def start(self) -> Self:
        """Listens and serves from a thread of its own.

        Raises:
            OSError: the port is taken.
        """
        self._server = _Server(self._address, self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="standin", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Hangs up on everybody and waits until every thread has ended. Stopping twice is harmless."""
        server, self._server = self._server, None
        if server is None:
            return
        self.stopping.set()
        server.shutdown()
        server.hang_up_all()
        server.server_close()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """`http://host:port`, without a path; what ANTHROPIC_BASE_URL takes."""
        if self._server is None:
            raise RuntimeError("the stand-in is not running: use `with StandIn() as provider`")
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def openai_url(self) -> str:
        """What OPENAI_BASE_URL takes."""
        return f"{self.url}/v1"

    def environment(self) -> dict[str, str]:
        """The variables that make both SDKs talk to this stand-in."""
        return {
            "OPENAI_BASE_URL": self.openai_url,
            "OPENAI_API_KEY": "standin",
            "ANTHROPIC_BASE_URL": self.url,
            "ANTHROPIC_API_KEY": "standin",
        }

    @property
    def ledger(self) -> list[Entry]:
        """Every request so far, oldest first."""
        return self.book.entries()

    def totals(self) -> Totals:
        """Calls with usage and their tokens, as sent."""
        return self.book.totals()

    def reset(self) -> None:
        """Forgets the ledger, the caches and what was scripted."""
        self.book.clear()
        self.memory = Memory(self._models)
        with self._lock:
            self._rules.clear()

    def script(self, fault: str, *, path: str = "", contains: str = "") -> None:
        """Plays `fault` on the next request, or the next `times=N`, whose path and body contain these texts.

        Raises:
            FaultError: the text is not understood.
        """
        parsed = Fault.parse(fault)
        rule = _Rule(replace(parsed, times=0), path, contains.encode(), parsed.times or 1)
        with self._lock:
            self._rules.append(rule)

    def scripted(self, path: str, raw: bytes) -> Fault:
        """The fault that is due for this request; takes it off the script."""
        with self._lock:
            for rule in self._rules:
                if rule.left and rule.path in path and rule.contains in raw:
                    rule.left -= 1
                    return rule.fault
        return Fault()
