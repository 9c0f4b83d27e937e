"""Run: plays every recorded exchange in every mode with submeter on, and keeps what was metered beside the truth."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from metering import metered
from recordings.exchange import exchanges, fields_of
from recordings.replay import MODES, Player, family_of
from recordings.statement import Statement, statement
from submeter.core import counted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from opentelemetry.sdk.trace import ReadableSpan

    from metering import Metering
    from recordings.exchange import Exchange
    from recordings.replay import Family

PROVIDERS = {
    "openai.azure.com": "azure.ai.openai",
    "googleapis.com": "gcp.gemini",
    "api.aws": "aws.bedrock",
    "api.cerebras.ai": "cerebras",
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral_ai",
    "dashscope.aliyuncs.com": "dashscope",
    "openrouter.ai": "openrouter",
    "snowflakecomputing.com": "snowflake",
}
"""End of a host's name -> its `gen_ai.provider.name`; others have their protocol's."""

Point = tuple[str, ...]


@dataclass(frozen=True, repr=False)
class Played:
    """One exchange played in one mode: what the provider said, the spans there were, the error the SDK raised.

    The last span to end is the call's; before it, requests end that the provider made within it.
    """

    exchange: Exchange
    family: Family
    mode: str
    said: Statement
    kind: str
    spans: list[ReadableSpan]
    error: Exception | None

    @property
    def name(self) -> str:
        """Where to find it."""
        return f"{self.exchange.name} ({self.mode})"

    @property
    def usage(self) -> dict[str, int]:
        """The usage that was metered, under the names of a `Statement`."""
        return _usage(self.spans[-1])

    @property
    def beside(self) -> list[tuple[str, dict[str, int]]]:
        """What was metered of requests within the call: the model that each names, and its usage."""
        return [
            (str((span.attributes or {}).get("gen_ai.response.model", "")), _usage(span)) for span in self.spans[:-1]
        ]

    def attribute(self, name: str) -> Any:
        """An attribute of the call's span."""
        return (self.spans[-1].attributes or {}).get(name)


def _usage(span: ReadableSpan) -> dict[str, int]:
    found: dict[str, Any] = {}
    for name, value in (span.attributes or {}).items():
        for prefix in ("gen_ai.usage.", "anthropic.usage."):
            if name.startswith(prefix):
                found[name.removeprefix(prefix)] = value
    return found


@dataclass(repr=False)
class Run:
    """Everything that was played; `files` and `read` are what the folder held."""

    played: list[Played] = field(default_factory=list[Played])
    files: set[str] = field(default_factory=set[str])
    read: int = 0
    counters: Counter[Point] = field(default_factory=Counter[Point])
    expected: Counter[Point] = field(default_factory=Counter[Point])


def run(folder: Path) -> Run:
    """Plays everything under `folder`."""
    made = Run()
    with metered() as metering:
        asyncio.run(_play_all(folder, made, metering))
        made.counters = _counters(metering)
    for one in made.played:
        provider, kind, asked, answered, *address = _place(one)
        made.expected.update(points_of(kind, one.said.usage, (provider, kind, asked, answered, *address)))
        for model, usage in one.said.beside:
            made.expected.update(points_of(kind, usage, (provider, kind, model or answered, model, *address)))
    return made


async def _play_all(folder: Path, made: Run, metering: Metering) -> None:
    player = Player()
    seen: set[tuple[str, str]] = set()
    for exchange in exchanges(folder):
        made.read += 1
        made.files.add(exchange.file)
        family = family_of(exchange)
        if family is None:
            continue
        is_counted, kind = _is_counted(exchange, family, seen)
        said = statement(exchange, is_counted=is_counted)
        for mode in MODES:
            # Recordings repeat ids, and so do the modes.
            counted.forget()
            metering.spans.clear()
            error = await player.play(exchange, family, mode)
            made.played.append(Played(exchange, family, mode, said, kind, metering.ended(), error))


def _is_counted(exchange: Exchange, family: Family, seen: set[tuple[str, str]]) -> tuple[bool, str]:
    """Whether the usage in this answer counts here, and the kind of its call.

    A fetched response counts only if it was made in the background, a run or batch the first time it states usage.
    """
    if not family.is_fetched:
        return True, family.kind
    said = statement(exchange)
    key = (exchange.file, said.id)
    is_first = bool(said.usage) and key not in seen
    if "/responses/" in exchange.path:
        bodies = exchange.events() if exchange.is_stream else [fields_of(exchange.document())]
        is_first = is_first and any((body.get("response") or body).get("background") is True for body in bodies)
    if is_first:
        seen.add(key)
    return is_first, family.kind if is_first else "fetch_response"


_SUBSETS = {
    "cache_read.input_tokens": "gen_ai.client.inference.usage.cache_read.input_tokens",
    "cache_write.input_tokens": "gen_ai.client.inference.usage.cache_write.input_tokens",
    "reasoning.output_tokens": "gen_ai.client.inference.usage.reasoning.output_tokens",
}


def points_of(kind: str, usage: Mapping[str, int], place: Point) -> dict[Point, int]:
    """What a call of that usage must add to the counters, by counter, modality and attributes."""
    if kind == "embeddings":
        return {("submeter.embeddings.input_tokens", "", *place): usage["input_tokens"]} if usage else {}
    found: dict[Point, int] = {}
    for total in ("input_tokens", "output_tokens"):
        if total not in usage:
            continue
        name, rest = f"gen_ai.client.inference.usage.{total}", usage[total]
        for modality in ("text", "image", "audio"):
            part = usage.get(f"{modality}.{total}", 0)
            found[name, modality, *place] = part
            rest -= part
        found[name, "unknown", *place] = rest
    for count, name in _SUBSETS.items():
        if count in usage:
            found[name, "unknown", *place] = usage[count]
    return found


def _place(played: Played) -> tuple[str, ...]:
    exchange = played.exchange
    url = urlsplit(exchange.url)
    host = url.hostname or ""
    provider = next((name for end, name in PROVIDERS.items() if host.endswith(end)), played.family.package)
    asked = exchange.request.get("model") if exchange.method == "POST" else None
    port = url.port or {"https": 443, "http": 80}[url.scheme]
    return (provider, played.kind, asked if isinstance(asked, str) else "", played.said.model, host, str(port))


_PLACE = (
    "gen_ai.provider.name",
    "gen_ai.operation.name",
    "gen_ai.request.model",
    "gen_ai.response.model",
    "server.address",
    "server.port",
)


def _counters(metering: Metering) -> Counter[Point]:
    found: Counter[Point] = Counter()
    names = [f"gen_ai.client.inference.usage.{total}" for total in ("input_tokens", "output_tokens")]
    for name in (*names, *_SUBSETS.values(), "submeter.embeddings.input_tokens"):
        for point in metering.points(name):
            told = point.attributes
            place = (str(told.get(attribute, "")) for attribute in _PLACE)
            found[name, str(told.get("gen_ai.token.modality", "")), *place] += point.value
    return found
