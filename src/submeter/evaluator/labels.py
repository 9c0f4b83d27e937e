"""Labels: whose calls a rule counts, and of which calls it counts, read from calls and from metric points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from submeter import semconv

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from submeter.record import CallRecord

    Reader = Callable[[CallRecord], str]
    AttributeReader = Callable[[Mapping[str, object]], str]

EVERYTHING: Final = "all"
"""Kind and name of the subject of a rule that is counted per nothing."""

_LABELS: Final[Mapping[str, tuple[Reader, tuple[str, ...]]]] = {
    "user": (lambda record: record.user_id, (semconv.USER_ID,)),
    "session": (
        lambda record: record.session_id or record.conversation_id,
        (semconv.SESSION_ID, semconv.CONVERSATION_ID),
    ),
    "operation": (lambda record: record.operation, (semconv.OPERATION,)),
    "step": (lambda record: record.step, (semconv.STEP,)),
    "service": (lambda record: record.service, (semconv.SERVICE_NAME,)),
    "provider": (lambda record: record.provider, (semconv.PROVIDER,)),
    "model": (
        lambda record: record.response_model or record.request_model,
        (semconv.RESPONSE_MODEL, semconv.REQUEST_MODEL),
    ),
    "agent": (lambda record: record.agent, (semconv.AGENT_NAME,)),
    "kind": (lambda record: record.kind, (semconv.KIND,)),
}

TAG: Final = "tag."

LABELS: Final = (*_LABELS, f"{TAG}<name>")
"""Everything a limit can be counted per, or be restricted to."""


def known_labels(labels: Sequence[str], *, rule: str) -> None:
    """Checks the names of labels.

    Raises:
        ValueError: one is unknown, or there twice; the message names the rule and the labels there are.
    """
    for label in labels:
        if label not in _LABELS and not (label.startswith(TAG) and len(label) > len(TAG)):
            raise ValueError(f"rule {rule!r}: unknown label {label!r}, there are {', '.join(LABELS)}")
        if labels.count(label) > 1:
            raise ValueError(f"rule {rule!r}: label {label!r} is named twice")


def label_reader(label: str) -> Reader:
    """A function that reads `label` from a call; empty when the call has none."""
    if label.startswith(TAG):
        name = label.removeprefix(TAG)
        return lambda record: record.tags.get(name, "")
    return _LABELS[label][0]


def attribute_names(label: str) -> tuple[str, ...]:
    """The attributes of a metric point that tell `label`, the best first."""
    return (semconv.TAG_PREFIX + label.removeprefix(TAG),) if label.startswith(TAG) else _LABELS[label][1]


def attribute_reader(label: str) -> AttributeReader:
    """A function that reads `label` from a metric point's attributes; empty when there is none."""
    names = attribute_names(label)

    def read(attributes: Mapping[str, object]) -> str:
        for name in names:
            value = attributes.get(name)
            if value:
                return value if type(value) is str else str(value)
        return ""

    return read


class Selection:
    """Which calls a rule counts (`where`) and for whom (`per`), with the functions that read it made ready."""

    __slots__ = ("_filter_labels", "_filters", "_only", "_readers", "kind", "per", "text")

    def __init__(self, per: Sequence[str], where: Mapping[str, Sequence[str]]) -> None:
        self.per = tuple(per)
        self.kind = "+".join(per) or EVERYTHING
        chosen = ";".join(f"{label}={'|'.join(values)}" for label, values in sorted(where.items()))
        self.text = f"{self.kind}/{chosen}"
        self._readers = [(label_reader(label), attribute_reader(label)) for label in per]
        names = attribute_names(self.per[0]) if len(self.per) == 1 else ()
        self._only = names[0] if len(names) == 1 else ""
        self._filter_labels = tuple(where)
        self._filters = [
            (label_reader(label), attribute_reader(label), frozenset(values)) for label, values in where.items()
        ]

    def of_record(self, record: CallRecord) -> str:
        """The call's subject; empty when the call is not counted."""
        for read, _, values in self._filters:
            if read(record) not in values:
                return ""
        return self._joined([read(record) for read, _ in self._readers])

    def of_attributes(self, attributes: Mapping[str, object]) -> str:
        """The subject of a metric point with these attributes; empty when the point is not counted."""
        for _, read, values in self._filters:
            if read(attributes) not in values:
                return ""
        if self._only:
            value = attributes.get(self._only)
            return (value if type(value) is str else str(value)) if value else ""
        if len(self._readers) == 1:
            return self._readers[0][1](attributes)
        return self._joined([read(attributes) for _, read in self._readers])

    def of_values(self, values: Mapping[str, str]) -> str:
        """The subject named by label, as in `{"user": "u-7"}`; empty when a label is missing or filtered out."""
        for label, (_, _, allowed) in zip(self._filter_labels, self._filters, strict=True):
            if values.get(label, "") not in allowed:
                return ""
        return self._joined([values.get(label, "") for label in self.per])

    def joined(self, values: Sequence[str]) -> str:
        """The subject whose labels, in the order of `per`, have these values; empty when one is missing."""
        return self._joined(list(values))

    def _joined(self, values: list[str]) -> str:
        if not values:
            return EVERYTHING
        if len(values) == 1:
            return values[0]
        if not all(values):
            return ""
        return ",".join(f"{label}={_escaped(value)}" for label, value in zip(self.per, values, strict=True))


def spoken(kind: str, subject: str) -> str:
    """The subject at the beginning of a sentence."""
    if kind == EVERYTHING:
        return "All calls together"
    if "+" in kind:
        text = subject.replace(",", ", ").replace("=", " ")
        text = text.replace("%2C", ",").replace("%3D", "=").replace("%25", "%")
        return text[:1].upper() + text[1:]
    return f"{kind.removeprefix(TAG).capitalize()} {subject}"


def _escaped(value: str) -> str:
    return value.replace("%", "%25").replace(",", "%2C").replace("=", "%3D")
