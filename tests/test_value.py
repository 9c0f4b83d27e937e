"""Classes of values: their first instances, filled field by field, are like the later ones."""

from __future__ import annotations

import inspect
from dataclasses import asdict, field, fields
from typing import Any

import pytest

from submeter.value import replace, state, value


def classes() -> tuple[Any, Any]:
    """A class of each kind, with no instance yet."""

    @value(kw_only=False)
    class Price:
        usd: float
        parts: dict[str, float] = field(default_factory=dict[str, float])
        unit: str = "token"
        doubled: float = field(init=False, repr=False)
        mark: str = field(init=False, default="m")

        def __post_init__(self) -> None:
            object.__setattr__(self, "doubled", 2 * self.usd)

    @state
    class Tally:
        calls: int = 0
        names: list[str] = field(default_factory=list[str])

    @state
    class Named(Tally):
        name: str = ""

    return Price, Named


def compiled(*kinds: Any) -> None:
    """As after many instances."""
    for kind in kinds:
        assert inspect.isfunction(kind.__init__)


WRONG: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
    ((), {}, "missing 1 required"),
    ((1.0,), {"usd": 2.0}, "multiple values"),
    ((1.0, {}, "token", 2.0), {}, "positional arguments"),
    ((1.0,), {"doubled": 2.0}, "unexpected keyword"),
    ((1.0,), {"mark": "n"}, "unexpected keyword"),
    ((), {"unit": "page", "usb": 1.0}, "unexpected keyword|missing 1 required"),
]


@pytest.mark.parametrize("many", [1, 1_000])
def test_every_instance_is_made_alike(many: int) -> None:
    price, named = classes()
    counted = named()
    for _ in range(many):
        cheap = price(1.5, unit="page")
        counted = named(3, name="n")
        assert (cheap.usd, cheap.parts, cheap.unit, cheap.doubled, cheap.mark) == (1.5, {}, "page", 3.0, "m")
        assert (counted.calls, counted.names, counted.name) == (3, [], "n")
        assert price(1.5).parts is not price(1.5).parts
        assert cheap == price(usd=1.5, unit="page") != price(1.5)
        assert replace(cheap, usd=2.0).doubled == 4.0
    assert [each.name for each in fields(price)] == ["usd", "parts", "unit", "doubled", "mark"]
    assert asdict(counted) == {"calls": 3, "names": [], "name": "n"}
    assert list(inspect.signature(named).parameters) == ["calls", "names", "name"]


@pytest.mark.parametrize("is_compiled", [False, True])
@pytest.mark.parametrize(("args", "told", "says"), WRONG)
def test_what_is_wrong_is_said_alike(args: tuple[Any, ...], told: dict[str, Any], says: str, is_compiled: bool) -> None:
    price, named = classes()
    if is_compiled:
        compiled(price, named)
    with pytest.raises(TypeError, match=says):
        price(*args, **told)
    assert price(1.0).doubled == 2.0


def test_by_name_only_is_by_name_only_from_the_first_instance() -> None:
    @value
    class Row:
        name: str = ""

    with pytest.raises(TypeError, match="positional"):
        Row("a")  # pyright: ignore[reportCallIssue]
    assert Row(name="a").name == "a"
