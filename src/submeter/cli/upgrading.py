"""Shows how far a store of an older version is brought up to date, which takes seconds for each million calls."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from submeter.store.filling import Progress


@contextmanager
def shown() -> Generator[Progress]:
    """What is told how far the store is: a bar a table on stderr, made when there is something to tell."""
    upgrade = _Upgrade()
    try:
        yield upgrade.told
    finally:
        upgrade.close()


class _Upgrade:
    def __init__(self) -> None:
        self._bars: Bars | None = None
        self._tasks: dict[str, TaskID] = {}

    def told(self, table: str, share: float) -> None:
        if self._bars is None:
            from rich.console import Console  # noqa: PLC0415  (needed for the progress alone)
            from rich.progress import Progress  # noqa: PLC0415  (the same)

            console = Console(stderr=True)
            self._bars = Progress(console=console, transient=True, disable=not console.is_terminal)
            self._bars.start()
        if table not in self._tasks:
            self._tasks[table] = self._bars.add_task(f"bringing {table} up to date, once", total=1.0)
        self._bars.update(self._tasks[table], completed=share)

    def close(self) -> None:
        if self._bars is not None:
            self._bars.stop()
