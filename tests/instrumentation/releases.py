"""Releases: the same tests for older releases of the SDKs, less what those have not got.

`SUBMETER_TEST_OLD_SDKS=1` says that the SDKs are old (`make sdk-releases`); without it nothing is ever skipped.
"""

from __future__ import annotations

from typing import Any, cast

import pytest

from submeter import settings

ARE_OLD = settings.flag("SUBMETER_TEST_OLD_SDKS")

# Between two releases an argument is there and deprecated at once, which our tests treat as an error.
_LACKING = ("builtins.AttributeError", "builtins.TypeError", "builtins.DeprecationWarning")


def skip_what_is_lacking(last: object) -> None:
    """Skips a shape that ended with this, where an old SDK has no such method or argument."""
    told: Any = cast("Any", last)[-1] if isinstance(last, tuple) and last else None
    if ARE_OLD and getattr(told, "kind", "") in _LACKING:
        pytest.skip(f"this release has none: {told}")


def skip_error(error: Exception) -> None:
    """Skips a test that failed with this, where an old SDK has no such method, argument or module."""
    if ARE_OLD and isinstance(error, AttributeError | TypeError | ImportError):
        pytest.skip(f"this release has none: {error}")
