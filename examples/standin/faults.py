"""What a caller may script for one request, in the header `x-standin` or with `StandIn.script`.

The text is `key=value` pairs, separated by commas: `status=429,times=1`, `drop_after=3`, `delay_s=0.2`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Self


class FaultError(ValueError):
    """The text asks for something the stand-in does not know; the message lists what it knows."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What to do differently for one request. Times are seconds; the default changes nothing.

    `status` answers with that error; `times` limits it to the first attempts of a call (the SDKs number their
    retries); `retry_after_s` goes with 429 and 503. `hang_up` closes the connection before any answer.
    `drop_after` closes it after so many events of a stream, or half-way through a plain body.
    `error_event_after` ends a stream with the provider's error event. `delay_s` waits before the answer,
    `delay_between_s` between events. `usage` is `none` (left out), `null` or `every_chunk` (running totals).
    `garbage` answers 200 with HTML. `compress` is `gzip`. The rest steers the answer: tokens, tool calls,
    service tier, audio, a refusal.
    """

    status: int = 0
    times: int = 0
    retry_after_s: float = 0.02
    hang_up: bool = False
    drop_after: int = -1
    error_event_after: int = -1
    delay_s: float = 0.0
    delay_between_s: float = 0.0
    usage: str = ""
    garbage: bool = False
    compress: str = ""
    output_tokens: int = -1
    reasoning_tokens: int = -1
    cached_tokens: int = -1
    tool_calls: int = 1
    service_tier: str = ""
    refusal: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """The fault that `text` describes; empty text changes nothing.

        Raises:
            FaultError: an unknown key or a value of the wrong kind.
        """
        known = {entry.name: entry.default for entry in fields(cls)}
        values: dict[str, object] = {}
        for pair in filter(None, (part.strip() for part in text.split(","))):
            key, _, value = pair.partition("=")
            if key not in known:
                raise FaultError(f"x-standin: unknown key {key!r}, known are {', '.join(known)}")
            values[key] = _converted(key, value, known[key])
        return replace(cls(), **values)  # pyright: ignore[reportArgumentType]

    def applies(self, attempt: int) -> bool:
        """Whether an error is due on this attempt of a call, the first being 0."""
        return not self.times or attempt < self.times


_CHOICES = {"usage": ("none", "null", "every_chunk"), "compress": ("gzip",)}


def _converted(key: str, value: str, default: object) -> object:
    if key in _CHOICES and value not in _CHOICES[key]:
        raise FaultError(f"x-standin: {key}={value!r}, it takes {' or '.join(_CHOICES[key])}")
    if isinstance(default, bool):
        return value.lower() in {"", "1", "true", "yes", "on"}
    try:
        if isinstance(default, int):
            return int(value)
        return float(value) if isinstance(default, float) else value
    except ValueError:
        raise FaultError(f"x-standin: {key}={value!r} is not a number") from None
