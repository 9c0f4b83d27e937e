"""Answer: what an answer says, gathered from one document, from a stream's chunks, or from raw events."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

from submeter import semconv
from submeter.core.endpoint import counts_of, fields_of, reasoned
from submeter.core.guard import attempt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from submeter.core.endpoint import Endpoint
    from submeter.core.transcript import Transcript

_clock = time.perf_counter_ns

_FAST = "fast"
_STANDARD = "standard"
_ANYWHERE = (None, "", "global", "not_available")
"""What an answer says of where inference ran when that was not asked for, or cannot be; looked through, not hashed."""

_BARE = frozenset({dict, str, int, float, bool, list, type(None)})
"""What plain JSON is made of."""


class Answer:
    """What an answer has said so far.

    `counts` are the last word on each count of `Usage`, `facts` are span attributes, `finish_reasons` are by
    choice, `within` is what was last said of requests within the call. `first_ns` and `last_ns` are the times of the
    first and last chunk on the performance counter.
    """

    __slots__ = (
        "chunks",
        "counts",
        "endpoint",
        "facts",
        "finish_reasons",
        "first_ns",
        "hides_usage",
        "last_ns",
        "transcript",
        "within",
    )

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.chunks = 0
        self.counts: dict[str, int | None] = {}
        self.facts: dict[str, Any] = {}
        self.finish_reasons: dict[int, str] = {}
        self.first_ns = self.last_ns = 0
        self.hides_usage = False
        self.transcript: Transcript | None = None
        self.within: Any = None

    def taker(self) -> Callable[[Any], bool]:
        """What takes the chunks of a stream: `observe`, and what else there is to do with them."""
        is_plain = self.transcript is None and not self.endpoint.inside and not self.hides_usage
        return self.observe if is_plain else self._observe_more

    def _observe_more(self, chunk: Any) -> bool:
        usage_at = self.endpoint.usage_at
        fields: Any = getattr(chunk, "__dict__", None)
        if self.hides_usage and chunk.__class__ is dict and usage_at in chunk and chunk[usage_at] is None:
            del chunk[usage_at]
        elif self.hides_usage and fields and usage_at in fields and fields[usage_at] is None:
            # As `follow.hide` does, so that no single failure of ours shows the host a null that it never asked for.
            said: Any = getattr(chunk, "__pydantic_fields_set__", set[str]())
            said -= {usage_at}
        if self.endpoint.inside:
            chunk = fields_of(chunk).get(self.endpoint.inside)
        if self.transcript is not None:
            attempt(self.transcript.feed, chunk)
        return self.observe(chunk)

    def observe(self, chunk: Any) -> bool:
        """Reads one chunk of a stream: its time always, its content only where it can hold a fact.

        Says whether the chunk is to be kept from the host: it is ours, asked for by `hides_usage`. Runs once per
        chunk on the host's path, so nothing is called here that a plain look can replace.
        """
        self.chunks += 1
        self.last_ns = _clock()
        endpoint = self.endpoint
        try:
            fields: Any = chunk.__dict__
        except AttributeError:  # a dictionary, where the host asked for no model or reads the bytes itself
            fields = cast("Any", chunk) if isinstance(chunk, dict) else {}
        if self.chunks == 1:
            self.first_ns = self.last_ns
            self.read(chunk)
            return self.hides_usage and bool(fields.get(endpoint.usage_at)) and not fields.get(endpoint.choices)
        if endpoint.usage_at in fields and fields[endpoint.usage_at] is not None:
            self.read(chunk)
            return self.hides_usage and not fields.get(endpoint.choices)
        if endpoint.choices:
            choices: Any = endpoint.choices in fields and fields[endpoint.choices]
            for choice in choices if choices.__class__ is list else ():
                # A model, a dictionary or, from some compatible servers, a null or a text.
                known: Any = choice if type(choice) in _BARE else choice.__dict__
                if type(known) is dict and "finish_reason" in known and known["finish_reason"] is not None:
                    # With the reason may come the last word on everything, in an envelope.
                    self.read(chunk) if endpoint.envelopes else self._choice(known)  # pyright: ignore[reportUnknownArgumentType]
        elif endpoint.envelope in fields if endpoint.envelope else not endpoint.envelopes.isdisjoint(fields):
            self.read(chunk)
        return False

    def read(self, answer: Any, *, is_envelope: bool = False) -> None:
        """Reads an answer, or an event of a stream: counts, ids, model, tier and finish reasons."""
        endpoint = self.endpoint
        fields = fields_of(answer)
        for name in endpoint.envelopes:
            if name in fields and fields[name] is not None:
                self.read(fields[name], is_envelope=True)
        for name in endpoint.parts:
            if name in fields and fields[name] is not None:
                self._facts_of(fields_of(fields[name]))
        ignored = endpoint.placeholders if is_envelope else ()
        if endpoint.is_flat:
            self._usage_of(fields, ignored)
        elif endpoint.usage_at in fields and fields[endpoint.usage_at] is not None:
            self._usage_of(fields_of(fields[endpoint.usage_at]), ignored)
        self._facts_of(fields)
        if endpoint.settle is not None:
            endpoint.settle(self, fields)

    def _usage_of(self, usage: Mapping[str, Any], ignored: Iterable[str]) -> None:
        counts: dict[str, int | None] = {}  # `dict[...]()` takes twenty times as long
        counts_of(usage, self.endpoint.plan, counts)
        total = self.endpoint.total
        if total and "reasoning_tokens" in counts:
            try:
                if usage[total] != counts["input_tokens"] + counts["output_tokens"]:  # pyright: ignore[reportOperatorIssue]
                    reasoned(counts, usage[total])
            except (KeyError, TypeError):
                pass  # one of them is not stated, or is no number
        # A snapshot, not a part: the last word on each count holds, and nothing is ever summed.
        for name in ignored:
            counts.pop(name, None)
        self.counts = {**self.counts, **counts} if self.counts else counts
        within = self.endpoint.within
        if within is not None and within.at in usage:
            self.within = usage[within.at]
        tier = self.endpoint.service_tier
        if tier in usage and (type(usage[tier]) is str or isinstance(usage[tier], str)):
            self.facts[semconv.SERVICE_TIER] = usage[tier]
        speed, place = self.endpoint.speed, self.endpoint.place
        is_fast = speed and speed in usage and usage[speed] == _FAST
        if is_fast or (place and place in usage and usage[place] not in _ANYWHERE):
            self._billed_apart(_FAST if is_fast else "", usage.get(place, ""))

    def _billed_apart(self, speed: str, place: Any) -> None:
        """Adds the speed, and where inference ran, to the tier; a stream may say either more than once."""
        tier, _, where = self.facts.get(semconv.SERVICE_TIER, _STANDARD).partition("-")
        if isinstance(place, str) and place not in _ANYWHERE:
            where = place.lower()
        self.facts[semconv.SERVICE_TIER] = f"{speed or tier}-{where}" if where else speed or tier

    def _facts_of(self, fields: Mapping[str, Any]) -> None:
        endpoint = self.endpoint
        for name, attribute in endpoint.facts:
            if name in fields:
                value = fields[name]
                if type(value) is str or isinstance(value, str):
                    self.facts[attribute] = value
        if endpoint.choices:
            choices: Any = endpoint.choices in fields and fields[endpoint.choices]
            for choice in choices if choices.__class__ is list else ():
                self._choice(fields_of(choice))
        elif endpoint.finish and endpoint.finish in fields:
            reason = fields[endpoint.finish]
            if type(reason) is str or isinstance(reason, str):
                self.finish_reasons[0] = reason.lower()

    def _choice(self, fields: Mapping[str, Any]) -> None:
        usage_at = self.endpoint.usage_at
        if usage_at in fields and fields[usage_at] is not None:  # Moonshot's streams state it with the reason
            self._usage_of(fields_of(fields[usage_at]), ())
        reason: Any = fields["finish_reason"] if "finish_reason" in fields else None  # noqa: SIM401  (a look, where `get` is a call)
        if reason is not None:
            stated: Any = fields["index"] if "index" in fields else 0  # noqa: SIM401
            choice: int = stated if type(stated) is int else 0
            text: str = reason if type(reason) is str else str(getattr(reason, "value", reason))
            self.finish_reasons[choice] = text.lower()

    def fact(self, attribute: str, value: Any) -> None:
        """Notes one more span attribute."""
        self.facts[attribute] = value

    def forget_usage(self) -> None:
        """Drops the counts read so far: they are another call's."""
        self.counts.clear()

    def ended(self, reason: str) -> None:
        """Notes why the answer ended, where it is not said per choice."""
        self.finish_reasons[0] = reason

    def reasons(self) -> tuple[str, ...]:
        """Why the answer ended, by choice."""
        found = self.finish_reasons
        if not found:
            return ()
        if 0 in found and len(found) == 1:
            return (found[0],)
        return tuple([found[choice] for choice in sorted(found)])

    def seconds_per_chunk(self) -> float | None:
        """The mean time between the chunks of a stream; `None` for fewer than two."""
        between = self.chunks - 1
        return (self.last_ns - self.first_ns) / 1e9 / between if between > 0 else None
