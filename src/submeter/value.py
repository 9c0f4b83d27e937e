"""Value: what is made and never changed, a record, a usage, a rule, as a class that type checkers hold to be frozen.

A frozen dataclass sets each of its fields by a call of `object.__setattr__`, which for a record of forty fields is a
tenth of what metering a call costs. It also takes a quarter of a millisecond and more to make, and the thirty of them
that an application needs were a third of what it waited for at its start. Here a class is made in a twentieth of that:
its `__init__` is compiled for the fifth instance, which many classes never have, and what `dataclasses.asdict` and its
like want to know is worked out when one of them asks. Assignment is refused where code is checked, and costs nothing
where it runs.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, dataclass
from types import MethodType
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform, overload

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_Class = TypeVar("_Class")
_FIELD: Any = Field  # whose parameter no type checker knows here


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
        return _slotted(cls, {"__eq__": __eq__, "__hash__": __hash__, "__repr__": __repr__}, kw_only=kw_only)

    return made if cls is None else made(cls)


@dataclass_transform()
def state(cls: type[_Class]) -> type[_Class]:
    """The same for what changes while it lives, a tally, a filling: its fields may be set, and it has no hash."""
    return _slotted(cls, {"__eq__": __eq__, "__hash__": None, "__repr__": __repr__}, kw_only=False)


def replace(held: _Class, /, **changes: Any) -> _Class:
    """The same value with other fields; `dataclasses.replace` for classes made here, without what that one sets up."""
    kept = {name: getattr(held, name) for name, said in _given_of(held).items() if _is_taken(said)}
    return held.__class__(**{**kept, **changes})


def _slotted(cls: type[_Class], shared: Mapping[str, Any], *, kw_only: bool) -> type[_Class]:
    plain = vars(cls)
    names = tuple(plain.get("__annotations__", ()))
    given = {**getattr(cls, "_given", {}), **{name: plain.get(name, MISSING) for name in names}}
    parts: dict[str, Any] = {**shared, **plain, "__slots__": names, "_given": given}
    for name in ("__dict__", "__weakref__", *names):
        parts.pop(name, None)
    parts["__init__"] = _Init(given, kw_only=kw_only)
    parts["__dataclass_fields__"] = _Fields(cls, kw_only=kw_only)
    return type(cls)(cls.__name__, cls.__bases__, parts)


def _given_of(held: Any) -> dict[str, Any]:
    """Its fields in order, each with its default, with what `dataclasses.field` said of it, or `MISSING`."""
    return held._given  # noqa: SLF001  (put there by `_slotted`)


def _is_taken(said: Any) -> bool:
    return not isinstance(said, _FIELD) or said.init


class _Fields:
    """What the standard library's functions look for in a dataclass, worked out when one of them looks."""

    __slots__ = ("_home", "_kw_only", "_plain")

    def __init__(self, plain: type[Any], *, kw_only: bool) -> None:
        self._plain = plain
        self._kw_only = kw_only

    def __set_name__(self, owner: type[Any], _name: str) -> None:
        self._home: Any = owner

    def __get__(self, instance: object, owner: type[Any]) -> Any:
        made: Any = dataclass(init=False, repr=False, eq=False, kw_only=self._kw_only)(self._plain)
        self._home.__dataclass_params__ = made.__dataclass_params__
        self._home.__dataclass_fields__ = made.__dataclass_fields__
        return made.__dataclass_fields__


_FEW = 4
"""Instances of a class that are filled field by field: what a program makes no more of, at its start say, is not worth
compiling, which takes as long as filling thirty."""


