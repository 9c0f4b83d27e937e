"""Servers for the tests of a module that do not need their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.server.running import RunningServer
from tests.server.telemetry import add_call, traces
from tests.server.tokens import bearer, written

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("up") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with tokens, and one call each of two services."""
    folder = tmp_path_factory.mktemp("guarded")
    arguments = (*written(folder), "--max-questions", "1000")
    with RunningServer(folder / "data", arguments) as running:
        for service in ("shop", "bank"):
            request, spans = traces()
            add_call(spans, f"{service}-session", {"user.id": "u-1", "submeter.tag.team": "red"}, tokens=100)
            resource = request.resource_spans[0].resource
            resource.attributes[0].value.string_value = service
            assert running.send("traces", request, **bearer("writer")).status == 200
        yield running
