"""Functions: every function of the host half, and a way to break one of them wherever it is already imported."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
import warnings
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, cast

import submeter

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from types import CodeType

PARTS = (
    "catalog",
    "context",
    "core",
    "distro",
    "evaluator",
    "instrumentation",
    "limits",
    "pricing",
    "record",
    "settings",
    "shapes",
    "usage",
)

ROOT = Path(submeter.__file__).parent


class BrokenError(Exception):
    """What a broken function raises."""


def modules() -> list[ModuleType]:
    """Every module of the host half, and those of the evaluator that an application loads."""
    importlib.import_module("submeter.distro.configure")
    found: list[ModuleType] = []
    for part in PARTS:
        module = importlib.import_module(f"submeter.{part}")
        found.append(module)
        for inner in pkgutil.iter_modules(getattr(module, "__path__", ())):
            name = f"{module.__name__}.{inner.name}"
            if part != "evaluator" or name in sys.modules:
                found.append(importlib.import_module(name))
    return found


def functions() -> dict[str, FunctionType]:
    """Every function and method of the host half that is written out, by name."""
    found: dict[str, FunctionType] = {}
    for module in modules():
        for function in _of(module):
            name = f"{module.__name__.removeprefix('submeter.')}:{function.__qualname__}"
            found[name] = function
    return dict(sorted(found.items()))


def _of(module: ModuleType) -> Iterator[FunctionType]:
    for value in vars(module).values():
        if isinstance(value, FunctionType):
            yield from _own(value, module)
        elif inspect.isclass(value) and value.__module__ == module.__name__:
            for member in vars(value).values():
                yield from _own(_bare(member), module)


def _bare(member: Any) -> Any:
    if isinstance(member, property):
        return member.fget
    return getattr(member, "__func__", member)


def _own(value: Any, module: ModuleType) -> Iterator[FunctionType]:
    # What a dataclass or a decorator generates has no line of ours to fail.
    if isinstance(value, FunctionType) and Path(value.__code__.co_filename) == Path(str(module.__file__)):
        yield value


def _breaks(*args: Any, **kwargs: Any) -> Any:
    return __broken__(*args, **kwargs)  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore[reportUndefinedVariable, reportUnknownVariableType]


@contextmanager
def broken(function: FunctionType, *, after: bool) -> Generator[list[str]]:
    """Has `function` raise, at once or `after` it did its work; gives a list with an entry a failure."""
    code = function.__code__
    original: Callable[..., Any] = FunctionType(
        code, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    original.__kwdefaults__ = cast("Any", function.__kwdefaults__)
    raised: list[str] = []

    def fail(*args: Any, **kwargs: Any) -> Any:
        if after:
            original(*args, **kwargs)
        raised.append(function.__qualname__)
        raise BrokenError(function.__qualname__)

    function.__globals__["__broken__"] = fail
    _become(function, _breaks.__code__.replace(co_freevars=code.co_freevars))
    try:
        yield raised
    finally:
        _become(function, code)
        del function.__globals__["__broken__"]


def _become(function: FunctionType, code: CodeType) -> None:
    with warnings.catch_warnings():
        # A generator that raises when it is called is no generator, and Python 3.13 warns of such a change.
        warnings.filterwarnings("ignore", "Assigning a code object of non-matching type", DeprecationWarning)
        function.__code__ = code
