"""Endpoint: what one kind of call means and where its request and answer say what the meter wants to know.

A table, read alike from the SDK's models, from plain dictionaries and from the chunks of a stream. Models are
read through `__dict__`: asking a pydantic model for an attribute that it lacks costs 6 us.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import field
from typing import TYPE_CHECKING, Any

from submeter import semconv
from submeter.usage import COUNTS
from submeter.value import value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from submeter.core.reported import Found

Table = dict[str, "str | Table | Reading"]
"""Where counts stand: field name -> name of a `Usage` count, a table for the object in that field, or its reading."""

Reading = Callable[[Any, dict[str, int | None]], None]
"""Reads what stands in a field into the counts, where no table can say how."""

Plan = tuple[tuple[str, str, "Plan | Reading | None"], ...]
"""A table made ready: field name, name of a count, or what reads the object in that field instead."""


@value
class Within:
    """The requests to models that a provider makes within a call and tells of in its usage.

    Args:
        at: the usage field that tells of them.
        beside: finds there those whose tokens stand beside the usage; each is a call beneath this one.
        last: finds there, in the words of usage, the last of those that it sums: what is in the model's window.
    """

    at: str
    beside: Callable[[Any], Iterable[Found]]
    last: Callable[[Any], Mapping[str, Any]]


@value
class Endpoint:
    """One kind of call of a provider.

    Args:
        kind: the conventions' operation name.
        usage: where the counts stand inside the usage object.
        usage_at: the field of the answer that holds the usage object.
        is_flat: whether the counts stand in the answer itself; `usage_at` is then one that is there when they are.
        inside: the field of a stream's events in which everything else stands.
        beside: total -> counts that the provider gives beside it and that belong in it.
        within: where the usage tells of requests within the call.
        total: the usage field with all tokens, where some hosts of a protocol give reasoning beside the output.
        is_inclusive: whether the provider's input count already includes cached tokens.
        envelopes: fields of a stream's events that hold the answer as far as it has come.
        parts: fields of an event that hold more facts, looked into when the event itself holds usage.
        placeholders: counts that an envelope states before they are known, never believed.
        choices: the field that lists choices, each with its own finish reason.
        finish: the field of the answer that says why it ended, where it is not said per choice.
        is_end_told: whether every whole answer says why it ended, so that a stream that ends without was cut off.
        request: request field -> span attribute, for values that are set as they are.
        choice_count: request field with the number of choices asked for, told when it is not 1.
        output_type: path to the kind of output asked for in the request.
        reasoning: path to the requested reasoning effort in the request.
        response: answer field -> span attribute.
        attributes: span attributes every call of this kind has.
        asks_usage: whether streams report usage only when `stream_options.include_usage` is set.
        is_batch: whether the answer states the usage of a batch, which has prices of its own.
        is_sum: whether the usage is the sum of many requests, which says nothing of a context window.
        is_reported: whether the call was made by the provider, so that its duration is not known here.
        service_tier: the field, in the answer or its usage, that names the tier that was billed.
        speed: the field of the usage that names the speed; what is answered `fast` is billed as a tier of that name.
        place: the field of the usage that names where inference ran, where that has a price: `fast-us` is such a tier.
        counts_as: for answers that are fetched, the kind of the call whose usage they state. It is counted once.
        is_fetchable: whether an answer of this kind may be fetched again, and must not count then.
        settle: what to do after reading, for answers whose facts no table can name.
    """

    kind: str
    usage: Table = field(default_factory=dict[str, Any])
    usage_at: str = "usage"
    is_flat: bool = False
    inside: str = ""
    beside: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, Any])
    within: Within | None = None
    total: str = ""
    is_inclusive: bool = True
    envelopes: frozenset[str] = frozenset()
    parts: tuple[str, ...] = ()
    placeholders: frozenset[str] = frozenset()
    choices: str = ""
    finish: str = ""
    is_end_told: bool = False
    request: Mapping[str, str] = field(default_factory=dict[str, str])
    choice_count: str = ""
    output_type: tuple[str, ...] = ()
    reasoning: tuple[str, ...] = ()
    response: Mapping[str, str] = field(default_factory=dict[str, str])
    attributes: Mapping[str, Any] = field(default_factory=dict[str, Any])
    asks_usage: bool = False
    is_batch: bool = False
    is_sum: bool = False
    is_reported: bool = False
    service_tier: str = "service_tier"
    speed: str = ""
    place: str = ""
    counts_as: str = ""
    is_fetchable: bool = False
    settle: Callable[[Any, Mapping[str, Any]], None] | None = None
    plan: Plan = field(init=False, repr=False)
    """The usage table as `counts_of` reads it, made once."""

    envelope: str = field(init=False, repr=False)
    """The only one of `envelopes`, which a look finds; empty where there are several or none."""

    facts: tuple[tuple[str, str], ...] = field(init=False, repr=False)
    """Answer field -> span attribute, the service tier's among them."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "facts", (*self.response.items(), (self.service_tier, semconv.SERVICE_TIER)))
        object.__setattr__(self, "plan", plan_of(self.usage))
        object.__setattr__(self, "envelope", "".join(self.envelopes) if len(self.envelopes) == 1 else "")


