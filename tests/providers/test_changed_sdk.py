"""An SDK that changed under us: one warning and a metric, the host sees nothing, and the doctor says why."""

# What is patched is known to the module that patches.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import logging
from typing import Any

import pytest

from metering import in_memory, metered
from providers.wire import Wire, document
from submeter import instrumentation
from submeter.core import instruments, patch
from submeter.distro import doctor
from submeter.instrumentation import PROVIDERS

groq: Any = pytest.importorskip("groq")
client_module: Any = pytest.importorskip("groq._base_client")

ANSWER: dict[str, Any] = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": []}


def asked(url: str) -> Any:
    client = groq.Groq(api_key="k", base_url=url, max_retries=0)
    try:
        return client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Where?"}])
    finally:
        client.close()


def test_a_function_that_is_gone_costs_one_warning_and_the_metric(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # The method moves to a base class, as it might in any release.
    kind = client_module.SyncAPIClient
    monkeypatch.setattr(client_module.BaseClient, "request", kind.request, raising=False)
    monkeypatch.delattr(kind, "request")
    made = in_memory()
    with caplog.at_level(logging.WARNING, logger="submeter"), Wire() as wire, metered(made) as metering:
        wire.play(document(ANSWER))
        assert asked(wire.url).id == "c"
        assert asked(wire.url).id == "c"
        assert not metering.ended()
        assert "groq" not in instrumentation.active
        # What happens by itself a while after the import.
        instruments.announce()
        points = metering.points("submeter.instrumentation.inactive")
        assert [dict(point.attributes)["gen_ai.provider.name"] for point in points] == ["groq"]
    warned = [record.getMessage() for record in caplog.records if "groq" in record.getMessage()]
    assert len(warned) == 1
    assert "this version has no groq._base_client:SyncAPIClient.request" in warned[0]
    # Half of a patch is none: the asynchronous client is as it was.
    assert not hasattr(client_module.AsyncAPIClient.request, "__submeter__")


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
