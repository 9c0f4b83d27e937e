"""replicate: predictions that answer at once, are waited for, stream, fail and are of models without tokens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from metering import metered, usage_of
from providers.matrix import Case, check, rows
from providers.play import Play
from providers.wire import Wire, document, events

if TYPE_CHECKING:
    from collections.abc import Callable

    from metering import Metering

replicate: Any = pytest.importorskip("replicate")

pytestmark = pytest.mark.usefixtures("clean_gc")

MODEL = "meta/meta-llama-3-8b-instruct"
INPUT = {"prompt": "Where?", "temperature": 0.5, "max_tokens": 9}
METRICS = {"input_token_count": 12, "output_token_count": 4, "predict_time": 0.2, "tokens_per_second": 20.0}
TRUTH = {"input_tokens": 12, "output_tokens": 4}


def make(url: str, is_async: bool) -> Any:
    del is_async  # one client has both
    client = replicate.Client(api_token="k", base_url=url)
    client.poll_interval = 0
    return client


def made(status: str, **more: Any) -> dict[str, Any]:
    return {"id": "p1", "model": MODEL, "version": "v", "status": status, "input": INPUT, **more}


ENDED = made("succeeded", output=["U", "lm"], metrics=METRICS)


def end(client: Any) -> Any:
    """Closes what was opened: the SDK has no way to."""
    opened: Any = client.__dict__
    if "_Client__async_client" in opened:
        return opened["_Client__async_client"].aclose()
    return opened["_Client__client"].close()


def play(name: str, mode: str, ask: Callable[[Any], Any]) -> Play:
    return Play(
        name=name,
        make=make,
        whole=ask,
        answer=document(ENDED, 201),
        truth=TRUTH,
        provider="replicate",
        kind="generate_content",
        model=MODEL,
        asked={"gen_ai.request.temperature": 0.5, "gen_ai.request.max_tokens": 9},
        facts={"gen_ai.response.id": "p1", "gen_ai.response.model": MODEL},
        reasons=("stop",),
        refusal=document({"title": "no", "status": 402, "detail": "no"}, 402),
        modes=(mode,),
        end=end,
    )


PLAYS = (
    play("run", "sync", lambda client: client.run(MODEL, input=INPUT)),
    play("run", "async", lambda client: client.async_run(MODEL, input=INPUT)),
    play("create", "sync", lambda client: client.predictions.create(model=MODEL, input=INPUT)),
    play("create", "async", lambda client: client.predictions.async_create(model=MODEL, input=INPUT)),
    play("pair", "sync", lambda client: client.models.predictions.create(tuple(MODEL.split("/")), INPUT)),
    play("version", "sync", lambda client: client.predictions.create(MODEL, INPUT)),
    play("deployment", "sync", lambda client: client.deployments.predictions.create(MODEL, INPUT)),
)


@pytest.mark.parametrize(("play", "mode", "case"), rows(*PLAYS))
def test_matrix(play: Play, mode: str, case: Case) -> None:
    check(play, mode, case)


def counted(metering: Metering) -> list[tuple[str, dict[str, Any]]]:
    return [(span.name, usage_of(span)) for span in metering.ended()]


def waited(client: Any) -> None:
    prediction = client.predictions.create(model=MODEL, input=INPUT)
    prediction.wait()
    assert (prediction.status, prediction.output) == ("succeeded", ["U", "lm"])
    # Fetched again, it is the same prediction.
    assert client.predictions.get("p1").metrics == METRICS


async def waited_async(client: Any) -> None:
    prediction = await client.predictions.async_create(model=MODEL, input=INPUT)
    await prediction.async_wait()
    assert prediction.output == ["U", "lm"]
    await client.predictions.async_get("p1")
    await end(client)


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_prediction_that_is_waited_for_counts_once_and_its_polls_are_no_calls(mode: str) -> None:
    with Wire() as wire, metered() as metering:
        # What is stated on the way is not the last word.
        going = made("processing", metrics={**METRICS, "output_token_count": 1})
        wire.play(document(made("starting"), 201), document(going), document(going), document(ENDED))
        client = make(wire.url, is_async=mode == "async")
        if mode == "async":
            asyncio.run(waited_async(client))
        else:
            waited(client)
            end(client)
        assert len(wire.asked) == 5
        name = f"generate_content {MODEL}"
        assert counted(metering) == [(name, {}), (name, TRUTH)]
        assert metering.total("gen_ai.client.inference.usage.output_tokens") == TRUTH["output_tokens"]


def test_run_without_waiting_for_the_answer_asks_until_the_end_and_counts() -> None:
    with Wire() as wire, metered() as metering:
        wire.play(document(made("starting"), 201), document(ENDED))
        client = make(wire.url, is_async=False)
        assert client.run(MODEL, input=INPUT, wait=False) == ["U", "lm"]
        end(client)
        assert [usage for _, usage in counted(metering)] == [{}, TRUTH]


def test_a_prediction_that_ended_at_once_does_not_count_again_when_it_is_fetched() -> None:
    with Wire() as wire, metered() as metering:
        wire.play(document(ENDED, 201), document(ENDED))
        client = make(wire.url, is_async=False)
        client.predictions.create(model=MODEL, input=INPUT).reload()
        end(client)
        assert counted(metering) == [(f"generate_content {MODEL}", TRUTH)]


def streamed(client: Any) -> str:
    return "".join(map(str, client.stream(MODEL, input=INPUT)))


async def streamed_async(client: Any) -> str:
    return "".join([str(event) async for event in await client.async_stream(MODEL, input=INPUT)])


def fetched(client: Any) -> None:
    assert client.predictions.get("p1").metrics == METRICS
    assert client.predictions.get("p1").metrics == METRICS
    end(client)


async def fetched_async(client: Any) -> None:
    assert (await client.predictions.async_get("p1")).metrics == METRICS
    assert (await client.predictions.async_get("p1")).metrics == METRICS
    await end(client)


async def streamed_and_fetched(client: Any, metering: Metering) -> None:
    assert await streamed_async(client) == "Ulm"
    assert [usage for _, usage in counted(metering)] == [{}]
    await fetched_async(client)


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_stream_states_no_tokens_and_counts_once_when_its_prediction_is_fetched(mode: str) -> None:
    said = [f"event: {name}\nid: 1\ndata: {data}\n\n".encode() for name, data in (("output", "Ulm"), ("done", "{}"))]
    with Wire() as wire, metered() as metering:
        wire.play(document(made("starting", urls={"stream": f"{wire.url}/stream"}), 201), events(said), document(ENDED))
        client = make(wire.url, is_async=mode == "async")
        if mode == "async":
            asyncio.run(streamed_and_fetched(client, metering))
        else:
            assert streamed(client) == "Ulm"
            assert [usage for _, usage in counted(metering)] == [{}]
            fetched(client)
        assert (metering.ended()[0].attributes or {})["gen_ai.request.stream"] is True
        assert [usage for _, usage in counted(metering)] == [{}, TRUTH]
        assert metering.total("gen_ai.client.inference.usage.output_tokens") == TRUTH["output_tokens"]


async def created_and_fetched(client: Any) -> None:
    assert (await client.predictions.async_create(model=MODEL, input=INPUT)).status == "starting"
    await fetched_async(client)


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_prediction_made_in_the_background_counts_once_when_it_is_fetched(mode: str) -> None:
    """By a client of its own, as another part of the application would."""
    with Wire() as wire, metered() as metering:
        wire.play(document(made("starting"), 201), document(ENDED))
        if mode == "async":
            asyncio.run(created_and_fetched(make(wire.url, is_async=True)))
        else:
            client = make(wire.url, is_async=False)
            assert client.predictions.create(model=MODEL, input=INPUT).status == "starting"
            end(client)
            fetched(make(wire.url, is_async=False))
        assert [usage for _, usage in counted(metering)] == [{}, TRUTH]
        assert metering.total("gen_ai.client.inference.usage.input_tokens") == TRUTH["input_tokens"]


def test_a_prediction_that_failed_says_so_and_the_host_sees_its_error() -> None:
    with Wire() as wire, metered() as metering:
        wire.play(document(made("failed", error="out of memory"), 201))
        client = make(wire.url, is_async=False)
        with pytest.raises(replicate.exceptions.ModelError, match="out of memory"):
            client.run(MODEL, input=INPUT)
        end(client)
        (span,) = metering.ended()
        assert usage_of(span) == {}
        assert (span.attributes or {})["gen_ai.response.finish_reasons"] == ("error",)


@pytest.mark.parametrize(
    ("metrics", "truth"),
    [
        ({"predict_time": 2.5, "image_count": 1}, {}),
        ({"token_input_count": 12, "token_output_count": 4}, TRUTH),
    ],
    ids=["a model of images", "the other names of tokens"],
)
def test_what_a_model_states(metrics: dict[str, Any], truth: dict[str, int]) -> None:
    with Wire() as wire, metered() as metering:
        wire.play(document(made("succeeded", metrics=metrics), 201))
        client = make(wire.url, is_async=False)
        client.predictions.create(model=MODEL, input={"prompt": "Ulm"})
        end(client)
        assert counted(metering) == [(f"generate_content {MODEL}", truth)]
