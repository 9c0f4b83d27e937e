"""Value: what is made and never changed, a record, a usage, a rule, as a class that type checkers hold to be frozen.

A frozen dataclass sets each of its fields by a call of `object.__setattr__`, which for a record of forty fields is a
tenth of what metering a call costs. It also has six methods compiled for it when its module is imported, and the thirty
of them that an application needs were half of what it waited for at its start. Here one is compiled, the others are
shared; assignment is refused where code is checked, and costs nothing where it runs.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform, overload

if TYPE_CHECKING:
    from collections.abc import Callable

_Class = TypeVar("_Class")


@overload
def value(cls: type[_Class], /) -> type[_Class]: ...
@overload
def value(*, kw_only: bool) -> Callable[[type[_Class]], type[_Class]]: ...
@dataclass_transform(kw_only_default=True, frozen_default=True)
def value(cls: type[_Class] | None = None, /, *, kw_only: bool = True) -> Any:
    """A dataclass with slots whose fields are never set again, equal to another when all its fields are.

    Args:
        cls: the class, where the decorator stands alone.
        kw_only: whether fields are given by name only.
    """

    def made(cls: type[_Class]) -> type[_Class]:
        own = dataclass(slots=True, kw_only=kw_only, repr=False, eq=False)(cls)
        for method in (__eq__, __hash__, __repr__):
            if method.__name__ not in cls.__dict__:
                setattr(own, method.__name__, method)
        return own

    return made if cls is None else made(cls)


def _compared(self: Any) -> tuple[Any, ...]:
    return tuple(getattr(self, field.name) for field in fields(self) if field.compare)


def __eq__(self: Any, other: object) -> bool:  # noqa: N807  (the method of every class made here)
    return _compared(self) == _compared(other) if other.__class__ is self.__class__ else NotImplemented


def __hash__(self: Any) -> int:  # noqa: N807  (the method of every class made here)
    return hash(_compared(self))


def __repr__(self: Any) -> str:  # noqa: N807  (the method of every class made here)
    told = (f"{field.name}={getattr(self, field.name)!r}" for field in fields(self) if field.repr)
    return f"{self.__class__.__qualname__}({', '.join(told)})"
