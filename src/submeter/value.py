"""Value: what a call makes one of, a record or a usage, as a class that type checkers hold to be frozen.

A frozen dataclass sets each of its fields by a call of `object.__setattr__`, which for a record of forty fields is a
tenth of what metering a call costs. Here assignment is refused where code is checked, and costs nothing where it runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

_Class = TypeVar("_Class")


@dataclass_transform(kw_only_default=True, frozen_default=True)
def value(cls: type[_Class]) -> type[_Class]:
    """A dataclass with slots whose fields are given by name and never set again."""
    return dataclass(slots=True, kw_only=True, unsafe_hash=True)(cls)
