"""Warnings: rules over calls and metric points, as pure functions of a state and a measurement.

Runs inside applications and in servers alike: nothing here but `rulefile` needs more than the standard
library.
"""

from __future__ import annotations

from submeter.evaluator.evaluator import Evaluator
from submeter.evaluator.events import WarningEvent, from_attributes
from submeter.evaluator.rules import DEFAULT_RULES, Rule
from submeter.evaluator.state import SERVER_BOUNDS, Bounds

__all__ = [
    "DEFAULT_RULES",
    "SERVER_BOUNDS",
    "Bounds",
    "Evaluator",
    "Rule",
    "WarningEvent",
    "from_attributes",
]
