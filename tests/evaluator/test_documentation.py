"""What docs/warnings.md shows works, and it names every type, label, measure and variable."""

from __future__ import annotations

import re
from pathlib import Path

from submeter.evaluator import DEFAULT_RULES
from submeter.evaluator.events import TYPES
from submeter.evaluator.labels import LABELS
from submeter.evaluator.measures import MEASURES
from submeter.evaluator.per_call import READINGS
from submeter.evaluator.rulefile import parsed, rules_of
from submeter.evaluator.trial import tried

TEXT = (Path(__file__).parents[2] / "docs" / "warnings.md").read_text(encoding="utf-8")


def test_the_examples_are_right_rules_files_whose_tests_pass() -> None:
    examples = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    outcomes = [outcome for example in examples for outcome in tried(rules_of(example), parsed(example).tests)]

    assert outcomes
    assert all(outcome.is_passed for outcome in outcomes), outcomes


def test_everything_that_can_be_written_or_read_is_named() -> None:
    names = [*TYPES, *LABELS, *MEASURES, *READINGS, *(rule.name for rule in DEFAULT_RULES)]

    assert [name for name in names if f"`{name}`" not in TEXT] == []
