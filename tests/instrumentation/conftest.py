"""Has the tests of this folder skip what an old release of an SDK has not got."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from instrumentation import releases

if TYPE_CHECKING:
    from collections.abc import Generator


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Runs a test."""
    del pyfuncitem
    try:
        return (yield)
    except Exception as error:
        releases.skip_error(error)
        raise
