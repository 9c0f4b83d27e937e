"""Trials: what a set of rules says to given calls, before it is put in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from submeter.evaluator.evaluator import Evaluator
from submeter.evaluator.state import SERVER_BOUNDS
from submeter.evaluator.trialmodels import FIRST, NS, Expected, TrialCase
from submeter.value import value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from submeter.evaluator.events import WarningEvent
    from submeter.evaluator.rules import Rule
    from submeter.record import CallRecord


@value(kw_only=False)
class Outcome:
    """How a test of a rules file went: `missing` warnings did not come, `unexpected` ones did."""

    name: str
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]

    @property
    def is_passed(self) -> bool:
        """Whether exactly the expected warnings came."""
        return not self.missing and not self.unexpected


def replayed(rules: Sequence[Rule], records: Iterable[CallRecord]) -> list[WarningEvent]:
    """Every warning that the rules give for these calls, in order."""
    evaluator = Evaluator(rules, bounds=SERVER_BOUNDS)
    return [event for record in records for event in evaluator.observe(record)]


def tried(rules: Sequence[Rule], cases: Iterable[TrialCase]) -> list[Outcome]:
    """How the tests of a rules file go, each on a fresh state."""
    return [_outcome(rules, case) for case in cases]


def _outcome(rules: Sequence[Rule], case: TrialCase) -> Outcome:
    records: list[CallRecord] = []
    begin_ns = int(FIRST.timestamp()) * NS
    for call in case.calls:
        records += call.records(begin_ns)
        begin_ns = records[-1].ended_ns + NS
    left = replayed(rules, records)
    missing: list[str] = []
    for expected in case.expect:
        found = next((event for event in left if _matches(event, expected)), None)
        if found is None:
            missing.append(_text(expected))
        else:
            left.remove(found)
    return Outcome(
        case.name, tuple(missing), tuple(f"{event.rule} {event.threshold:g}: {event.message}" for event in left)
    )


def _matches(event: WarningEvent, expected: Expected) -> bool:
    return all(getattr(event, field) == value for field, value in expected.model_dump(exclude_none=True).items())


def _text(expected: Expected) -> str:
    return ", ".join(f"{field} {value}" for field, value in expected.model_dump(exclude_none=True).items())
