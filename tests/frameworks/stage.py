"""Stage: a program of a framework run with submeter off and on, against the stand-in provider's own ledger."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import importlib
import inspect
import os
import re
import time
import warnings
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from examples.standin import StandIn
from opentelemetry import context as otel_context
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.trace import SpanKind

import submeter
from metering import USAGE, Metering, in_memory, metered, usage_of
from providers.stage import comparable
from submeter import context, instrumentation
from submeter.store.rows import span_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping

    from opentelemetry.sdk.trace import ReadableSpan


def framework(name: str, *more: str) -> Any:
    """The framework's module; the test module is skipped where it is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for other in more:
            pytest.importorskip(other, reason=f"{other} is not installed: run `make test-frameworks`")
        return pytest.importorskip(name, reason=f"{name} is not installed: run `make test-frameworks`")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One program.

    Args:
        run: the program, plain or a coroutine function; what it gives back is what its user sees.
        calls: how many requests the provider answers with usage.
        said: the attributes that every span has; `None` for one that must be absent.
        parts: attribute -> its values over the calls, in any order, where they differ.
        script: what goes wrong at the provider, in the stand-in's words.
        failed: how many spans end with an error.
        early: how many end before their answer.
        tools: the tools that are executed, which get a span each.
        is_apart: whether tools run in threads into which the framework takes no context.
    """

    run: Callable[[], Any]
    calls: int
    said: Mapping[str, Any] = field(default_factory=dict[str, Any])
    parts: Mapping[str, list[Any]] = field(default_factory=dict[str, list[Any]])
    script: str = ""
    failed: int = 0
    early: int = 0
    tools: tuple[str, ...] = ()
    is_apart: bool = False


RUNNING: list[StandIn] = []
"""The stand-ins that are running, the one in use last."""


@contextmanager
def provider() -> Generator[StandIn]:
    """The stand-in, which both SDKs find by their variables."""
    with StandIn() as standin:
        before = dict(os.environ)  # noqa: TID251  (what the SDKs read)
        os.environ.update(standin.environment())  # noqa: TID251
        RUNNING.append(standin)
        try:
            yield standin
        finally:
            RUNNING.pop()
            for name in standin.environment():
                os.environ.pop(name, None)  # noqa: TID251
                if name in before:
                    os.environ[name] = before[name]  # noqa: TID251


def check(case: Case) -> None:
    """The program sees the same with submeter on, and every call beneath it is counted once and attributed."""
    with provider() as standin:
        off = observed(case, standin)
        asked_off = len(standin.ledger)
        standin.reset()
        with metered() as made:
            on = observed(case, standin)
            spans = settled(made, case.calls + case.failed + case.early)
            assert on == off, (on, off)
            assert len(standin.ledger) == asked_off
            counted(case, spans, standin)
            executed(case, made.tools(), spans)
            assert context.current() is context.EMPTY
            assert len(otel_context.get_current()) == 0
            assert instrumentation.active & set(instrumentation.FRAMEWORKS)
        standin.reset()
        with metered() as made, submeter.session("own", user="me", agent="mine", step="ours") as meter:
            observed(case, standin)
            for span in settled(made, case.calls + case.failed + case.early):
                found = dict(span.attributes or {})
                assert (found["session.id"], found["user.id"]) == ("own", "me")
                assert (found["gen_ai.agent.name"], found["submeter.step"]) == ("mine", "ours")
                assert "gen_ai.agent.id" not in found
            assert meter.usage.total_tokens == standin.totals().tokens or case.early


def observed(case: Case, standin: StandIn) -> object:
    """What the user of the program sees, an exception at its end included."""
    if case.script:
        standin.script(case.script)
    try:
        given = case.run()
        return comparable(finished(given))
    except (AssertionError, pytest.skip.Exception):
        raise
    except BaseException as error:  # noqa: BLE001  (a program sees whatever is raised)
        return type(error).__name__, str(error)[:40]


def settled(made: Metering, count: int) -> list[ReadableSpan]:
    """The spans that ended, once there are `count`: what a cancelled program leaves to tasks and threads ends later."""
    deadline = time.monotonic() + 10
    while len(made.ended()) < count and time.monotonic() < deadline:
        LOOP.run(asyncio.sleep(0.02))
        gc.collect()  # streams that were dropped end when they are collected
    return made.ended()


LOOP = asyncio.Runner()
"""One loop for the life of the process, because frameworks keep their asynchronous clients that long."""


def finished(given: Any) -> Any:
    """What a program gives back, waited for where it is a coroutine."""
    return LOOP.run(given, context=contextvars.copy_context()) if inspect.iscoroutine(given) else given


def counted(case: Case, spans: list[ReadableSpan], standin: StandIn) -> None:
    """One span a call, with the tokens that the provider sent, and what the framework said on each."""
    told = [dict(span.attributes or {}) for span in spans]
    assert len(spans) == case.calls + case.failed + case.early, told
    assert len([attributes for attributes in told if "error.type" in attributes]) == case.failed
    bearing = [usage for span in spans if "input_tokens" in (usage := usage_of(span)) and not _is_early(span)]
    found = sorted((usage["input_tokens"], usage.get("output_tokens", 0)) for usage in bearing)
    sent = [entry for entry in standin.ledger if entry.usage is not None]
    if not case.early:
        assert found == sorted((entry.input_tokens, entry.output_tokens or 0) for entry in sent)
    assert len(found) == case.calls
    for attributes in told:
        assert {name: attributes.get(name) for name in case.said} == dict(case.said)
    for name, values in case.parts.items():
        assert sorted(str(attributes.get(name)) for attributes in told) == sorted(map(str, values))


def executed(case: Case, tools: list[ReadableSpan], calls: list[ReadableSpan]) -> None:
    """One span a tool, which says whose it is and bears no usage; what the tool calls stands beneath it."""
    assert sorted(span.name for span in tools) == sorted(f"execute_tool {name}" for name in case.tools)
    ids = {span.context.span_id for span in tools if span.context is not None}
    beneath = [span for span in calls if span.parent is not None and span.parent.span_id in ids]
    assert len(beneath) == len([name for name in case.tools if name in _ASKING and not case.is_apart])
    for span in tools:
        told = dict(span.attributes or {})
        assert span.kind is SpanKind.INTERNAL
        assert (told["gen_ai.operation.name"], told["gen_ai.tool.type"]) == ("execute_tool", "function")
        assert {name: told.get(name) for name in _OF_TOOLS & case.said.keys()} == {
            name: case.said[name] for name in _OF_TOOLS & case.said.keys()
        }
        assert not [name for name in told if name.startswith(USAGE) or name in {_ARGUMENTS, _RESULT}]


_ASKING = {"weather", "weather_async", "ask_expert"}
"""The tools that make a call."""
_OF_TOOLS = {"submeter.framework", "session.id", "gen_ai.conversation.id", "user.id"}
_ARGUMENTS, _RESULT = "gen_ai.tool.call.arguments", "gen_ai.tool.call.result"


def _is_early(span: ReadableSpan) -> bool:
    reasons = (span.attributes or {}).get("gen_ai.response.finish_reasons", ())
    return isinstance(reasons, tuple) and "error" in reasons


def traced_once(run: Callable[[Metering], Any], *, native: int = 1, tools: int = 0) -> None:
    """With the framework's own spans on beside ours, what the store sums is what the provider sent.

    `native` is how many spans others have at least: none would prove nothing; `tools` how many tools they do not tell.
    """
    with provider() as standin, metered(in_memory()) as made:
        finished(run(made))
        spans = made.all_ended()
        theirs = [span for span in spans if span not in made.ended()]
        assert len(theirs) >= native
        batch = span_batch(encode_spans(spans).SerializeToString())
        truth = standin.totals()
        assert (len(batch.records), sum(one.usage.total_tokens for one in batch.records)) == (truth.calls, truth.tokens)
        assert {record.scope for record in batch.records} == {"submeter"}
        assert len(made.tools()) == tools


def observed_by(instrumentors: Iterable[str], run: Callable[[], Any], *, around: bool = False) -> None:
    """`traced_once` beside others' instrumentations of the framework and of what is beneath it, "module:Class" each.

    `around` is for a span of the application's own around the program.
    """
    named = [each.partition(":") for each in instrumentors]
    others: list[Any] = [getattr(framework(module), kind)() for module, _, kind in named]

    def beside(made: Metering) -> Any:
        opened = made.traces.get_tracer("app").start_as_current_span("app") if around else nullcontext()
        with ExitStack() as stack:
            for other in others:
                other.instrument(tracer_provider=made.traces, skip_dep_check=True)
                stack.callback(other.uninstrument)
            with opened:
                return finished(run())

    traced_once(beside)


def imported(name: str) -> Any:
    """A module of a framework, whatever it warns of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module(name)


def mentions(package: str, *words: str) -> list[str]:
    """The files of a framework in whose text one of the words stands: what it does not know, it cannot tell."""
    folder = Path(str(imported(package).__file__)).parent
    pattern = re.compile("|".join(words))
    return [path.name for path in folder.rglob("*.py") if pattern.search(path.read_text(encoding="utf-8"))]


CONVERSATIONS = ("conversation_id", "session_id", r"\bthread_id")


def model_call(ask: str) -> str:
    """A call through the provider's own SDK, as an application makes one within a tool."""
    with imported("openai").OpenAI(max_retries=0) as sdk:
        answer = sdk.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": ask}])
        return str(answer.choices[0].message.content)


async def cancelled(work: Any) -> str:
    """What becomes of a program that is cancelled while the provider takes its time."""
    standin, task = RUNNING[-1], asyncio.ensure_future(work)
    before = len(standin.ledger)
    while len(standin.ledger) == before and not task.done():
        await asyncio.wait([task], timeout=0.02)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return "cancelled"
    return "finished"
