"""The embedded engine: ClickHouse inside this process, over a folder that one process at a time may open.

Blocks go in from a memory file, never by the engine's streaming insert, which reports success on a full
disk (chdb-core 26.9). One connection writes, under a lock; readers take connections of their own from a
pool, and those are read-only.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections import defaultdict
from contextlib import contextmanager
from functools import partial
from string import Template
from typing import TYPE_CHECKING, Any, Final

from submeter.store import sql
from submeter.store.advice import change_refused, is_full, question_refused
from submeter.store.errors import (
    QuestionRefused,
    StoreError,
    StoreFull,
    StoreInUse,
    StoreMissing,
    WriteRefused,
)
from submeter.store.folder import prepare, refuse_in_use
from submeter.store.parameters import parameter_texts
from submeter.store.reading import LIMITS, refuse_harmful, rows_of
from submeter.store.scope import table_filters

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

READERS: Final = 8
"""How many questions run at the same time; further ones wait."""

_LOST: Final = "Code: 6. DB::Exception: data cannot be read, and what is said of them is no UTF-8 (CANNOT_PARSE_TEXT)"

_writers: dict[str, threading.RLock] = {}


class ChdbEngine:
    """The engine over one folder. A process has one folder open at a time; several engines may share it."""

    def __init__(self, folder: Path) -> None:
        """Opens the store in `folder`, making it if needed.

        Raises:
            StoreMissing: chdb-core is not installed.
            StoreInUse: another process has the folder open.
            StoreError: the folder cannot be used, or this process has another store open.
        """
        try:
            with _left_out("pyarrow"):
                from chdb.state.sqlitelike import Connection  # noqa: PLC0415  (0.4 s and 300 MB: who opens a store pays)
        except ImportError as error:
            raise StoreMissing(
                "the embedded store needs chdb-core: pip install 'submeter[server]' "
                "(Linux and macOS; elsewhere use a clickhouse:// store)"
            ) from error
        configuration = prepare(folder)
        self.folder = folder
        self._pid = os.getpid()
        self._url = f"{folder / 'data'}?config-file={configuration}"
        self._connect: Any = Connection
        self._lock = _writers.setdefault(str(folder.resolve()), threading.RLock())
        self._idle = defaultdict[tuple[str, ...] | None, queue.LifoQueue[Any]](queue.LifoQueue)
        self._slots = threading.BoundedSemaphore(READERS)
        self._is_closed = False
        self._writer = self._opened()
        self.run(sql.statement("set_writer"))

    def run(self, statement: str, parameters: Mapping[str, object] | None = None) -> None:
        """See `Engine.run`."""
        with self._lock:
            self._execute(self._writing(), statement, parameters or {}, WriteRefused)

    def insert(self, table: str, block: bytes, token: str) -> None:
        """See `Engine.insert`."""
        with self._lock, _memory_file(block) as descriptor:
            writer = self._writing()
            self._execute(writer, sql.statement("set_token"), {"token": token}, WriteRefused)
            insert = Template(sql.statement("insert_block")).substitute(table=table, descriptor=descriptor)
            self._execute(writer, insert, {}, WriteRefused)

    def rows(
        self, query: str, parameters: Mapping[str, object], services: tuple[str, ...] | None = None
    ) -> list[dict[str, Any]]:
        """See `Engine.rows`."""
        return rows_of(self._ask(query, parameters, "JSONCompact", services))

    def raw(
        self,
        query: str,
        parameters: Mapping[str, object],
        output_format: str,
        services: tuple[str, ...] | None = None,
    ) -> bytes:
        """See `Engine.raw`."""
        return self._ask(query, parameters, output_format, services)

    def read(self, query: str, parameters: Mapping[str, object], output_format: str) -> bytes:
        """See `Engine.read`."""
        formatted = rows_of(self._ask(sql.statement("format"), {"query": query}, "JSONCompact"))
        refuse_harmful(str(formatted[0]["text"]))
        return self._ask(query, parameters, output_format)

    @contextmanager
    def session(self, refusal: type[StoreError]) -> Generator[Callable[..., Any]]:
        """A connection that nobody else has had or will have, as a function of statement, parameters and format.

        It is the writer's equal until it says otherwise, and takes a reader's turn. Parameters are texts that
        are escaped already; the function returns the engine's own answer.
        """
        with self._slots:
            self._refuse_unusable()
            connection = self._opened()
            try:
                yield partial(self._answered, connection, refusal)
            finally:
                connection.close()

    def held(self, data: bytes) -> AbstractContextManager[int]:
        """A memory file with `data` in it, as its descriptor."""
        return _memory_file(data)

    def close(self) -> None:
        """See `Engine.close`."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            self._writer.close()
        for _ in range(READERS):
            self._slots.acquire()
        for idle in self._idle.values():
            while not idle.empty():
                idle.get_nowait().close()
        for _ in range(READERS):
            self._slots.release()

    def _ask(
        self,
        query: str,
        parameters: Mapping[str, object],
        output_format: str,
        services: tuple[str, ...] | None = None,
    ) -> bytes:
        with self._reader(services) as reader:
            return self._execute(reader, query, parameters, QuestionRefused, output_format)

    @contextmanager
    def _reader(self, services: tuple[str, ...] | None) -> Generator[Any]:
        """A read-only connection that shows the rows of `services` alone, if given; it stays theirs."""
        with self._slots:
            self._refuse_unusable()
            try:
                reader = self._idle[services].get_nowait()
            except queue.Empty:
                reader = self._opened()
                if services is not None:
                    scope = Template(sql.statement("set_scope")).substitute(filters=table_filters(services))
                    self._execute(reader, scope, {}, StoreError)
                self._execute(reader, sql.statement("set_reader"), LIMITS, StoreError)
            try:
                yield reader
            except BaseException:
                reader.close()  # chdb-core 26.9 would put what a failed query left before the next one's answer
                raise
            self._idle[services].put(reader)

    def _opened(self) -> Any:
        try:
            return self._connect(self._url)
        except RuntimeError as error:
            refuse_in_use(self.folder)
            if "already initialized with path" in str(error):
                raise StoreInUse(
                    f"this process has another embedded store open already: close it before opening {self.folder}"
                ) from error
            raise StoreError(
                f"the engine cannot open {self.folder}: check that you may write there and that the disk has room, or "
                f"`submeter restore` a backup elsewhere; the engine said: {error}"
            ) from error

    def _writing(self) -> Any:
        self._refuse_unusable()
        return self._writer

    def _refuse_unusable(self) -> None:
        if self._is_closed:
            raise StoreError("the store is closed: open it again with open_store(url)")
        if self._pid != os.getpid():
            raise StoreError("the store was opened before a fork: open it in the process that uses it")

    def _execute(
        self,
        connection: Any,
        statement: str,
        parameters: Mapping[str, object],
        refusal: type[StoreError],
        output_format: str = "TSV",
    ) -> bytes:
        return self._answered(connection, refusal, statement, parameter_texts(parameters), output_format).bytes()

    def _answered(
        self,
        connection: Any,
        refusal: type[StoreError],
        statement: str,
        parameters: Mapping[str, str],
        output_format: str,
    ) -> Any:
        try:
            return connection.query(statement, output_format, params=parameters)
        except (RuntimeError, UnicodeDecodeError) as error:
            said = _said(error)
            if is_full(said):
                raise StoreFull(
                    f"no room is left on the disk of {self.folder}: free some; nothing of the batch was stored"
                ) from error
            why = question_refused if refusal is QuestionRefused else change_refused
            raise refusal(why(said, "the engine")) from error


def _said(error: RuntimeError | UnicodeDecodeError) -> str:
    """What the engine said; it quotes data as they are, and the binding (26.9) fails where these are no UTF-8.

    On Python 3.11.2 nothing is left of such words but that there was an error.
    """
    if isinstance(error, UnicodeDecodeError):
        return error.object.decode(errors="replace")
    return str(error) or _LOST


@contextmanager
def _memory_file(data: bytes) -> Generator[int]:
    descriptor = os.memfd_create("block")
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(data)
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _left_out(module: str) -> Generator[None]:
    """Keeps a module from being loaded: chdb (26.9) loads pyarrow where it finds it, which takes 0.4 s.

    What is asked for here the engine writes by itself, Arrow and Parquet too.
    """
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # pyright: ignore[reportArgumentType]  (so is a module told to be missing)
    try:
        yield
    finally:
        del sys.modules[module]
