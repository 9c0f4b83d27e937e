"""Reach: which of our functions a play runs through, and the switched-on submeter they are broken under."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import submeter
from faults.functions import functions
from faults.plays import plays
from metering import Metering, forget, in_memory
from submeter import catalog
from submeter.core import guard

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import CodeType

START = -1
"""Stands for switching submeter on, among the numbers of plays."""


@contextmanager
def session() -> Generator[Metering]:
    """Providers, an open session and a callback of the application, before submeter is switched on."""
    forget()
    made = in_memory()
    try:
        with submeter.session("s-1", user="u-1", operation="search", step="find", tags={"shelf": "7"}) as meter:
            assert meter.usage.calls == 0  # looked at, it counts every call at once
            submeter.on_warning(lambda _warning: None)
            yield made
    finally:
        submeter.uninstrument()
        forget()


def switch_on(made: Metering) -> None:
    """Switches submeter on."""
    submeter.instrument(tracer_provider=made.traces, meter_provider=made.metrics, logger_provider=made.logs)


def reached() -> dict[str, list[int]]:
    """Name of a function of ours -> the plays that run through it."""
    names: dict[CodeType, str] = {function.__code__: name for name, function in functions().items()}
    found: dict[str, list[int]] = {name: [] for name in names.values()}
    at = START

    def note(frame: Any, event: str, _argument: object) -> None:
        name = names.get(frame.f_code) if event == "call" else None
        if name is not None and (not found[name] or found[name][-1] != at):
            found[name].append(at)

    catalog.reload()
    with session() as made:
        threading.setprofile(note)
        sys.setprofile(note)
        try:
            switch_on(made)
            for at, play in enumerate(plays()):  # noqa: B007  (`note` reads it)
                play.seen()
            made.reader.get_metrics_data()
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
    assert guard.failures == 0
    return found
