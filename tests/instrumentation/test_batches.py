"""Results of batches: each counts once, by its own model, however they are read and however often."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from instrumentation.played import client, drained, waited
from metering import metered, usage_of
from submeter.core import body, counted, guard

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from metering import Metering

pytestmark = pytest.mark.usefixtures("clean_gc")

MODES = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])


def message(number: int) -> dict[str, Any]:
    usage = {
        "input_tokens": 10 + number,
        "output_tokens": 5,
        "cache_read_input_tokens": 3,
        "cache_creation_input_tokens": 2,
        "service_tier": "batch",
    }
    return {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5-20251001",
        "content": [],
        "stop_reason": "end_turn",
        "usage": usage,
    }


RESULTS = [
    *({"custom_id": f"r{n}", "result": {"type": "succeeded", "message": message(n)}} for n in range(3)),
    {"custom_id": "r3", "result": {"type": "errored", "error": {"type": "error", "error": {"type": "api_error"}}}},
    {"custom_id": "r4", "result": {"type": "expired"}},
]
LINES = "".join(json.dumps(result) + "\n" for result in RESULTS).encode()
BATCH = {
    "id": "b",
    "processing_status": "ended",
    "results_url": "https://api.anthropic.com/v1/messages/batches/b/results",
}
ANSWERS = {"get /batches/b": BATCH, "get /batches/b/results": LINES}
TRUTH = [
    {"input_tokens": 15 + n, "output_tokens": 5, "cache_read.input_tokens": 3, "cache_write.input_tokens": 2}
    for n in range(3)
]


async def decoded(batches: Any) -> object:
    return [repr(item) for item in await drained(await waited(batches.results("b")))]


async def raw(batches: Any) -> object:
    answer = await waited(batches.with_raw_response.results("b"))
    return [repr(item) for item in await drained(await waited(answer.parse()))]


async def read_and_raw(batches: Any) -> object:
    answer = await waited(batches.with_raw_response.results("b"))
    await waited(answer.read())
    return [repr(item) for item in await drained(await waited(answer.parse()))]


async def by_bytes(batches: Any) -> object:
    manager = batches.with_streaming_response.results("b")
    if hasattr(manager, "__aenter__"):
        async with manager as answer:
            return b"".join(await drained(answer.iter_bytes(11)))
    with manager as answer:
        return b"".join(await drained(answer.iter_bytes(11)))


def played(play: Callable[[Any], Coroutine[Any, Any, object]], path: str, *, is_async: bool) -> object:
    async def application() -> object:
        made = client("anthropic", ANSWERS, is_async=is_async)
        return await play(made.messages.batches if path == "messages" else made.beta.messages.batches)

    return asyncio.run(application())


@MODES
@pytest.mark.parametrize("path", ["messages", "beta"])
@pytest.mark.parametrize("play", [decoded, raw, by_bytes])
def test_each_result_is_a_call(play: Callable[[Any], Any], path: str, is_async: bool) -> None:
    bare = played(play, path, is_async=is_async)
    with metered() as metering:
        assert played(play, path, is_async=is_async) == bare
        spans = metering.ended()
        assert [usage_of(span) for span in spans] == TRUTH
        assert {span.name for span in spans} == {"chat claude-haiku-4-5-20251001"}
        told: Any = spans[0].attributes
        assert told["gen_ai.response.id"] == "msg_0"
        assert told["gen_ai.response.finish_reasons"] == ("end_turn",)
        assert told["submeter.service_tier"] == "batch"
        # Half the price of 13 plain tokens, 3 read from the cache, 2 written to it, and 5 put out.
        assert told["submeter.cost.usd"] == pytest.approx(0.5 * (10 * 1 + 3 * 0.1 + 2 * 1.25 + 5 * 5) / 1e6)
        assert metering.points("gen_ai.client.inference.duration") == []


@MODES
def test_results_that_are_fetched_again_do_not_count_again(is_async: bool, metering: Metering) -> None:
    for play in (decoded, by_bytes, raw, decoded):
        played(play, "messages", is_async=is_async)
    assert [usage_of(span) for span in metering.ended()] == TRUTH


@MODES
def test_what_was_not_read_counts_when_it_is(is_async: bool, metering: Metering) -> None:
    async def first_one() -> None:
        made = client("anthropic", ANSWERS, is_async=is_async)
        found = await waited(made.messages.batches.results("b"))
        await drained(found, 1)
        await waited(found.close())

    asyncio.run(first_one())
    assert [usage_of(span) for span in metering.ended()] == TRUTH[:1]
    played(decoded, "messages", is_async=is_async)
    assert [usage_of(span) for span in metering.ended()] == TRUTH


def test_results_belong_to_where_they_were_asked_for(metering: Metering) -> None:
    import submeter

    with submeter.session("s-1", user="u-1") as meter:
        found = client("anthropic", ANSWERS).messages.batches.results("b")
    for _ in found:
        pass
    assert [(span.attributes or {})["session.id"] for span in metering.ended()] == ["s-1"] * 3
    assert meter.usage.calls == 3


def completion(number: int) -> dict[str, Any]:
    usage = {
        "prompt_tokens": 20 + number,
        "completion_tokens": 7,
        "total_tokens": 27 + number,
        "prompt_tokens_details": {"cached_tokens": 4},
    }
    answer: dict[str, Any] = {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "model": "gpt-4o-2024-08-06",
        "choices": [],
        "usage": usage,
    }
    return {"id": f"batch_req_{number}", "custom_id": f"r{number}", "response": {"status_code": 200, "body": answer}}


SUM = {
    "input_tokens": 41,
    "input_tokens_details": {"cached_tokens": 8},
    "output_tokens": 14,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 55,
}
JOB: dict[str, Any] = {
    "id": "batch_1",
    "object": "batch",
    "endpoint": "/v1/chat/completions",
    "model": "gpt-4o-2024-08-06",
    "status": "completed",
    "output_file_id": "file-1",
    "usage": SUM,
}
FILE = "".join(json.dumps(completion(n)) + "\n" for n in range(2)).encode()
COUNTED = {"input_tokens": 41, "output_tokens": 14, "cache_read.input_tokens": 8}
SINGLY = [{"input_tokens": 20 + n, "output_tokens": 7, "cache_read.input_tokens": 4} for n in range(2)]


def counts(metering: Metering) -> list[dict[str, Any]]:
    """The usage that counts, without what is told of reasoning."""
    told = [usage_of(span) for span in metering.ended()]
    return [{name: count for name, count in usage.items() if "reasoning" not in name} for usage in told if usage]


def job(**changes: Any) -> Any:
    return client("openai", {"get /batches/batch_1": {**JOB, **changes}, "get /files/file-1/content": FILE})


def test_a_batch_counts_its_sum_once_at_the_price_of_batches(metering: Metering) -> None:
    made = job()
    for _ in range(3):
        made.batches.retrieve("batch_1")
    assert counts(metering) == [COUNTED]
    told: Any = metering.ended()[0].attributes
    assert told["gen_ai.response.model"] == "gpt-4o-2024-08-06"
    # Batches of this model have no price of their own for cached input, so it costs what input costs.
    assert told["submeter.cost.usd"] == pytest.approx((41 * 1.25 + 14 * 5) / 1e6)
    assert "submeter.context.utilization" not in told


def test_a_batch_of_many_tokens_is_no_long_request(metering: Metering) -> None:
    total = {**SUM, "input_tokens": 400_000, "input_tokens_details": {"cached_tokens": 0}}
    job(model="gpt-5.4", usage=total).batches.retrieve("batch_1")
    told: Any = metering.ended()[0].attributes
    assert told["submeter.cost.usd"] == pytest.approx((400_000 * 1.25 + 14 * 7.5) / 1e6)


def test_a_batch_under_way_counts_when_it_is_done(metering: Metering) -> None:
    job(status="in_progress", usage={**SUM, "input_tokens": 1, "output_tokens": 1}).batches.retrieve("batch_1")
    assert counts(metering) == []
    job().batches.retrieve("batch_1")
    assert counts(metering) == [COUNTED]


def test_a_file_of_results_counts_each_where_the_batch_states_no_sum(metering: Metering) -> None:
    made = job(usage=None)
    made.batches.retrieve("batch_1")
    for _ in range(2):
        assert made.files.content("file-1").read() == FILE
    assert counts(metering) == SINGLY


@pytest.mark.parametrize("is_file_first", [False, True], ids=["sum first", "file first"])
def test_a_batch_and_its_file_count_once_between_them(is_file_first: bool, metering: Metering) -> None:
    made = job()

    def read_file() -> None:
        made.files.content("file-1")

    def read_sum() -> None:
        made.batches.retrieve("batch_1")

    for read in (read_file, read_sum, read_file, read_sum) if is_file_first else (read_sum, read_file, read_sum):
        read()
    assert counts(metering) == (SINGLY if is_file_first else [COUNTED])


@pytest.mark.parametrize("read", ["at once", "as it comes"])
def test_a_large_file_counts_each_of_its_lines_but_one_that_is_too_long(
    read: str, metering: Metering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "LARGEST", 8_000)
    padded = [{**completion(n), "padding": "x" * size} for n, size in enumerate((5_000, 9_000, 5_000))]
    content = "".join(json.dumps(line) + "\n" for line in padded).encode()
    files = client("openai", {"get /files/file-1/content": content}).files
    if read == "at once":
        assert files.content("file-1").read() == content
    else:
        with files.with_streaming_response.content("file-1") as answer:
            assert b"".join(answer.iter_bytes(1_000)) == content
    assert [usage["input_tokens"] for usage in counts(metering)] == [20, 22]


def test_the_sum_of_a_batch_counts_less_what_was_read_of_its_file(metering: Metering) -> None:
    made = job()
    with made.files.with_streaming_response.content("file-1") as answer:
        assert next(answer.iter_lines())
    made.batches.retrieve("batch_1")
    assert counts(metering) == [SINGLY[0], {name: COUNTED[name] - SINGLY[0][name] for name in COUNTED}]
    made.files.content("file-1")
    made.batches.retrieve("batch_1")
    assert metering.total("gen_ai.client.inference.usage.input_tokens") == COUNTED["input_tokens"]


def test_a_file_of_errors_stands_for_nothing_of_the_sum(metering: Metering) -> None:
    refused: dict[str, Any] = {
        "id": "batch_req_9",
        "custom_id": "r9",
        "response": {"status_code": 400, "body": {"error": {}}},
    }
    errors = json.dumps(refused).encode()
    made = client(
        "openai", {"get /batches/batch_1": {**JOB, "error_file_id": "file-2"}, "get /files/file-2/content": errors}
    )
    assert made.files.content("file-2").read() == errors
    made.batches.retrieve("batch_1")
    assert counts(metering) == [COUNTED]


def test_a_batch_of_embeddings_is_one_of_embeddings(metering: Metering) -> None:
    job(endpoint="/v1/embeddings", model="text-embedding-3-small").batches.retrieve("batch_1")
    assert metering.total("submeter.embeddings.input_tokens") == 41
    assert metering.points("gen_ai.client.inference.usage.input_tokens") == []


@pytest.mark.parametrize(
    "content", [b"", b"a,b\n1,2\n", b'{"messages": []}\n', b"\x00\xff" * 999, b'{"custom_id": 1}\n', b"[1]\nnull\n"]
)
def test_other_files_are_passed_on_and_count_nothing(content: bytes, metering: Metering) -> None:
    made = client("openai", {"get /files/file-1/content": content})
    assert made.files.content("file-1").read() == content
    with made.files.with_streaming_response.content("file-1") as answer:
        assert b"".join(answer.iter_bytes()) == content
    assert metering.ended() == []


def test_a_file_that_is_being_read_counts_no_more_once_its_sum_counted(metering: Metering) -> None:
    made = job()
    with made.files.with_streaming_response.content("file-1") as answer:
        lines = answer.iter_lines()
        next(lines)
        made.batches.retrieve("batch_1")
        assert len(list(lines)) == 1
    assert metering.total("gen_ai.client.inference.usage.input_tokens") == COUNTED["input_tokens"]
    assert metering.total("gen_ai.client.inference.usage.output_tokens") == COUNTED["output_tokens"]


@pytest.mark.parametrize("odd", [{"prompt_tokens": "many"}, {"prompt_tokens": [1]}, 5, "none", [None]])
def test_a_result_that_states_something_else_costs_itself(
    odd: Any, metering: Metering, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(guard, "is_strict", False)
    results = [completion(n) for n in range(3)]
    results[1]["response"]["body"]["usage"] = odd
    content = "".join(json.dumps(line) + "\n" for line in results).encode()
    made = client("openai", {"get /files/file-1/content": content})
    assert made.files.content("file-1").read() == content
    assert [usage["input_tokens"] for usage in counts(metering) if "input_tokens" in usage] == [20, 22]
    assert caplog.text == ""


def test_a_result_that_fails_us_costs_itself(
    metering: Metering, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(guard, "is_strict", False)
    results = [completion(n) for n in range(3)]
    results[1]["response"]["body"]["choices"] = 5
    content = "".join(json.dumps(line) + "\n" for line in results).encode()
    made = client("openai", {"get /files/file-1/content": content})
    assert made.files.content("file-1").read() == content
    assert [usage["input_tokens"] for usage in counts(metering)][::2] == [20, 22]
    caplog.clear()


@MODES
@pytest.mark.parametrize("again", [decoded, by_bytes, raw, read_and_raw])
@pytest.mark.parametrize("most", [None, 25], ids=["whole", "in part"])
def test_results_that_are_more_than_ids_are_remembered_count_once_too(
    again: Callable[[Any], Any], most: int | None, is_async: bool, metering: Metering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counted.calls, "kept", 10)
    told = [{"custom_id": f"r{n}", "result": {"type": "succeeded", "message": message(n)}} for n in range(30)]
    lines: list[Any] = [*told[:4], RESULTS[3], *told[4:]]
    content = "".join(json.dumps(line) + "\n" for line in lines).encode()

    async def application() -> None:
        made = client("anthropic", {**ANSWERS, "get /batches/b/results": content}, is_async=is_async)
        found = await waited(made.messages.batches.results("b"))
        await drained(found, most)
        await waited(found.close())
        for _ in range(2):
            await again(made.messages.batches)

    asyncio.run(application())
    assert [usage_of(span)["input_tokens"] for span in metering.ended()] == [15 + n for n in range(30)]


def test_a_part_of_a_file_is_told_by_its_ids(metering: Metering) -> None:
    answers: dict[str, Any] = {"get /files/file-1/content": FILE.splitlines(keepends=True)[1]}
    files = client("openai", answers).files
    files.content("file-1", extra_headers={"Range": "bytes=300-"})
    answers["get /files/file-1/content"] = FILE
    for _ in range(2):
        files.content("file-1")
    assert counts(metering) == SINGLY[::-1]


def _with_a_long_line() -> tuple[bytes, dict[str, Any]]:
    """A file whose second of three lines is too long, and the sum of the three."""
    padded = [{**completion(n), "padding": "x" * size} for n, size in enumerate((5_000, 9_000, 5_000))]
    usage = {**SUM, "input_tokens": 20 + 21 + 22, "input_tokens_details": {"cached_tokens": 12}, "output_tokens": 21}
    return "".join(json.dumps(line) + "\n" for line in padded).encode(), {**JOB, "usage": usage}


@pytest.mark.parametrize("order", ["file, sum", "sum, file", "half the file, sum"])
def test_what_a_line_that_is_too_long_held_is_in_the_sum(
    order: str, metering: Metering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "LARGEST", 8_000)
    content, batch = _with_a_long_line()
    made = client("openai", {"get /batches/batch_1": batch, "get /files/file-1/content": content})
    whole = {"input_tokens": 63, "output_tokens": 21, "cache_read.input_tokens": 12}
    long = {"input_tokens": 21, "output_tokens": 7, "cache_read.input_tokens": 4}
    last = {**long, "input_tokens": 22}
    if order.startswith("half"):
        with made.files.with_streaming_response.content("file-1") as answer:
            next(answer.iter_bytes(6_000))
    elif order.startswith("file"):
        made.files.content("file-1")
    for _ in range(2):
        made.batches.retrieve("batch_1")
        assert made.files.content("file-1").read() == content
    expected = {
        "file, sum": [SINGLY[0], last, long],
        "sum, file": [whole],
        "half the file, sum": [SINGLY[0], {**whole, "input_tokens": 43, "output_tokens": 14, **_CACHED_OF_TWO}],
    }
    assert counts(metering) == expected[order]
    assert metering.total("gen_ai.client.inference.usage.input_tokens") == 63


_CACHED_OF_TWO = {"cache_read.input_tokens": 8}


def test_a_result_that_was_counted_elsewhere_is_in_no_sum_again(metering: Metering) -> None:
    answer = {**RESPONDED, "status": "completed", "background": True}
    line = {"id": "batch_req_1", "custom_id": "r1", "response": {"status_code": 200, "body": answer}}
    batch = {**JOB, "endpoint": "/v1/responses", "usage": RESPONDED["usage"]}
    made = client(
        "openai",
        {
            "get /responses/resp_1": answer,
            "get /files/file-1/content": json.dumps(line).encode(),
            "get /batches/batch_1": batch,
        },
    )
    made.responses.retrieve("resp_1")
    made.files.content("file-1")
    made.batches.retrieve("batch_1")
    assert [usage["input_tokens"] for usage in counts(metering)] == [41]


RESPONDED: dict[str, Any] = {"id": "resp_1", "object": "response", "model": "gpt-5", "output": [], "usage": SUM}
