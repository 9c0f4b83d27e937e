"""An SDK that changed under us: one warning and a metric, the host sees nothing, and the doctor says why."""

from __future__ import annotations

import logging
from typing import Any

import pytest

import submeter
from metering import forget, in_memory, metered
from providers.wire import Wire, document
from submeter import instrumentation
from submeter.core import instruments
from submeter.distro.doctor import report

groq: Any = pytest.importorskip("groq")
client_module: Any = pytest.importorskip("groq._base_client")
ollama: Any = pytest.importorskip("ollama")

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


def test_the_doctor_tells_what_is_metered_and_why_the_rest_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(pytest.importorskip("ollama._client").AsyncClient, "_request")
    monkeypatch.setitem(instrumentation.UNMETERED, "pytest", "it calls no model")
    forget()
    submeter.instrument()
    try:
        sdks = {sdk.package: sdk for sdk in report().sdks}
        assert (sdks["groq"].state, sdks["groq"].since) == ("metered", "0.13")
        assert "SyncAPIClient.request" in sdks["groq"].patches
        assert sdks["ollama"].state == "inactive"
        assert "AsyncClient._request" in sdks["ollama"].reason
        assert (sdks["pytest"].state, sdks["pytest"].reason) == ("unmetered", "it calls no model")
    finally:
        submeter.uninstrument()
        forget()
