"""Recordings of the providers with SDKs of their own, replayed by those SDKs: counted as their provider counted.

Runs over a folder of recorded traffic that is no part of the project, in the environment of `make test-providers`;
`SUBMETER_TEST_RECORDINGS` names the folder.
"""

from __future__ import annotations

import asyncio
import gc
import json
import re
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from metering import metered, usage_of
from providers.stage import settled
from providers.wire import Reply, Wire, sse
from recordings.exchange import exchanges
from submeter import settings
from submeter.core import counted

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

    from metering import Metering
    from recordings.exchange import Exchange
    from recordings.sdk_players import Player

for package in ("google.genai", "botocore", "aiobotocore", "mistralai", "cohere", "groq", "ibm_watsonx_ai"):
    pytest.importorskip(package)

FOLDER = settings.variable("SUBMETER_TEST_RECORDINGS")

pytestmark = pytest.mark.skipif(
    not FOLDER, reason="SUBMETER_TEST_RECORDINGS names no folder of recorded provider traffic"
)

_KEPT_HEADERS = ("content-type", "x-amzn-errortype")
_LIFETIME = "anthropic.usage."


_NUMBERED = rb'"(modality|finishReason|trafficType|category|probability|severity)": (\d+)'
_NAMES = {b"modality": [b"", b"TEXT", b"IMAGE", b"VIDEO", b"AUDIO"], b"finishReason": [b"", b"STOP", b"MAX_TOKENS"]}


def _named(found: re.Match[bytes]) -> bytes:
    """Names for the numbers of enumerations, which SDKs that speak gRPC recorded and this one does not read."""
    name, number = found[1], int(found[2])
    names = _NAMES.get(name, [])
    return b'"%s": "%s"' % (name, names[number] if number < len(names) else b"OTHER")


@dataclass(frozen=True, repr=False)
class Played:
    """One exchange played in one mode: the provider's word, the spans there were, the error the SDK raised."""

    exchange: Exchange
    player: Player
    is_async: bool
    said: dict[str, int]
    spans: list[ReadableSpan]
    error: BaseException | None

    @property
    def name(self) -> str:
        """Where to find it."""
        return f"{self.exchange.name} ({'async' if self.is_async else 'sync'})"

    @property
    def calls(self) -> int:
        """How many calls there are: one, of an agent's work those that its trace tells of."""
        from recordings.sdk_statement import answered

        return len(answered(self.exchange)) if self.player.is_work else 1

    @property
    def usage(self) -> dict[str, Any]:
        """The counts on the spans of its calls, added up."""
        found: Counter[str] = Counter()
        for span in self.spans:
            found.update(usage_of(span))
            attributes = span.attributes or {}
            found.update({name.removeprefix(_LIFETIME): attributes[name] for name in attributes if _LIFETIME in name})
        return dict(found)


def _reply(exchange: Exchange) -> Reply:
    from recordings.sdk_players import is_binary

    headers = {name: value for name, value in exchange.headers.items() if name in _KEPT_HEADERS or "token" in name}
    if "content-type" not in headers:
        framed = "application/vnd.amazon.eventstream" if is_binary(exchange) else "application/json"
        headers["content-type"] = "text/event-stream" if exchange.is_stream else framed
    body = exchange.body
    if "aiplatform" in exchange.host or "generativelanguage" in exchange.host:
        body = re.sub(_NUMBERED, _named, body)
    if exchange.path.endswith(":streamGenerateContent") and not exchange.is_stream and exchange.status < 400:
        # A stream as one list, which today's SDK asks for as events.
        body = b"".join(sse(*json.loads(body)))
    return Reply(body=body, status=exchange.status, headers=headers)


def _kind(span: ReadableSpan) -> object:
    return (span.attributes or {})["gen_ai.operation.name"]


async def _play_all(wire: Wire, metering: Metering) -> list[Played]:
    from recordings.sdk_players import player_of
    from recordings.sdk_statement import stated

    clients: dict[tuple[Any, bool], tuple[Player, Any]] = {}
    found: list[Played] = []
    for exchange in exchanges(Path(FOLDER)):
        player = player_of(exchange)
        if player is None:
            continue
        for is_async in (False, True):
            key = (player.make, is_async)
            if key not in clients:
                clients[key] = (player, await settled(player.make(wire.url, is_async)))
            counted.forget()
            metering.spans.clear()
            wire.play(_reply(exchange))
            error = await player.play(clients[key][1], exchange, is_async=is_async)
            calls = [span for span in metering.ended() if _kind(span) != "invoke_agent"]
            found.append(Played(exchange, player, is_async, stated(exchange, player), calls, error))
    for (_, is_async), (player, client) in clients.items():
        await settled(player.end(client, is_async))
    return found


@pytest.fixture(scope="module")
def played() -> list[Played]:
    with warnings.catch_warnings(), Wire() as wire, metered() as metering:
        # What the SDKs warn of in old answers and leave to the collector is theirs.
        warnings.simplefilter("ignore")
        found = asyncio.run(_play_all(wire, metering))
        gc.collect()
    assert found, f"no exchange of these providers under {FOLDER}"
    return found


def _reason(one: Played) -> str:
    """Why an exchange is compared with nothing; there is no other reason."""
    if one.exchange.status >= 400:
        return "refused by the provider: an error span, and no usage is stated"
    return "" if one.said else "the provider states no usage: none is metered"


def test_every_call_has_exactly_one_span(played: list[Played]) -> None:
    wrong = [(one.name, len(one.spans), one.error) for one in played if len(one.spans) != one.calls]
    assert wrong == []


def test_usage_on_the_span_is_what_the_provider_counted(played: list[Played]) -> None:
    wrong = [
        (one.name, one.usage, one.said, one.error)
        for one in played
        if len(one.spans) == one.calls and one.usage != one.said
    ]
    assert not wrong, "\n".join(map(str, wrong))


def test_provider_and_kind_are_the_right_ones(played: list[Played]) -> None:
    wrong = [
        (one.name, dict(span.attributes or {}))
        for one in played
        for span in one.spans
        if (span.attributes or {})["gen_ai.provider.name"] != one.player.provider
        or (one.said and one.player.kind and _kind(span) != one.player.kind)
    ]
    assert wrong == []


def test_every_sdk_reads_what_was_recorded(played: list[Played]) -> None:
    wrong = [(one.name, one.error) for one in played if one.error is not None and not _reason(one)]
    assert not wrong, "\n".join(map(str, wrong))


def test_what_a_provider_refused_is_an_error(played: list[Played]) -> None:
    refused = [one for one in played if one.exchange.status >= 400]
    wrong = [one.name for one in refused if one.error is None or "error.type" not in (one.spans[0].attributes or {})]
    assert wrong == []


def test_table(played: list[Played], capsys: pytest.CaptureFixture[str]) -> None:
    compared = Counter(one.player.provider for one in played if not _reason(one))
    excepted = Counter((one.player.provider, _reason(one)) for one in played if _reason(one))
    with capsys.disabled():
        print(f"\n\n{len(played)} replays of {len({one.exchange.name for one in played})} exchanges")  # noqa: T201
        for name, number in compared.most_common():
            print(f"  {number:5}  {name} compared")  # noqa: T201
        for (name, reason), number in excepted.most_common():
            print(f"  {number:5}  {name}: {reason}")  # noqa: T201
    assert compared.total() + excepted.total() == len(played)
