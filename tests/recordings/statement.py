"""Statement: what a provider itself says a call took, worked out from the recorded body and from nothing of submeter.

The rules are the conventions': input includes what was cached, the last non-null snapshot of each count wins, what
is absent is absent and never zero, reasoning lies inside of output.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from recordings.exchange import fields_of

if TYPE_CHECKING:
    from recordings.exchange import Exchange

Fields = dict[str, Any]

INPUT, OUTPUT = "input_tokens", "output_tokens"
CACHE_READ, CACHE_WRITE = "cache_read.input_tokens", "cache_write.input_tokens"
REASONING = "reasoning.output_tokens"
WRITE_5M, WRITE_1H = "cache_creation.ephemeral_5m_input_tokens", "cache_creation.ephemeral_1h_input_tokens"

_IN, _OUT = r"(?:prompt|input)_tokens?_details\.", r"(?:completion|output)_tokens?_details\."
MEANT: dict[str, str] = {
    r"(?:prompt|input)_tokens": INPUT,
    r"(?:completion|output)_tokens": OUTPUT,
    _IN + "cached_tokens|prompt_cache_hit_tokens|num_cached_tokens|cache_read_input_tokens": CACHE_READ,
    _IN + "cache_write_tokens|cache_creation_input_tokens": CACHE_WRITE,
    r"cache_creation\.ephemeral_5m_input_tokens": WRITE_5M,
    r"cache_creation\.ephemeral_1h_input_tokens": WRITE_1H,
    _OUT + "(?:reasoning|thinking)_tokens": REASONING,
    **{_IN + f"{kind}_tokens": f"{kind}.input_tokens" for kind in ("text", "image", "audio")},
    **{_OUT + f"{kind}_tokens": f"{kind}.output_tokens" for kind in ("text", "image", "audio")},
}
"""What each count of a usage object means, by its path."""

UNMEANT: dict[str, str] = {
    "total_tokens": "the sum of the two totals; compared with them instead",
    "prompt_cache_miss_tokens": "input minus cached input, which is told",
    _OUT + "(?:accepted|rejected)_prediction_tokens": "a part of output that the conventions have no name for",
    _IN + "video_tokens": "a part of input that the conventions have no name for",
    _IN + r"cached_tokens_details\..*": "cached input by modality",
    _IN + r"cache_write_tokens_details\..*": "cache writes by lifetime, a part of the cache writes",
}
"""Counts of tokens that are not told one by one, and why not."""


@dataclass(frozen=True)
class Statement:
    """What the provider said of one call.

    `snapshots` are its usage objects in order, as sent; `parts` are the usage objects of the models that together
    made the answer, which its own usage sums up; `beside` are the requests within the call that its usage leaves out,
    each with the model that it names and its counts.
    """

    usage: dict[str, int] = field(default_factory=dict[str, int])
    snapshots: list[Fields] = field(default_factory=list[Fields])
    parts: list[Fields] = field(default_factory=list[Fields])
    beside: list[tuple[str, dict[str, int]]] = field(default_factory=list[tuple[str, dict[str, int]]])
    total: int | None = None
    is_clamped: bool = False
    unknown: frozenset[str] = frozenset()
    model: str = ""
    id: str = ""


def statement(exchange: Exchange, *, is_counted: bool = True) -> Statement:
    """The provider's own word on one exchange; without usage where its call was counted before."""
    told = exchange.events() if exchange.is_stream else [fields_of(exchange.document())]
    bodies = [_answer(event) for event in told]
    counts: dict[str, int] = {}
    unknown: set[str] = set()
    total: int | None = None
    for event, body in zip(told, bodies, strict=True):
        for path, value in [leaf for usage in _usages(body) for leaf in _leaves(usage)]:
            name = _meaning(path)
            if event.get("type") == "message_start" and name == OUTPUT:
                continue  # a placeholder: nothing has been put out yet
            if name:
                counts[name] = value
            elif path == "total_tokens":
                total = value
            elif "token" in path and not any(re.fullmatch(known, path) for known in UNMEANT):
                unknown.add(path)
    if exchange.path.endswith("/messages"):
        _include(counts)
    is_clamped = clamped(counts)
    return Statement(
        counts if is_counted else {},
        [usage for body in bodies for usage in _usages(body)],
        [part for body in bodies for part in _parts(body)],
        _beside(bodies) if is_counted else [],
        total,
        is_clamped and is_counted,
        frozenset(unknown),
        _last(bodies, "model"),
        _last(bodies, "id"),
    )


def _answer(event: Fields) -> Fields:
    """The answer as far as an event of a stream holds it."""
    for envelope in ("response", "message", "data"):
        if fields_of(event.get(envelope)):
            return fields_of(event[envelope])
    return event


def _usages(body: Fields) -> list[Fields]:
    """The usage objects of an answer: Groq's streams state it twice, or in a place of their own alone."""
    return [
        usage
        for usage in (fields_of(fields_of(body.get("x_groq")).get("usage")), fields_of(body.get("usage")))
        if usage
    ]


def _parts(body: Fields) -> list[Fields]:
    models = fields_of(body.get("usage_breakdown")).get("models")
    known = cast("list[object]", models) if isinstance(models, list) else []
    return [fields_of(fields_of(model).get("usage")) for model in known]


def _beside(bodies: list[Fields]) -> list[tuple[str, dict[str, int]]]:
    """What Anthropic did within a message and bills beside its usage, as a stream told it last."""
    told = [
        usage["iterations"] for body in bodies for usage in _usages(body) if isinstance(usage.get("iterations"), list)
    ]
    found: list[tuple[str, dict[str, int]]] = []
    for iteration in map(fields_of, told[-1] if told else ()):
        if iteration["type"] in {"compaction", "advisor_message"}:
            counts = {name: value for path, value in _leaves(iteration) if (name := _meaning(path))}
            _include(counts)
            found.append((str(iteration.get("model") or ""), counts))
    return found


def _include(counts: dict[str, int]) -> None:
    """Anthropic's input leaves out what was cached, which the conventions include."""
    if INPUT in counts:
        counts[INPUT] += counts.get(CACHE_READ, 0) + counts.get(CACHE_WRITE, 0)


def _leaves(usage: Fields, prefix: str = "") -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for name, value in usage.items():
        if fields_of(value):
            found += _leaves(fields_of(value), f"{prefix}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            found.append((prefix + name, int(value)))
    return found


def _meaning(path: str) -> str:
    return next((name for known, name in MEANT.items() if re.fullmatch(known, path)), "")


def clamped(counts: dict[str, int]) -> bool:
    """Cuts parts down to their total, as the conventions' containment demands; says whether it had to."""
    before = dict(counts)
    for total, parts in (
        (INPUT, (CACHE_READ, CACHE_WRITE)),
        (OUTPUT, (REASONING,)),
        (CACHE_WRITE, (WRITE_5M, WRITE_1H)),
        (INPUT, ("text.input_tokens", "image.input_tokens", "audio.input_tokens")),
        (OUTPUT, ("text.output_tokens", "image.output_tokens", "audio.output_tokens")),
    ):
        left = counts.get(total)
        for part in parts:
            if left is not None and part in counts:
                counts[part] = min(counts[part], left)
                left -= counts[part]
    return counts != before


def _last(bodies: list[Fields], name: str) -> str:
    told = [body[name] for body in bodies if isinstance(body.get(name), str)]
    return told[-1] if told else ""
