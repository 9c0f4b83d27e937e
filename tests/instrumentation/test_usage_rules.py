"""The rules of usage, each over made-up answers that the real SDKs read from the wire: what is metered is the truth.

`docs/coverage.md` lists each rule with its tests.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrumentation.anthropic_dialects import MESSAGES, told
from instrumentation.dialect import sse
from instrumentation.host import Host, watched
from instrumentation.http_library import httpx2
from instrumentation.openai_dialects import CHAT, COMPLETIONS, EMBEDDINGS, KNOWN, MODERATIONS, RESPONSES, chunk, delta
from instrumentation.openai_dialects import told as event
from instrumentation.streams import drained, opened, raw_stream
from instrumentation.transport import events
from instrumentation.whole import plain
from metering import metered, usage_of
from submeter import settings as variables

if TYPE_CHECKING:
    from collections.abc import Generator

    from instrumentation.dialect import Dialect
    from instrumentation.transport import Reply

FEW = settings(max_examples=25)
COUNT = st.integers(0, 5_000)
SAID = st.none() | COUNT
IS_ASYNC = st.booleans()
TEXT = st.text(st.characters(codec="ascii", exclude_categories=("Cc",)), min_size=1, max_size=30)


def metered_of(
    play: Any, dialect: Dialect, reply: Any, *, is_async: bool = False
) -> tuple[dict[str, Any], list[object]]:
    """The attributes of the one span of a call that is played, and what its host saw."""
    with metered() as metering:
        seen = watched(play, Host(dialect, [reply], is_async=is_async))
        (span,) = metering.ended()
        for name, count in usage_of(span).items():
            total = metering.total(f"gen_ai.client.inference.usage.{name}")
            assert total == count or name.partition(".")[0] in ("text", "image", "audio")
        return dict(span.attributes or {}), seen


def usage(attributes: dict[str, Any]) -> dict[str, int]:
    """The counts of a span."""
    prefix = "gen_ai.usage."
    return {name.removeprefix(prefix): value for name, value in attributes.items() if name.startswith(prefix)}


def stated(**counts: int | None) -> dict[str, int]:
    """The counts that are no null, with dots for the double underscores in their names."""
    return {name.replace("__", "."): count for name, count in counts.items() if count is not None}


CACHED = st.fixed_dictionaries({"read": COUNT, "short": COUNT, "long": COUNT})


@FEW
@given(COUNT, COUNT, CACHED, IS_ASYNC)
def test_input_includes_what_was_cached_whoever_states_it_beside(
    fresh: int, output: int, cached: dict[str, int], is_async: bool
) -> None:
    read, short, long = cached["read"], cached["short"], cached["long"]
    said = {
        "input_tokens": fresh,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": short + long,
        "cache_creation": {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long},
        "output_tokens": output,
    }
    found, _ = metered_of(plain, MESSAGES, MESSAGES.document(usage=said), is_async=is_async)
    assert usage(found) == {
        "input_tokens": fresh + read + short + long,
        "output_tokens": output,
        "cache_read.input_tokens": read,
        "cache_write.input_tokens": short + long,
    }
    lifetime = "anthropic.usage.cache_creation.ephemeral_"
    assert (found[f"{lifetime}5m_input_tokens"], found[f"{lifetime}1h_input_tokens"]) == (short, long)


@FEW
@given(st.tuples(COUNT, COUNT), st.tuples(COUNT, COUNT), st.sampled_from([CHAT, RESPONSES]), IS_ASYNC)
def test_cached_input_and_reasoning_are_parts_and_never_added(
    asked: tuple[int, int], answered: tuple[int, int], dialect: Dialect, is_async: bool
) -> None:
    names = ("prompt", "completion") if dialect is CHAT else ("input", "output")
    said = {
        f"{names[0]}_tokens": sum(asked),
        f"{names[0]}_tokens_details": {"cached_tokens": asked[0]},
        f"{names[1]}_tokens": sum(answered),
        f"{names[1]}_tokens_details": {"reasoning_tokens": answered[0]},
        "total_tokens": sum(asked) + sum(answered),
    }
    found, _ = metered_of(plain, dialect, dialect.document(usage=said), is_async=is_async)
    assert usage(found) == {
        "input_tokens": sum(asked),
        "output_tokens": sum(answered),
        "cache_read.input_tokens": asked[0],
        "reasoning.output_tokens": answered[0],
    }
    assert "submeter.usage.inconsistent" not in found


SNAPSHOTS = st.lists(st.tuples(SAID, SAID), min_size=1, max_size=6)


def last(values: list[int | None]) -> int | None:
    """The last of these that is no null."""
    return next((value for value in reversed(values) if value is not None), None)


@FEW
@given(SNAPSHOTS, IS_ASYNC, st.booleans())
def test_of_usage_that_a_stream_states_again_and_again_the_last_word_holds(
    snapshots: list[tuple[int | None, int | None]], is_async: bool, is_raw: bool
) -> None:
    asked, answered = last([one for one, _ in snapshots]), last([one for _, one in snapshots])
    chat = [chunk([delta("a")], usage={"prompt_tokens": a, "completion_tokens": b}) for a, b in snapshots]
    message = [
        told(
            "message_delta",
            delta={"stop_reason": None, "stop_sequence": None},
            usage={"input_tokens": a, "output_tokens": b},
        )
        for a, b in snapshots
    ]
    start = told("message_start", message={**MESSAGES.answer, "usage": {"input_tokens": 25, "output_tokens": 1}})
    for dialect, pieces, first in (
        (CHAT, [*chat, sse("[DONE]")], None),
        (MESSAGES, [start, *message, MESSAGES.pieces[-1]], 25),
    ):
        play = raw_stream if is_raw else drained
        found, _ = metered_of(play, dialect, events(pieces), is_async=is_async)
        truth = stated(input_tokens=first if asked is None else asked, output_tokens=answered)
        assert usage(found) == truth, dialect.name


@FEW
@given(st.fixed_dictionaries({}, optional={"prompt_tokens": SAID, "completion_tokens": SAID}), SAID, IS_ASYNC)
def test_what_was_not_said_is_no_zero_and_a_zero_is_one(
    said: dict[str, int | None], cached: int | None, is_async: bool
) -> None:
    details = {"prompt_tokens_details": {"cached_tokens": cached}}
    found, _ = metered_of(plain, CHAT, CHAT.document(usage={**said, **details}), is_async=is_async)
    asked = said.get("prompt_tokens")
    within = cached if cached is None or asked is None else min(cached, asked)
    assert usage(found) == stated(
        input_tokens=asked, output_tokens=said.get("completion_tokens"), cache_read__input_tokens=within
    )


@FEW
@given(COUNT, COUNT, COUNT, COUNT)
def test_parts_that_do_not_fit_are_cut_and_marked_and_no_others(
    asked: int, cached: int, answered: int, reasoned: int
) -> None:
    said = {
        "prompt_tokens": asked,
        "completion_tokens": answered,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": reasoned},
    }
    found, _ = metered_of(plain, CHAT, CHAT.document(usage=said))
    assert usage(found) == {
        "input_tokens": asked,
        "output_tokens": answered,
        "cache_read.input_tokens": min(cached, asked),
        "reasoning.output_tokens": min(reasoned, answered),
    }
    assert found.get("submeter.usage.inconsistent", False) is (cached > asked or reasoned > answered)


CHUNKS = st.lists(
    st.one_of(TEXT.map(lambda text: [delta(text)]), st.just([delta(None, "stop")]), st.just(list[Any]())), max_size=5
)


@FEW
@given(CHUNKS, COUNT, COUNT, st.booleans(), IS_ASYNC)
def test_usage_that_is_asked_for_reaches_no_host(
    chunks: list[list[dict[str, Any]]], asked: int, answered: int, tells_nulls: bool, is_async: bool
) -> None:
    """The provider answers as OpenAI does: nulls and a chunk of usage for who asks for it, and neither for others."""

    def reply(body: bytes) -> Reply:
        is_wanted = json.loads(body).get("stream_options", {}).get("include_usage")
        nulls = {"usage": None} if is_wanted and tells_nulls else {}
        said = {"prompt_tokens": asked, "completion_tokens": answered, "total_tokens": asked + answered}
        more = [chunk([], usage=said)] if is_wanted else []
        return events([*(chunk(choices, **nulls) for choices in chunks), *more, sse("[DONE]")])

    def read(seen: list[object]) -> list[object]:
        return [step for step in seen if isinstance(step, tuple) and step[0] == 0]

    bare = read(watched(drained, Host(KNOWN, [reply], is_async=is_async)))
    found, seen = metered_of(drained, KNOWN, reply, is_async=is_async)
    assert read(seen) == bare
    assert len(bare) == len(chunks) + 3  # the stream before them, its end and whether it is closed after them
    assert usage(found) == {"input_tokens": asked, "output_tokens": answered}


CUT = (CHAT, COMPLETIONS, RESPONSES, MESSAGES)
USAGE_AT = {CHAT.name: 4, COMPLETIONS.name: 3, RESPONSES.name: 6, MESSAGES.name: 6}
"""Which event of a stream states the usage of it all."""


def heard(dialect: Dialect, pieces: int) -> dict[str, int]:
    """What a stream has stated within its first events."""
    if pieces > USAGE_AT[dialect.name]:
        return dialect.truth
    return dialect.started if pieces else {}


@FEW
@given(st.data(), st.sampled_from(CUT), IS_ASYNC)
def test_a_stream_cut_off_anywhere_counts_what_it_had_stated(data: Any, dialect: Dialect, is_async: bool) -> None:
    whole = b"".join(dialect.pieces)
    place = data.draw(st.integers(0, len(whole) - 1))
    error = data.draw(st.sampled_from([httpx2.RemoteProtocolError("peer left"), httpx2.ReadTimeout("slow")]))
    complete, ends = 0, 0
    for piece in dialect.pieces:
        ends += len(piece)
        complete += ends <= place
    found, _ = metered_of(drained, dialect, events([whole[:place], error]), is_async=is_async)
    assert usage(found) == heard(dialect, complete)
    assert "error.type" in found
    assert found.get("submeter.usage.partial", False) is (complete > 0)


@FEW
@given(st.data(), st.sampled_from(CUT), IS_ASYNC)
def test_a_stream_left_anywhere_counts_what_it_had_stated(data: Any, dialect: Dialect, is_async: bool) -> None:
    taken = data.draw(st.integers(0, len([piece for piece in dialect.pieces if piece != sse("[DONE]")]) - 1))

    async def left(host: Host) -> None:
        chunks = await opened(host)
        for _ in range(taken):
            await host.pull(chunks)
        await host.do(chunks.close)

    reply = events([piece for piece in dialect.pieces if b'"ping"' not in piece])
    found, _ = metered_of(left, dialect, reply, is_async=is_async)
    pings = dialect is MESSAGES  # the SDK keeps them to itself
    assert usage(found) == heard(dialect, taken + (1 if pings and taken > 3 else 0))
    assert found["submeter.usage.partial"] is True


@contextmanager
def estimating() -> Generator[None]:
    """Estimates are asked for, and no tokenizer is at hand."""
    before = {name: variables.variable(name) for name in ("SUBMETER_ESTIMATE", "TIKTOKEN_CACHE_DIR")}
    variables.set_variable("SUBMETER_ESTIMATE", "1")
    variables.set_variable("TIKTOKEN_CACHE_DIR", "/nowhere")
    try:
        yield
    finally:
        for name, value in before.items():
            variables.set_variable(name, value)


def by_characters(text: str) -> int:
    """The estimate of a text."""
    return -(-len(text) // 4)


def silent(dialect: Dialect, texts: list[str]) -> list[bytes]:
    """A stream of these texts that states no output, and its input where that comes first."""
    if dialect is MESSAGES:
        deltas = [told("content_block_delta", index=0, delta={"type": "text_delta", "text": text}) for text in texts]
        return [*MESSAGES.pieces[:2], *deltas]
    if dialect is RESPONSES:
        place: dict[str, Any] = {"output_index": 0, "content_index": 0, "item_id": "msg_1", "logprobs": []}
        deltas = [event("response.output_text.delta", 9, delta=text, **place) for text in texts]
        return [*RESPONSES.pieces[:3], *deltas]
    if dialect is COMPLETIONS:
        given_back = {"id": "c", "object": "text_completion", "created": 1, "model": "gpt-3.5-turbo-instruct"}
        return [sse({**given_back, "choices": [{"index": 0, "text": text}]}) for text in texts]
    return [chunk([delta(text)]) for text in texts]


TEXTS = st.lists(TEXT, min_size=1, max_size=6)
ENDS = st.sampled_from([b"", httpx2.RemoteProtocolError("peer left")])


@FEW
@given(TEXTS, ENDS, st.sampled_from(CUT), IS_ASYNC)
def test_nothing_is_estimated_unless_that_was_asked_for(
    texts: list[str], end: Any, dialect: Dialect, is_async: bool
) -> None:
    found, _ = metered_of(drained, dialect, events([*silent(dialect, texts), end]), is_async=is_async)
    assert usage(found) == dialect.started
    assert "submeter.usage.estimated" not in found


@FEW
@given(TEXTS, ENDS, st.sampled_from(CUT), IS_ASYNC)
def test_what_no_provider_counted_is_estimated_on_request_and_marked(
    texts: list[str], end: Any, dialect: Dialect, is_async: bool
) -> None:
    with estimating():
        found, _ = metered_of(drained, dialect, events([*silent(dialect, texts), end]), is_async=is_async)
    asked = {"input_tokens": by_characters("Where?"), **dialect.started}
    assert usage(found) == {**asked, "output_tokens": by_characters("".join(texts))}
    assert found["submeter.usage.estimated"] == "characters"
    assert found["submeter.usage.partial"] is True


@FEW
@given(TEXTS, IS_ASYNC)
def test_an_answer_that_says_why_it_ended_is_whole_also_where_its_host_counts_nothing(
    texts: list[str], is_async: bool
) -> None:
    reply = events([*silent(CHAT, texts), chunk([delta(None, "stop")])])
    found, _ = metered_of(drained, CHAT, reply, is_async=is_async)
    assert usage(found) == {}
    assert "submeter.usage.partial" not in found
    assert found["gen_ai.response.finish_reasons"] == ("stop",)


@FEW
@given(COUNT, COUNT, st.sampled_from((CHAT, RESPONSES, MESSAGES)))
def test_the_providers_count_beats_an_estimate(asked: int, answered: int, dialect: Dialect) -> None:
    names = ("prompt", "completion") if dialect is CHAT else ("input", "output")
    said = {f"{names[0]}_tokens": asked, f"{names[1]}_tokens": answered}
    with estimating():
        found, _ = metered_of(plain, dialect, dialect.document(usage=said))
    assert usage(found) == {"input_tokens": asked, "output_tokens": answered}
    assert "submeter.usage.estimated" not in found


@pytest.mark.parametrize("capture", ["", "span_and_event"])
def test_a_long_text_is_estimated_whole_also_where_its_content_is_told_cut(
    capture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", capture)
    text = "word " * 20_000
    with estimating():
        found, _ = metered_of(drained, CHAT, events([chunk([delta(text)])]))
    assert found["gen_ai.usage.output_tokens"] == by_characters(text)
    assert ("characters cut" in found.get("gen_ai.output.messages", "")) is bool(capture)


def test_embeddings_of_several_texts_are_estimated() -> None:
    with estimating(), metered() as metering:
        host = Host(EMBEDDINGS, [EMBEDDINGS.document(usage=None)], is_async=False)
        host.calls.create(model="text-embedding-3-small", input=["Where?", "There"], encoding_format="float")
        (span,) = metering.ended()
        assert usage_of(span) == {"input_tokens": by_characters("Where?\nThere")}
        assert (span.attributes or {})["submeter.usage.estimated"] == "characters"


def test_what_has_no_tokens_or_counts_elsewhere_is_not_estimated() -> None:
    with estimating():
        found, _ = metered_of(plain, MODERATIONS, MODERATIONS.document())
    assert usage(found) == {}
    with estimating(), metered() as metering:
        host = Host(RESPONSES, [RESPONSES.document(status="queued", background=True, usage=None)], is_async=False)
        host.calls.create(**RESPONSES.request, background=True)
        assert usage_of(metering.ended()[0]) == {}


@pytest.mark.parametrize("dialect", [CHAT, RESPONSES, MESSAGES], ids=lambda dialect: dialect.name)
def test_what_was_refused_is_not_estimated(dialect: Dialect) -> None:
    with estimating():
        found, _ = metered_of(plain, dialect, dialect.error(429))
    assert usage(found) == {}
