"""Chat answers as compatible servers really send them: odd, but never the host's loss, and counted as they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from instrumentation import streams, whole
from instrumentation.dialect import sse
from instrumentation.host import Host, watched
from instrumentation.openai_dialects import CHAT, CHAT_USAGE, chunk, delta
from instrumentation.transport import Reply, document, events
from metering import metered, usage_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from metering import Metering

pytestmark = pytest.mark.usefixtures("clean_gc")

MODES = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])

FIRST, LAST, DONE = CHAT.pieces[0], chunk([delta(None, "stop")]), sse("[DONE]")
TOOL = {"index": 0, "id": "c1", "type": "function", "function": {"name": "find", "arguments": "{}"}}


def usage(**counts: object) -> dict[str, object]:
    return {**CHAT_USAGE, **counts}


STREAMS: dict[str, tuple[list[bytes], Mapping[str, int], tuple[str, ...]]] = {
    "no usage": ([FIRST, LAST, DONE], {}, ("stop",)),
    "usage null in every chunk": (
        [chunk([delta("Ulm")], usage=None), chunk([delta(None, "stop")], usage=None), DONE],
        {},
        ("stop",),
    ),
    "usage null but in the last": (
        [chunk([delta("Ulm")], usage=None), chunk([delta(None, "stop")], usage=None), chunk([], usage=CHAT_USAGE)],
        CHAT.truth,
        ("stop",),
    ),
    "usage growing in every chunk": (
        [
            chunk([delta("U")], usage=usage(completion_tokens=1)),
            chunk([delta("lm")], usage=usage(completion_tokens=2)),
            chunk([delta(None, "stop")], usage=CHAT_USAGE),
            DONE,
        ],
        CHAT.truth,
        ("stop",),
    ),
    "usage twice": ([FIRST, chunk([], usage=CHAT_USAGE), chunk([], usage=CHAT_USAGE)], CHAT.truth, ()),
    "usage whose details are null": (
        [
            FIRST,
            LAST,
            chunk([], usage=usage(prompt_tokens_details=None, completion_tokens_details=None)),
        ],
        {"input_tokens": 120, "output_tokens": 45},
        ("stop",),
    ),
    "usage of whole floats": (
        [FIRST, LAST, chunk([], usage={"prompt_tokens": 7.0, "completion_tokens": 2.0, "total_tokens": 9.0})],
        {"input_tokens": 7, "output_tokens": 2},
        ("stop",),
    ),
    "usage of nothing but a total": ([FIRST, LAST, chunk([], usage={"total_tokens": 9})], {}, ("stop",)),
    "usage of zeros": (
        [FIRST, LAST, chunk([], usage={"prompt_tokens": 0, "completion_tokens": 0})],
        {"input_tokens": 0, "output_tokens": 0},
        ("stop",),
    ),
    "usage in text": (
        [FIRST, LAST, chunk([], usage={"prompt_tokens": "many", "completion_tokens": 2})],
        {"output_tokens": 2},
        ("stop",),
    ),
    "usage beside null choices": ([FIRST, LAST, chunk(None, usage=CHAT_USAGE)], CHAT.truth, ("stop",)),
    "usage as a list": ([FIRST, LAST, chunk([], usage=[1])], {}, ("stop",)),
    "no choices at all": ([sse({"id": "c", "object": "chat.completion.chunk"}), LAST], {}, ("stop",)),
    "null choice": ([FIRST, chunk([None]), LAST, chunk([], usage=CHAT_USAGE)], CHAT.truth, ("stop",)),
    "a choice that is text": ([FIRST, chunk(["Ulm"]), LAST], {}, ("stop",)),
    "choices that are a number": ([FIRST, chunk(5), LAST, chunk(True, usage=CHAT_USAGE)], CHAT.truth, ("stop",)),
    "an index that is text": (
        [chunk([delta("a"), {**delta("b"), "index": "1"}]), chunk([{**delta(None, "stop"), "index": "1"}]), LAST],
        {},
        ("stop",),
    ),
    "choices without an index": (
        [chunk([{"delta": {"content": "Ulm"}}]), chunk([{"delta": {"content": None}, "finish_reason": "stop"}])],
        {},
        ("stop",),
    ),
    "three choices, out of order": (
        [
            chunk([delta("a", index=2), delta("b", index=0)]),
            chunk([delta(None, "length", index=1)]),
            chunk([delta(None, "content_filter", index=2), delta(None, "stop", index=0)]),
            chunk([], usage=CHAT_USAGE),
        ],
        CHAT.truth,
        ("stop", "length", "content_filter"),
    ),
    "tool calls": (
        [
            chunk([{"index": 0, "delta": {"role": "assistant", "tool_calls": [TOOL]}, "finish_reason": None}]),
            chunk([delta(None, "tool_calls")]),
            chunk([], usage=CHAT_USAGE),
        ],
        CHAT.truth,
        ("tool_calls",),
    ),
    "a first chunk of a filter": ([chunk([], prompt_filter_results=[{"prompt_index": 0}]), FIRST, LAST], {}, ("stop",)),
    "comments and blank lines": (
        [b": keep-alive\n\n", FIRST, b"\n\n: keep-alive\n", LAST, chunk([], usage=CHAT_USAGE), b"\n"],
        CHAT.truth,
        ("stop",),
    ),
    "a chunk that is null, and others that are no objects": (
        [sse("null"), FIRST, sse("null"), sse("5"), sse("[]"), LAST, chunk([], usage=CHAT_USAGE)],
        CHAT.truth,
        ("stop",),
    ),
    "nothing": ([], {}, ()),
    "nothing but the end": ([DONE], {}, ()),
}


@MODES
@pytest.mark.parametrize("name", STREAMS)
def test_a_stream(name: str, is_async: bool) -> None:
    pieces, counts, reasons = STREAMS[name]
    for play in (streams.drained, streams.streaming_response_stream_by_lines):
        bare = watched(play, Host(CHAT, [events(pieces)], is_async=is_async))
        with metered() as metering:
            assert watched(play, Host(CHAT, [events(pieces)], is_async=is_async)) == bare
            (span,) = metering.ended()
            attributes: Any = span.attributes
            assert usage_of(span) == counts
            assert tuple(attributes.get("gen_ai.response.finish_reasons", ())) == reasons
            assert "error.type" not in attributes


ONLY = chunk([delta("Ulm", "stop")], usage=CHAT_USAGE)
_WHOLE = b"".join([FIRST, LAST, chunk([], usage=CHAT_USAGE)])

BODIES: dict[str, tuple[bytes, str]] = {
    "a return alone ends a line": (_WHOLE.replace(b"\n", b"\r"), "text/event-stream"),
    "events of several lines": (_WHOLE.replace(b'{"', b'{\ndata: "').replace(b", ", b",\ndata:"), "text/event-stream"),
    "no line ends after the last event": (_WHOLE.rstrip(b"\n"), "text/event-stream"),
    "no empty lines between the events": (_WHOLE.replace(b"\n\n", b"\n"), "text/event-stream"),
    "a mark of the encoding": (b"\xef\xbb\xbf\n" + _WHOLE, "text/event-stream; charset=utf-8"),
    "a mark of the encoding before the first event": (b"\xef\xbb\xbf" + ONLY, "text/event-stream"),
    "a mark of the encoding before a document": (b"\xef\xbb\xbf" + CHAT.document().whole, "application/json"),
    "a type in capitals": (_WHOLE, "Text/Event-Stream"),
    "another type": (_WHOLE, "application/octet-stream"),
    "no type": (b"\n" + _WHOLE, ""),
    "no stream at all": (CHAT.document().whole, "text/event-stream"),
}
"""Bodies of streams as servers may send them, each with its media type; a host that reads the bytes reads them all."""


@MODES
@pytest.mark.parametrize("is_in_pieces", [False, True])
@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_the_host_reads_itself(name: str, is_in_pieces: bool, is_async: bool, metering: Metering) -> None:
    body, kind = BODIES[name]
    pieces = [body[place : place + 1] for place in range(len(body))] if is_in_pieces else [body]

    async def read_twice(host: Host) -> None:
        manager = host.streaming_response(**host.dialect.request, stream=True)
        response = await host.enter(manager)
        host.see(await host.do(response.read))
        await host.drain(response.iter_lines())
        await host.drain(response.iter_bytes())
        await host.leave(manager)

    watched(read_twice, Host(CHAT, [Reply([*pieces], headers={"content-type": kind})], is_async=is_async))
    (span,) = metering.ended()
    assert usage_of(span) == CHAT.truth
    assert "submeter.usage.partial" not in (span.attributes or {})


_PLACES: tuple[Any, ...] = (0, "1", [])

ANSWERS: dict[str, tuple[Reply, Mapping[str, int]]] = {
    "null choices": (CHAT.document(choices=None), CHAT.truth),
    "a null choice": (CHAT.document(choices=[None]), CHAT.truth),
    "no choices": (CHAT.document(choices=[]), CHAT.truth),
    "text for a choice": (CHAT.document(choices=["Ulm"]), CHAT.truth),
    "a list": (document([1, 2]), {}),
    "a text": (document("Ulm"), {}),
    "null": (document(None), {}),
    "an empty object": (document({}), {}),
    "nothing": (Reply([], headers={"content-type": "application/json"}), {}),
    "another kind": (Reply([b"<html>"], headers={"content-type": "text/html"}), {}),
    "only part of a total": (CHAT.document(usage={"prompt_tokens": 7}), {"input_tokens": 7}),
    "more cached than asked": (
        CHAT.document(
            usage={"prompt_tokens": 7, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 9}}
        ),
        {"input_tokens": 7, "output_tokens": 1, "cache_read.input_tokens": 7},
    ),
    "negative": (CHAT.document(usage={"prompt_tokens": -7, "completion_tokens": 1}), {"output_tokens": 1}),
    "a boolean": (CHAT.document(usage={"prompt_tokens": True, "completion_tokens": 1}), {"output_tokens": 1}),
    "more than anybody counts": (
        CHAT.document(usage={"prompt_tokens": 10**30, "completion_tokens": 1e30, "prompt_tokens_details": {}}),
        {},
    ),
    "a number for choices": (CHAT.document(choices=5), CHAT.truth),
    "an index that is text, and one that is a list": (
        CHAT.document(choices=[{"index": place, "finish_reason": "stop"} for place in _PLACES]),
        CHAT.truth,
    ),
    "audio": (
        CHAT.document(
            usage={
                "prompt_tokens": 20,
                "completion_tokens": 9,
                "prompt_tokens_details": {"audio_tokens": 12, "text_tokens": 8},
                "completion_tokens_details": {"audio_tokens": 5},
            }
        ),
        {
            "input_tokens": 20,
            "output_tokens": 9,
            "text.input_tokens": 8,
            "audio.input_tokens": 12,
            "audio.output_tokens": 5,
        },
    ),
    "fields of tomorrow": (
        CHAT.document(usage={**CHAT_USAGE, "prompt_tokens_details": {"cached_tokens": 30, "quantum_tokens": 4}}),
        CHAT.truth,
    ),
}


@MODES
@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer(name: str, is_async: bool) -> None:
    reply, counts = ANSWERS[name]
    for play in (whole.plain, whole.raw_never_parsed, whole.streaming_response_read):
        bare = watched(play, Host(CHAT, [reply], is_async=is_async))
        with metered() as metering:
            assert watched(play, Host(CHAT, [reply], is_async=is_async)) == bare
            (span,) = metering.ended()
            assert usage_of(span) == counts, play.__name__


def test_what_did_not_fit_is_marked(metering: Metering) -> None:
    for name in ("more cached than asked", "negative", "a boolean", "more than anybody counts"):
        watched(whole.plain, Host(CHAT, [ANSWERS[name][0]], is_async=False))
    for span in metering.ended():
        attributes: Any = span.attributes
        assert attributes["submeter.usage.inconsistent"] is True


def test_the_parts_of_a_modality_sum_to_the_total(metering: Metering) -> None:
    watched(whole.plain, Host(CHAT, [ANSWERS["audio"][0]], is_async=False))
    for name, parts in (
        ("input_tokens", {"text": 8, "audio": 12}),
        ("output_tokens", {"audio": 5, "unknown": 4}),
    ):
        points = metering.points(f"gen_ai.client.inference.usage.{name}")
        assert {point.attributes["gen_ai.token.modality"]: point.value for point in points} == parts
