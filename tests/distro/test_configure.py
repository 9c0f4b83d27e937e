"""Switching on and off: once, completely, and again with other providers."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from types import FunctionType
from typing import TYPE_CHECKING, Any

import anthropic
import httpx2
import openai
import pytest
from opentelemetry import context as otel_context

import submeter
from instrumentation import streams, whole
from instrumentation.anthropic_dialects import MESSAGES
from instrumentation.host import Host, watched
from instrumentation.openai_dialects import CHAT
from metering import in_memory, metered, usage_of
from submeter.core import patch
from submeter.distro.instrumentor import Instrumentor

if TYPE_CHECKING:
    from collections.abc import Callable

    from metering import Metering

pytestmark = pytest.mark.usefixtures("clean_gc")

_BASES: list[Any] = [vars(sdk)["_base_client"] for sdk in (openai, anthropic)]
WATCHED: list[Any] = [
    *(getattr(base, name) for base in _BASES for name in ("BaseClient", "SyncAPIClient", "AsyncAPIClient")),
    openai.Stream,
    openai.AsyncStream,
    anthropic.Stream,
    anthropic.AsyncStream,
    httpx2.Response,
    threading.Thread,
    ThreadPoolExecutor,
]


def _members(owner: Any) -> list[tuple[str, Any]]:
    return list(owner.__dict__.items())


def functions() -> dict[str, object]:
    """Every function in place of which one of ours could stand."""
    return {
        f"{owner.__module__}.{owner.__qualname__}.{name}": value
        for owner in WATCHED
        for name, value in _members(owner)
        if isinstance(value, FunctionType)
    }


def call(dialect: Any = CHAT) -> None:
    watched(whole.plain, Host(dialect, [dialect.document()], is_async=False))


def test_switched_off_everything_is_as_it_was() -> None:
    before, finders = functions(), list(sys.meta_path)
    with metered() as metering:
        for play in (whole.plain, whole.streaming_response_read, streams.drained):
            for dialect in (CHAT, MESSAGES):
                reply = dialect.stream() if play is streams.drained else dialect.document()
                watched(play, Host(dialect, [reply], is_async=False))
        assert len(metering.ended()) == 6
        assert len([name for name, value in functions().items() if value is not before[name]]) == 23
    assert functions() == before
    assert sys.meta_path == finders


def test_switched_off_nothing_is_metered_any_more() -> None:
    with metered() as metering:
        submeter.uninstrument()
        call()
        call(MESSAGES)
        assert metering.all_ended() == []


def test_switched_on_twice_and_by_the_entry_point_too_a_call_counts_once(metering: Metering) -> None:
    patched = functions()
    submeter.instrument()
    Instrumentor().instrument()
    Instrumentor().instrument(tracer_provider=metering.traces, meter_provider=metering.metrics)
    assert functions() == patched
    call()
    assert len(metering.ended()) == 1


def test_switched_on_again_with_other_providers_everything_goes_there() -> None:
    second = in_memory()
    with metered() as first:
        call()
        submeter.uninstrument()
        submeter.instrument(tracer_provider=second.traces, meter_provider=second.metrics, logger_provider=second.logs)
        call()
        watched(whole.refused_as_bad, Host(CHAT, [CHAT.error(400)], is_async=False))
        for metering, spans, events in ((first, 1, 0), (second, 2, 1)):
            assert len(metering.ended()) == spans
            assert len(metering.events()) == events
            assert metering.total("gen_ai.client.inference.usage.input_tokens") == 120


def test_a_stream_under_way_is_still_counted_after_switching_off() -> None:
    with metered() as metering:
        host = Host(CHAT, [CHAT.stream()], is_async=False)
        chunks = host.calls.create(**CHAT.request, stream=True)
        next(chunks)
        submeter.uninstrument()
        for _ in chunks:
            pass
        assert [usage_of(span) for span in metering.ended()] == [CHAT.truth]


def test_a_stream_asked_for_and_not_yet_read_is_still_counted_after_switching_off() -> None:
    with metered() as metering:
        host = Host(CHAT, [CHAT.stream()], is_async=False)
        chunks = host.calls.create(**CHAT.request, stream=True)
        submeter.uninstrument()
        for _ in chunks:
            pass
        assert [usage_of(span) for span in metering.ended()] == [CHAT.truth]


@pytest.mark.parametrize("tells", [True, False], ids=["by functools.wraps", "by hand"])
def test_somebody_elses_wrapper_on_top_of_ours_stays(tells: bool) -> None:
    owner = WATCHED[1]
    through: list[object] = []

    def wrapped(original: Callable[..., Any]) -> Callable[..., Any]:
        def request(*args: Any, **kwargs: Any) -> Any:
            through.append(args)
            return original(*args, **kwargs)

        return wraps(original)(request) if tells else request

    before = owner.request
    with metered() as metering:
        theirs = wrapped(owner.request)
        owner.request = theirs
        submeter.uninstrument()
        assert owner.request is theirs
        submeter.instrument()
        call()
        assert len(metering.ended()) == len(through) == 1
        assert owner.request is theirs
    owner.request = before
    patch._beneath.clear()  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize("disabled", ["openai", "openai,anthropic", "anthropic"])
def test_a_disabled_provider_is_left_alone(disabled: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUBMETER_DISABLED_PROVIDERS", disabled)
    before = functions()
    with metered() as metering:
        call()
        call(MESSAGES)
        names = {str((span.attributes or {})["gen_ai.provider.name"]) for span in metering.ended()}
        touched = {name.partition(".")[0] for name, value in functions().items() if value is not before[name]}
    assert names == {"openai", "anthropic"} - set(disabled.split(","))
    assert touched.isdisjoint(disabled.split(","))


def test_nothing_is_left_on_the_opentelemetry_context(metering: Metering) -> None:
    before = otel_context.get_current()
    call()
    watched(streams.abandoned, Host(CHAT, [CHAT.stream()], is_async=False))
    assert otel_context.get_current() == before
