"""The one guard: our code runs inside `attempt`, so that a bug of ours never becomes the host's.

A failure is logged once per kind with the way to report it, and costs that call's numbers. Under
`SUBMETER_STRICT` it is raised instead, so that tests see it. This is the only broad `except` in submeter.
"""

from __future__ import annotations

from submeter import settings

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` costs 3 ms at interpreter start
    from collections.abc import Callable
    from typing import Any

is_strict: bool = settings.is_under_test()
"""Whether failures are raised instead of logged; tests of the guard itself change it."""

_seen: set[tuple[str, str]] = set()
failures: int = 0
"""How many failures of ours were swallowed in this process, shown by `submeter doctor`."""


def attempt(function: Callable[..., Any], *args: Any, default: Any = None) -> Any:
    """What `function(*args)` returns, or `default` when it fails."""
    try:
        return function(*args)
    except Exception as error:
        if is_strict or getattr(error, "passes_guard", False):
            raise
        try:
            _report(function, error)
        except Exception:  # noqa: BLE001  (a log handler of the host's that raises must not do so from here)
            return default
        return default


def deliberately(function: Callable[..., Any], *args: Any) -> Any:
    """What the host's own `function(*args)` returns; what it raises is the host's and passes every `attempt`."""
    try:
        return function(*args)
    except Exception as error:
        error.passes_guard = True  # pyright: ignore[reportAttributeAccessIssue]
        raise


def _report(function: Callable[..., object], error: Exception) -> None:
    global failures  # noqa: PLW0603  (one number for the process)
    failures += 1
    kind = (getattr(function, "__qualname__", repr(function)), type(error).__name__)
    if kind in _seen:
        return
    _seen.add(kind)
    import logging  # noqa: PLC0415  (only a failure needs it)

    logging.getLogger("submeter").warning(
        "submeter failed in %s and lost this call's numbers; your call is not affected. "
        "Logged once per kind. Please report it with this trace:",
        kind[0],
        exc_info=error,
    )
