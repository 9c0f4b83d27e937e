"""Each of our functions is broken in turn: the host sees what it sees without submeter."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from faults.functions import broken, functions, modules
from faults.plays import ENVIRONMENT, plays
from faults.reach import START, reached, session, switch_on
from submeter import catalog, usage
from submeter.core import attributes, guard

if TYPE_CHECKING:
    from collections.abc import Generator

SPARED = {
    "core.guard:attempt": "the guard itself: everything of ours runs inside it",
    "core.call:Call.__del__": "nothing but the guard around `drop`",
    "distro.imports:Finder.find_spec": "called by the import system",
    "distro.configure:instrument": "called by the host",
    "distro.configure:uninstrument": "called by the host",
}
"""Functions that cannot fail in silence, each with the reason."""

PER_FUNCTION = 12
"""Plays that a function is broken under, taken evenly from those that run through it."""

WHOLE = (
    "core.",
    "shapes.route",
    "shapes.sockets",
    "shapes.stainless",
    "instrumentation.openai:",
    "instrumentation.anthropic:",
)
"""Modules of which every function must be broken here, or listed with a reason."""

UNREACHED = {
    "core.abandoned:leave_to_parent": "runs in a child that was forked off, before anything else of ours",
    "core.beneath:Beneath.__init__": "for libraries above the SDKs, in the guard",
    "core.beneath:Beneath.end": "for libraries above the SDKs, in the guard",
    "core.body:_iterated": "runs when its module is imported",
    "core.body:unhook": "called by uninstrument",
    "core.call:Call._attributes": "for calls left to the thread that batches, broken in test_later.py",
    "core.call:Call._await": "for calls left to the thread that batches, broken in test_later.py",
    "core.call:Call.attributes": "for calls left to the thread that batches, broken in test_later.py",
    "core.call:Call.record": "for calls left to the thread that batches, broken in test_later.py",
    "core.beneath:tell_above": "for libraries above the SDKs, in the guard around the whole opening",
    "core.counted:Names.__init__": "runs when its module is imported",
    "core.counted:Names.clear": "for tests",
    "core.counted:forget": "for tests",
    "core.endpoint:summed": "for hosts that tell parts beside their total, read like any count",
    "core.estimate:_is_cached": "only where tiktoken is installed",
    "core.gate:LimitExceeded.__init__": "raised on purpose, where the host asked for it",
    "core.guard:deliberately": "for what is raised on purpose, where the host asked for it",
    "core.guard:_report": "runs after a failure, and is broken in tests/core/test_guard.py",
    "core.instruments:announce": "runs by the guard in a timer's thread",
    "core.instruments:ease": "for calls left to the thread that batches, broken in test_later.py",
    "core.instruments:lament": "for SDKs that cannot be metered",
    "core.invocation:Invocation.__init__": "for agents of other SDKs, in the guard around the whole opening",
    "core.invocation:Invocation._record": "for agents of other SDKs, in the guard around the record",
    "core.invocation:Invocation.observe": "for agents of other SDKs, in the guard around each event",
    "core.leaving:end": "runs by the guard at the end of the process",
    "core.loading:_begin_anew": "runs in a child that was forked off, before anything else of ours",
    "core.loading:_is_importing": "runs before a fork",
    "core.loading:_release": "runs after a fork",
    "core.loading:_wait": "runs before a fork",
    "core.loading:is_loaded": "runs when an SDK is imported",
    "core.loading:lock_over_forks": "runs when its module is imported",
    "core.native:_attached": "for SDKs that open spans of their own, in the guard",
    "core.native:beneath": "runs when Mistral is patched",
    "core.parents:parent": "for frameworks, in the guard around the whole opening",
    "core.patch:patched": "for the doctor",
    "core.patch:undo": "called by uninstrument",
    "core.release:_numbers": "for SDKs that cannot be metered",
    "core.release:_plain": "for SDKs that cannot be metered",
    "core.release:installed": "for SDKs that cannot be metered",
    "core.release:named": "for SDKs that cannot be metered",
    "core.release:remedy": "for SDKs that cannot be metered",
    "core.reported:Reported.finish_early": "for methods that give their stream to a block, in the guard around it",
    "core.tellers:_told": "for frameworks, in a guard of its own",
    "core.tellers:asked": "for the doctor",
    "core.tellers:attributed": "for frameworks, in the guard around the whole opening",
    "core.tellers:forget": "called by uninstrument",
    "core.tellers:listen": "runs when a framework is imported",
    "core.threads:stop": "called by uninstrument",
    "instrumentation.openai:_both_kinds": "runs when its module is imported",
    "instrumentation.openai:_settle_run": "for runs of assistants",
}
"""Functions that no call of a host runs through, each with the reason."""


@pytest.fixture(scope="module")
def environment() -> Generator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        yield
        gc.unfreeze()


@pytest.fixture(scope="module")
def bare(environment: None) -> list[list[object]]:
    return [play.seen() for play in plays()]


@pytest.fixture(scope="module")
def reach(environment: None, bare: list[list[object]]) -> dict[str, list[int]]:
    return reached()


def some(numbers: list[int]) -> list[int]:
    step = max(1, len(numbers) // PER_FUNCTION)
    return numbers[::step][:PER_FUNCTION]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("module", [module.__name__ for module in modules()])
def test_a_broken_function_never_reaches_the_host(
    module: str,
    after: bool,
    bare: list[list[object]],
    reach: dict[str, list[int]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(guard, "is_strict", False)
    for name, function in functions().items():
        if name.rpartition(":")[0] != module.removeprefix("submeter.") or name in SPARED:
            continue
        numbers = some(reach[name])
        if not numbers:
            continue
        catalog.reload()
        usage.known_divisions.clear()
        attributes.known_names.clear()
        with session() as made, broken(function, after=after) as raised:
            switch_on(made)
            for number in numbers:
                play = plays()[max(number, 0)]
                seen = play.seen()
                assert seen == bare[max(number, 0)], f"{name} breaks {play.name}, async: {play.is_async}"
            made.reader.get_metrics_data()
            # What the evaluator runs through depends on the calls it saw before.
            assert raised or name.startswith("evaluator."), name
    # Half-made objects die here, not where failures are raised again.
    caplog.clear()
    gc.collect()


def test_every_function_of_the_core_is_broken_in_turn(reach: dict[str, list[int]]) -> None:
    unreached = {name for name, numbers in reach.items() if not numbers and name.startswith(WHOLE)}
    assert unreached == set(UNREACHED)
    assert START in reach["shapes.stainless:install"]
