"""The anthropic SDK traces itself: one span a call has usage, unless the owner asked for the SDK's own."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import anthropic
import pytest
from opentelemetry import trace

from instrumentation import releases, streams, whole
from instrumentation.anthropic_dialects import MESSAGES, client
from instrumentation.host import Host, watched
from instrumentation.http_library import httpx2
from instrumentation.transport import Transport
from metering import in_memory, metered, usage_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metering import Metering

pytestmark = [
    pytest.mark.usefixtures("clean_gc"),
    pytest.mark.skipif(
        releases.ARE_OLD and "open_telemetry" not in inspect.signature(anthropic.Anthropic).parameters,
        reason="this release does not trace itself",
    ),
]

NATIVE = "com.anthropic.sdk.python"


@pytest.fixture
def everywhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[Metering]:
    """An application whose global provider is the one that submeter writes to."""
    made = in_memory()
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", made.traces)
    with metered(made):
        yield made


def scopes(metering: Metering) -> list[str]:
    return [span.instrumentation_scope.name for span in metering.all_ended() if span.instrumentation_scope is not None]


def call(**options: Any) -> None:
    host = Host(MESSAGES, [MESSAGES.document()], is_async=False, **options)
    watched(whole.plain, host)


def test_without_submeter_the_sdk_traces_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    made = in_memory()
    monkeypatch.setattr(trace, "_TRACER_PROVIDER", made.traces)
    call()
    assert scopes(made) == [NATIVE]


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("play", [whole.plain, streams.drained, streams.helped, streams.closed_early])
def test_one_span_a_call_has_usage(play: Any, is_async: bool, everywhere: Metering) -> None:
    reply = MESSAGES.document() if play is whole.plain else MESSAGES.stream()
    watched(play, Host(MESSAGES, [reply], is_async=is_async))
    assert len(everywhere.ended()) == 1
    assert scopes(everywhere) == ["submeter"]


def test_nothing_of_ours_is_sent_to_the_provider(everywhere: Metering) -> None:
    host = Host(MESSAGES, [MESSAGES.document()], is_async=False)
    watched(whole.plain, host)
    request: Any = host.seen[0]
    assert "traceparent" not in request[3]


@pytest.mark.parametrize("asked", [{}, {"traces": True}, {"conversation_id": "c-1"}], ids=str)
def test_an_owner_who_asked_for_them_keeps_them(asked: dict[str, Any], everywhere: Metering) -> None:
    call(open_telemetry=asked)
    assert sorted(scopes(everywhere)) == [NATIVE, "submeter"]
    assert [usage_of(span) for span in everywhere.ended()] == [MESSAGES.truth]


@pytest.mark.parametrize(("value", "is_on"), [("true", True), ("false", False)])
def test_the_variable_of_the_sdk_is_the_owners_word(
    value: str, is_on: bool, everywhere: Metering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_OPEN_TELEMETRY", value)
    call()
    assert (NATIVE in scopes(everywhere)) is is_on
    assert len(everywhere.ended()) == 1


def test_a_copy_of_a_client_is_as_silent_as_the_client(everywhere: Metering) -> None:
    transport = Transport([MESSAGES.document()], lambda _step: None)
    made: anthropic.Anthropic = client(is_async=False, http_client=httpx2.Client(transport=transport))
    made.with_options(timeout=3).messages.create(**MESSAGES.request)
    assert scopes(everywhere) == ["submeter"]
    made.with_options(open_telemetry={}).messages.create(**MESSAGES.request)
    assert scopes(everywhere).count(NATIVE) == 1


def test_what_the_client_says_of_itself_is_what_it_does(everywhere: Metering) -> None:
    assert client(is_async=False).open_telemetry["traces"]["enabled"] is False
    assert client(is_async=False, open_telemetry={}).open_telemetry["traces"]["enabled"] is True
