"""Strict from the first import: a failure of ours that the guard would swallow fails the test that caused it."""

from __future__ import annotations

import gc
import signal
import sys
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from submeter import settings

settings.set_variable("SUBMETER_STRICT", "1")
# A loaded machine is no failure: nothing here is judged by the clock.
hypothesis.settings.register_profile("submeter", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("fuzz", hypothesis.settings.get_profile("submeter"), max_examples=10_000)
hypothesis.settings.load_profile("submeter")
# A shell's background job ignores SIGINT, and hands that on to the programs that the tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
pytest.register_assert_rewrite("metering", "instrumentation", "faults")

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metering import Metering


@pytest.fixture
def metering() -> Iterator[Metering]:
    """submeter switched on for one test, with what it emits kept in memory."""
    from metering import metered

    with metered() as made:
        yield made


@pytest.fixture
def fresh_catalog(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The price table as it comes, read anew before and after the test, which may name prices of its own."""
    from submeter import catalog

    monkeypatch.delenv("SUBMETER_PRICES", raising=False)
    catalog.reload()
    yield
    catalog.reload()


@pytest.fixture
def clean_gc() -> Iterator[None]:
    """Fails the test when an object of its own is not collected in peace: a lost coroutine, a raising `__del__`."""
    raised: list[str] = []
    before = sys.unraisablehook

    def note(unraisable: Any) -> None:
        raised.append(f"{unraisable.exc_type.__name__}: {unraisable.exc_value} in {unraisable.object!r}")

    sys.unraisablehook = note
    # What is there already is not ours to collect, and walking it takes 0.2 s once both SDKs are imported.
    gc.freeze()
    try:
        yield
        gc.collect()
    finally:
        sys.unraisablehook = before
        gc.unfreeze()
    assert raised == []
