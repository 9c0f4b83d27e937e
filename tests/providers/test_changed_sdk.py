"""An SDK that changed under us: one warning and a metric, the host sees nothing, and the doctor says why."""

# What is patched is known to the module that patches.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import logging
from functools import partial
from importlib.metadata import version
from types import MethodType, ModuleType
from typing import Any, cast

import pytest

from metering import metered
from providers.calls import EVERY_SDK, calls
from providers.matrix import seen
from providers.wire import Wire
from submeter import instrumentation
from submeter.core import instruments, patch, release
from submeter.distro import doctor
from submeter.instrumentation import PROVIDERS

pytestmark = pytest.mark.usefixtures("clean_gc")


def moved(change: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    """Takes a function out of its class or module, where the SDK itself goes on finding it: as after a release."""
    function = cast("Any", vars(owner)[name])
    change.delattr(owner, name)
    if isinstance(owner, ModuleType):
        change.setattr(owner, "__getattr__", {name: function}.__getitem__, raising=False)
        return
    get, bound = owner.__getattribute__, partial(MethodType, function)

    def found(self: Any, asked: str) -> Any:
        return bound(self) if asked == name else get(self, asked)

    change.setattr(owner, "__getattribute__", found)


@pytest.mark.parametrize("package", EVERY_SDK)
def test_a_function_that_moved_costs_one_warning_and_the_metric_and_no_call(
    package: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    chosen = calls(package)
    with metered():
        doctor.sdk(package)
        known = [(owner, name) for owner, name, *_ in patch._done[package]]
    owner, name = next((owner, name) for owner, name in known if isinstance(owner, type) or owner.__name__ == package)
    with Wire() as wire:
        bare = [seen(play, mode, case, wire) for play, mode, case in chosen]
        moved(monkeypatch, owner, name)
        with caplog.at_level(logging.WARNING, logger="submeter"), metered() as metering:
            assert [seen(play, mode, case, wire) for play, mode, case in chosen] == bare
            assert not metering.ended()
            assert package not in instrumentation.active
            # What happens by itself a while after the import.
            instruments.announce()
            points = metering.points("submeter.instrumentation.inactive")
            assert [(point.value, dict(point.attributes)) for point in points] == [
                (1, {"gen_ai.provider.name": package})
            ]
            told = doctor.sdk(package)
    row = PROVIDERS[package]
    assert told.state == "inactive"
    assert (told.version, told.since) == (version(row.distribution), row.since)
    lacking = f"this version has no {owner.__module__ if isinstance(owner, type) else owner.__name__}"
    assert told.reason.startswith(lacking)
    assert f"use an older release of {row.distribution}, from {row.since} on" in told.reason
    (warned,) = [record.getMessage() for record in caplog.records if record.name == "submeter"]
    assert warned.startswith(f"submeter does not meter {row.distribution} {told.version}: {lacking}")
    assert "pip install --upgrade submeter" in warned
    # Half of a patch is none.
    assert not patch.patched(package)


def test_a_release_that_is_too_old_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def old(_distribution: str) -> str:
        return "0.9.12"

    monkeypatch.setattr(release, "installed", old)
    with metered():
        instruments.lament("groq", "this version has no client", "groq", since="0.13")
    assert caplog.text.endswith(
        "submeter does not meter groq 0.9.12: this version has no client. Its calls work and are not counted. "
        "Upgrade it: pip install --upgrade 'groq>=0.13'; `submeter doctor` tells more.\n"
    )


def test_the_doctor_tells_what_it_knows_and_does_not_meter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PROVIDERS", {})
    monkeypatch.setattr(doctor, "FRAMEWORKS", {})
    monkeypatch.setitem(instrumentation.UNMETERED, "pytest", "it calls no model")
    with metered():
        (told,) = doctor.report().sdks
    assert (told.package, told.state, told.reason) == ("pytest", "unmetered", "it calls no model")


@pytest.mark.parametrize("package", PROVIDERS)
def test_the_doctor_tells_through_what_each_sdk_is_metered(package: str) -> None:
    pytest.importorskip(package)
    with metered():
        told = doctor.sdk(package)
    assert (told.state, told.since, told.reason) == ("metered", PROVIDERS[package].since, "")
    assert told.version
    assert told.patches


@pytest.mark.parametrize("package", PROVIDERS)
def test_whatever_an_sdk_lacks_costs_one_warning_and_no_exception(
    package: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Each function that is patched is taken away in turn, as if the release had it under another name."""
    pytest.importorskip(package)
    outcomes: set[str] = set()
    with metered():
        doctor.sdk(package)
        known = [(owner, name) for owner, name, *_ in patch._done[package]]
    for owner, name in known:
        caplog.clear()
        with pytest.MonkeyPatch.context() as change, metered(), caplog.at_level(logging.WARNING, logger="submeter"):
            instrumentation.stop(package)
            change.delattr(owner, name)
            instruments.inactive.clear()
            told = doctor.sdk(package)
            warned = [record.getMessage() for record in caplog.records if package in record.getMessage()]
            outcomes.add(told.state)
            if told.state == "inactive":
                assert name in told.reason
                assert patch.patched(package) == []
            elif told.reason:
                assert told.reason.startswith(f"not {owner.__module__}: this version has no {owner.__module__}:")
                assert patch.patched(package)
            # Without a word where the release may lack it, or has it elsewhere.
            assert len(warned) == (1 if told.reason else 0), warned
    assert "inactive" in outcomes
