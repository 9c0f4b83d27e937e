"""Reports: the spans that a framework makes of its calls by itself, in traces of its own.

Nothing in two traces says that they are of one call. So such a span says that the call is counted beneath it, and the
store leaves it out. The framework has an id of each call, in a context variable while the request is made.
"""

from __future__ import annotations

import sys
from functools import wraps
from typing import TYPE_CHECKING, Any

from submeter import semconv
from submeter.core import patch
from submeter.core.guard import attempt
from submeter.core.loading import is_loaded
from submeter.core.parents import parents
from submeter.shapes.arguments import Arguments
from submeter.value import value

if TYPE_CHECKING:
    from collections.abc import Callable

_KEPT = 10_000
"""Calls of which no report has come yet; without a limit they would pile up where nothing is reported."""


@value
class Reports:
    """The reports of a framework.

    Args:
        call: "module:name" of the context variable that has the id of the call at hand, if one is.
        ends: "module:function" that ends the span of a call; it takes the event with the `call_id` and a dictionary of
            attributes for the span, at `event` and `attributes`.
    """

    call: str
    ends: str

    def sources(self) -> tuple[str, ...]:
        """The names it needs of the framework."""
        return self.call, self.ends

    def install(self, package: str) -> None:
        """Patches what is imported of the framework; one that makes no spans has nothing to patch."""
        (module, _, name), ending = self.call.partition(":"), self.ends.partition(":")[0]
        variable = getattr(sys.modules.get(module), name, None)
        if variable is None or not is_loaded(ending):
            return
        counted: dict[str, None] = {}
        patch.patch(package, self.ends, lambda original: _ending(original, counted))
        parents[package] = lambda: _note(counted, variable.get())


def _note(counted: dict[str, None], call_id: str | None) -> None:
    """Notes that the call at hand is counted; its span is in another trace and no parent of ours."""
    if call_id is not None:
        counted[call_id] = None
        if len(counted) > _KEPT:
            counted.pop(next(iter(counted)), None)


def _ending(original: Callable[..., Any], counted: dict[str, None]) -> Callable[..., Any]:
    arguments = Arguments(original)

    def tell(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        given = arguments.named(args, kwargs)
        call_id: Any = getattr(given["event"], "call_id", None)
        if call_id in counted:
            del counted[call_id]
            given["attributes"][semconv.COUNTED_BENEATH] = True

    @wraps(original)
    def end(*args: Any, **kwargs: Any) -> Any:
        attempt(tell, args, kwargs)
        return original(*args, **kwargs)

    return end