class _Init:
    """The `__init__` of a class: fills the first few instances field by field, and then gives way to a compiled one."""

    __slots__ = ("_factories", "_given", "_home", "_kw_only", "_left", "_names", "_offered", "_wanted")

    def __init__(self, given: Mapping[str, Any], *, kw_only: bool) -> None:
        self._given = given
        self._kw_only = kw_only
        self._left = _FEW  # threads that meet here may make it a few more or fewer

    def __set_name__(self, owner: type[Any], _name: str) -> None:
        self._home: Any = owner

    def __get__(self, instance: object, owner: type[Any]) -> Any:
        # Python 3.13's `inspect.signature` asks with the class itself in the instance's place.
        if self._left > 0 and isinstance(instance, self._home):
            if self._left == _FEW:
                self._prepare()
            self._left -= 1
            return MethodType(self._fill, instance)
        init = self._home.__init__ = _init(self._home, self._given, kw_only=self._kw_only)
        return init if instance is None else MethodType(init, instance)

    def _prepare(self) -> None:
        offered, factories = dict[str, Any](), dict[str, Any]()
        for name, said in self._given.items():
            is_field = isinstance(said, _FIELD)
            if is_field and said.default_factory is not MISSING:
                factories[name] = said.default_factory
            elif (said.default if is_field else said) is not MISSING:
                offered[name] = said.default if is_field else said
        self._names = {name: None for name, said in self._given.items() if _is_taken(said)}
        self._wanted = {**self._names, **offered, **factories}.keys()
        self._offered, self._factories = offered, factories

    def _fill(self, instance: Any, /, *args: Any, **told: Any) -> None:
        stated = dict(zip(() if self._kw_only else self._names, args, strict=False))
        values = {**self._offered, **stated, **told}
        for name, make in self._factories.items():
            if name not in values:
                values[name] = make()
        is_right = len(stated) == len(args) and stated.keys().isdisjoint(told) and told.keys() <= self._names.keys()
        if not is_right or values.keys() != self._wanted:
            self._home.__init__(instance, *args, **told)  # the compiled one says what is wrong
            return
        for name, value in values.items():
            setattr(instance, name, value)
        if hasattr(instance, "__post_init__"):
            instance.__post_init__()


def _init(own: type[Any], given: Mapping[str, Any], *, kw_only: bool) -> Any:
    """The `__init__` that takes the fields in their order and calls `__post_init__` where there is one."""
    known: dict[str, Any] = {"_none": MISSING}
    taken, lines = ["self", "*"] if kw_only else ["self"], list[str]()
    for name, said in given.items():
        default, factory = (said.default, said.default_factory) if isinstance(said, _FIELD) else (said, MISSING)
        source, offered = name, "" if default is MISSING else f"=_{name}"
        if factory is not MISSING:
            source, offered = f"_{name}() if {name} is _none else {name}", "=_none"
        if _is_taken(said):
            taken.append(name + offered)
        elif offered:
            source = f"_{name}" if factory is MISSING else f"_{name}()"
        else:  # left to `__post_init__`
            continue
        known[f"_{name}"] = default if factory is MISSING else factory
        lines.append(f"self.{name} = {source}")
    if hasattr(own, "__post_init__"):
        lines.append("self.__post_init__()")
    body = "\n    ".join(lines) or "pass"
    exec(f"def __init__({', '.join(taken)}):\n    {body}", known)  # noqa: S102  (of the names of fields, as `dataclasses` does)
    init = known["__init__"]
    init.__qualname__ = f"{own.__qualname__}.__init__"
    return init


def _compared(self: Any) -> tuple[Any, ...]:
    given = _given_of(self)
    return tuple([getattr(self, name) for name in given if not isinstance(given[name], _FIELD) or given[name].compare])


def __eq__(self: Any, other: object) -> bool:  # noqa: N807  (the method of every class made here)
    return _compared(self) == _compared(other) if other.__class__ is self.__class__ else NotImplemented


def __hash__(self: Any) -> int:  # noqa: N807  (the method of every class made here)
    return hash(_compared(self))


def __repr__(self: Any) -> str:  # noqa: N807  (the method of every class made here)
    given = _given_of(self)
    shown = [name for name in given if not isinstance(given[name], _FIELD) or given[name].repr]
    told = ", ".join([f"{name}={getattr(self, name)!r}" for name in shown])
    return f"{self.__class__.__qualname__}({told})"