def fields_of(node: Any) -> Mapping[str, Any]:
    """The fields of a model, a dictionary or anything else with attributes; empty for what has none."""
    # Looks instead of calls: this runs a dozen times in every call of the host.
    if type(node) is dict:
        return node  # pyright: ignore[reportUnknownVariableType]
    try:
        known: dict[str, Any] = node.__dict__
    except AttributeError:
        return {}
    try:
        # A field that this SDK release does not know yet is kept by pydantic outside of `__dict__`.
        extra: dict[str, Any] | None = node.__pydantic_extra__
    except AttributeError:
        return known if known or not isinstance(node, dict) else node  # pyright: ignore[reportUnknownVariableType]
    return {**known, **extra} if extra else known


def dig(node: Any, path: tuple[str, ...]) -> Any:
    """What stands at `path` in `node`, `None` when nothing does."""
    for name in path:
        fields = fields_of(node)
        if name not in fields:
            return None
        node = fields[name]
    return node


def plan_of(table: Table) -> Plan:
    """A table with the kind of each of its targets settled."""
    return tuple(
        (name, target, None) if isinstance(target, str) else (name, "", target if callable(target) else plan_of(target))
        for name, target in table.items()
    )


def counts_of(found: Mapping[str, Any], plan: Plan, counts: dict[str, int | None]) -> None:
    """Reads the counts that a plan names from a usage object's fields into `counts`; null leaves what is there."""
    for name, target, inner in plan:
        # A look, where `get` is a call: most of the names of a table are not there.
        if name not in found or found[name] is None:
            continue
        value: Any = found[name]
        if inner is None:
            # Some compatible servers send whole floats.
            counts[target] = int(value) if type(value) is float and value.is_integer() else value  # pyright: ignore[reportArgumentType]
        elif type(inner) is tuple:
            counts_of(fields_of(value), inner, counts)  # pyright: ignore[reportArgumentType]
        else:
            inner(value, counts)  # pyright: ignore[reportCallIssue]


def summed(counts: dict[str, int | None], beside: Mapping[str, tuple[str, ...]]) -> None:
    """Adds to each total the counts that the provider gives beside it; a total of nothing stays unknown."""
    for total, parts in beside.items():
        known = [count for name in (total, *parts) if (count := counts.get(name)) is not None]
        if known and all(type(count) is int and count >= 0 for count in known):
            counts[total] = sum(known)
        for name in parts:
            if name not in COUNTS:  # a name of the provider's own, of use only in the sum
                counts.pop(name, None)


def reasoned(counts: dict[str, int | None], total: Any) -> None:
    """Adds reasoning to an output count that is without it, as xAI's is: then only all three make the `total`."""
    said: list[Any] = [counts.get(name) for name in ("input_tokens", "output_tokens", "reasoning_tokens")]
    if said[2] and all(type(count) is int for count in said) and sum(said) == total:
        counts["output_tokens"] = said[1] + said[2]


def reasoned_apart(stated: Any, counts: dict[str, int | None]) -> None:
    """Reads reasoning that no total includes; where it does not fit into the output read before, it is beside that."""
    output = counts.get("output_tokens")
    if type(stated) is int:
        counts["reasoning_tokens"] = stated
        if type(output) is int and stated > output:
            counts["output_tokens"] = output + stated


def included(counts: dict[str, int | None]) -> None:
    """Adds cached and cache-written tokens to an input count that excludes them (conventions, Anthropic page)."""
    total = counts.get("input_tokens")
    if type(total) is int:
        for part in ("cache_read_tokens", "cache_write_tokens"):
            if part in counts:
                count = counts[part]
                # What is no count is left to be refused by itself.
                if type(count) is int and count > 0:
                    total += count
        counts["input_tokens"] = total
